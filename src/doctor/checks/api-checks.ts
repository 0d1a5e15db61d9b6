/** What one of the two group APIs is like, as far as reading shows. Undefined: there is nothing to say. */
import type { Stop, StopReason } from '../../model/stop.js';
import type { GroupsApi } from '../../resources/groups/api/groups-api.js';
import type { GROUPS_APIS } from '../../resources/groups/api/groups-apis.js';
import { formatCount } from '../../text/format.js';
import type { GroupsObservation } from '../observe/observations.js';
import { describeStatus, mayWorkLater } from '../observe/requests.js';
import { type Finding, fail, ok, unknown, warn } from './finding.js';

/** What a stop means for one API; others are about the token or the network, and have checks of their own. */
const API_STOPS: Readonly<Partial<Record<StopReason, string>>> = {
  'api-gone': 'are retired on this account',
  'scope-missing': 'cannot be listed: the app lacks a scope',
  'paid-plan': 'need a paid plan',
  permission: 'cannot be listed: access was denied',
  'wrong-base-url': 'are not found at this address',
  method: 'are not found at this address',
  redirect: 'are not found at this address',
  'daily-limit': 'cannot be listed: the daily limit is used up',
};

export function checkAlive({ api, list, groups, isWhole }: GroupsObservation): Finding {
  const { noun } = api;
  const answer = { status: describeStatus(list) };
  if (list.type === 'success') {
    return ok(`${noun} work: ${isWhole ? '' : 'at least '}${formatCount(groups.length, 'group')}`, {
      answer: { ...answer, groups: groups.length },
    });
  }
  const { stop } = list;
  const later = mayWorkLater(list) ? ({ later: true } as const) : {};
  const rest = { answer, words: list.message, ...later };
  const found = stop && API_STOPS[stop.reason];
  if (stop && found) {
    const todo = formatTodo(stop, api);
    return fail(`${noun} ${found} (${describeStatus(list)})`, todo, rest);
  }
  if (list.type === 'not-sent') return unknown(`${noun} were not asked for`, '', rest);
  const todo = mayWorkLater(list) ? 'Try again later.' : 'Send in what doctor --json prints.';
  const isCut = list.httpStatus === 200;
  const problem = isCut ? 'come in a list that is cut short, or is no JSON' : 'cannot be listed';
  return fail(`${noun} ${problem} (${describeStatus(list)})`, todo, rest);
}

function formatTodo(stop: Stop, { name, scopes }: GroupsApi): string {
  if (stop.reason === 'scope-missing') return `Add to the app, under Scopes: ${scopes.read.join(' or ')}.`;
  if (stop.reason === 'api-gone' && name === 'im') return 'Use contact groups: --api contacts.';
  return stop.hint;
}

/** The documented fields of a list's elements. */
const LIST_FIELDS: Readonly<Record<keyof typeof GROUPS_APIS, readonly string[]>> = {
  im: ['id', 'name', 'type', 'search_by_domain', 'search_by_account', 'search_by_ma_account'],
  contacts: ['group_id', 'group_name', 'group_privacy'],
};

export function checkListing({
  api,
  list,
  elements,
  pages,
  isWhole,
  groups,
}: GroupsObservation): Finding | undefined {
  if (list.type !== 'success') return undefined;
  const { body } = list;
  const [first] = elements;
  const answer = {
    fields: Object.keys(first ?? {})
      .sort()
      .join(', '),
    pages,
    total_records: typeof body.total_records === 'number',
    page_token: 'next_page_token' in body,
  };
  if (!list.complete || !Array.isArray(body[api.listField])) {
    return fail('the list comes cut short, or is no list', 'Try again; if it stays so, ask Zoom support.', {
      answer,
      later: true,
    });
  }
  if (!isWhole) {
    return warn(`the list was read as far as page ${pages}`, 'Nothing, if the account has many groups.', {
      answer,
    });
  }
  if (!first) return unknown('there is no group yet, so nothing shows the fields of a list', '', { answer });
  const missing = LIST_FIELDS[api.name].filter((field) => !(field in first));
  const unreadable = pages === 1 ? elements.length - groups.length : 0;
  if (unreadable > 0) {
    return warn(`${formatCount(unreadable, 'group')} of the list cannot be read`, SEND_IN, { answer });
  }
  if (missing.length > 0) return warn(`a list has no ${missing.join(', ')}`, SEND_IN, { answer });
  return ok(`${formatCount(pages, 'page')}, with every documented field`, { answer });
}

export const SEND_IN = 'Please send in what doctor --json prints.';

/** The form of an id without its characters. */
function formOf(id: string): string {
  const [, prefix = '', rest = ''] = /^([a-z]{1,4}\.)?(.*)$/.exec(id) ?? [];
  return `${prefix}${rest.length}${/^[\w-]*$/.test(rest) ? '' : ' with other characters'}`;
}

export function checkIdSpelling({ api, one, trials, list }: GroupsObservation): Finding | undefined {
  if (list.type !== 'success') return undefined;
  const created = trials?.created;
  const spelledByList = created?.listed?.id;
  const readId = one?.outcome.body[api.idField];
  const answer = {
    list: one ? formOf(one.listedId) : null,
    get: typeof readId === 'string' ? formOf(readId) : null,
    create: created ? formOf(created.id) : null,
  };
  if (!one) return unknown('there is no group yet, so nothing shows how ids are spelled', '', { answer });
  if (one.outcome.type !== 'success') {
    return warn(`a listed id cannot be read (${describeStatus(one.outcome)})`, SEND_IN, {
      answer,
      words: one.outcome.message,
    });
  }
  const isOther = spelledByList !== undefined && spelledByList !== created?.id;
  if (readId !== one.listedId || isOther) {
    return ok('a list spells ids in another way; GET takes both', { answer });
  }
  return ok('ids are spelled alike, and a listed one can be read', { answer });
}

export function checkTotalMembers({ list, elements, one }: GroupsObservation): Finding | undefined {
  if (list.type !== 'success') return undefined;
  if (!one) return unknown('there is no group yet, so nothing shows its number of members');
  const inList = elements.every((element) => typeof element.total_members === 'number');
  const inGet = typeof one.outcome.body.total_members === 'number';
  const answer = { list: inList, get: inGet };
  if (inGet)
    return ok(`a group states its number of members${inList ? '' : ', but a list does not'}`, { answer });
  if (one.outcome.type !== 'success') return unknown('no group could be read', '', { answer });
  const found = 'a group does not state its number of members';
  return warn(found, 'rollback keeps every group: nothing proves that it is empty.', { answer });
}

export function checkMissingGroup({ missing }: GroupsObservation): Finding | undefined {
  if (!missing) return undefined;
  const status = describeStatus(missing);
  const answer = { status };
  if (missing.type === 'not-found') return ok(`a missing group is ${status}`, { answer });
  if (mayWorkLater(missing)) return unknown(`no answer for a missing group (${status})`, '', { answer });
  return warn(`a missing group is ${status}, which is not expected`, SEND_IN, {
    answer,
    words: missing.message,
  });
}
