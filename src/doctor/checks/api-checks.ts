/** What one of the two group APIs is like, as far as lists, reads and the creates of `--write` show. */
import type { BodyFormat } from '../../model/choices.js';
import type { StopReason } from '../../model/stop.js';
import type { GroupsApi } from '../../resources/groups/api/groups-api.js';
import { formatCount } from '../../text/format.js';
import type { GroupsObservation } from '../observe/observations.js';
import { describeStatus, elementsOf, mayWorkLater } from '../observe/requests.js';
import {
  type Check,
  type Finding,
  fail,
  ok,
  remedyFor,
  SEND_IN,
  unknown,
  unsettled,
  warn,
} from './finding.js';

export const API_CHECKS: readonly Check<GroupsObservation>[] = [
  { id: 'alive', judge: checkAlive },
  {
    id: 'listing',
    judge: checkListing,
    assumes: 'a list of IM groups has no pages; a page token is followed if one comes',
  },
  {
    id: 'id-spelling',
    judge: checkIdSpelling,
    assumes: 'ids are base64url characters, with a prefix such as dir. at most',
  },
  {
    id: 'total-members',
    judge: checkTotalMembers,
    assumes: 'GET one states total_members; a list of contact groups may not',
  },
  {
    id: 'missing-group',
    judge: checkMissingGroup,
    assumes: 'a missing group is 404 with code 4130, a missing contact group 400 with code 300',
  },
  {
    id: 'body',
    judge: checkBody,
    assumes: 'a create of an IM group takes a form or JSON; the first one settles it',
  },
  {
    id: 'empty-group',
    only: 'contacts',
    judge: checkEmptyGroup,
    assumes: 'a contact group may be created without members',
  },
  { id: 'created-id', judge: checkCreatedId },
];

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

function checkAlive({ api, list, groups, isWhole }: GroupsObservation): Finding {
  const { noun } = api;
  const status = describeStatus(list);
  if (list.type === 'success') {
    return ok(`${noun} work: ${isWhole ? '' : 'at least '}${formatCount(groups.length, 'group')}`, {
      answer: { status, groups: groups.length },
    });
  }
  const isLater = mayWorkLater(list);
  const rest = { answer: { status }, words: list.message, ...(isLater ? ({ later: true } as const) : {}) };
  const reason = list.stop?.reason;
  const found = reason && API_STOPS[reason];
  const isReplaced = reason === 'api-gone' && api.name === 'im';
  const todo = isReplaced ? 'Use contact groups: --api contacts.' : remedyFor(list, api.scopes.read);
  if (found) return fail(`${noun} ${found} (${status})`, todo, rest);
  if (list.type === 'not-sent') return unknown(`${noun} were not asked for`, rest);
  const problem =
    list.httpStatus === 200 ? 'come in a list that is cut short, or is no JSON' : 'cannot be listed';
  return fail(`${noun} ${problem} (${status})`, isLater ? 'Try again later.' : todo, rest);
}

/** The documented fields of a list's elements. */
const LIST_FIELDS: Readonly<Record<GroupsApi['name'], readonly string[]>> = {
  im: ['id', 'name', 'type', 'search_by_domain', 'search_by_account', 'search_by_ma_account'],
  contacts: ['group_id', 'group_name', 'group_privacy'],
};

function checkListing({ api, list, pages, isWhole, groups }: GroupsObservation): Finding | undefined {
  if (list.type !== 'success') return undefined;
  const { body } = list;
  const elements = elementsOf(list, api.listField);
  const [first] = elements;
  const fields = Object.keys(first ?? {}).sort();
  const answer = {
    fields: fields.join(', '),
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
  if (!first) return unknown('there is no group yet, so nothing shows the fields of a list', { answer });
  const missing = LIST_FIELDS[api.name].filter((field) => !fields.includes(field));
  const unreadable = pages === 1 ? elements.length - groups.length : 0;
  if (unreadable > 0) {
    return warn(`${formatCount(unreadable, 'group')} of the list cannot be read`, SEND_IN, { answer });
  }
  if (missing.length > 0) return warn(`a list has no ${missing.join(', ')}`, SEND_IN, { answer });
  return ok(`${formatCount(pages, 'page')}, with every documented field`, { answer });
}

/** The form of an id without its characters. */
function formOf(id: unknown): string | null {
  if (typeof id !== 'string') return null;
  const [, prefix = '', rest = ''] = /^([a-z]{1,4}\.)?(.*)$/.exec(id) ?? [];
  return `${prefix}${rest.length}${/^[\w-]*$/.test(rest) ? '' : ' with other characters'}`;
}

function checkIdSpelling({ api, one, created, list }: GroupsObservation): Finding | undefined {
  if (list.type !== 'success') return undefined;
  const readId = one?.outcome.body[api.idField];
  const answer = { list: formOf(one?.listedId), get: formOf(readId), create: formOf(created?.id) };
  if (!one) return unknown('there is no group yet, so nothing shows how ids are spelled', { answer });
  if (one.outcome.type !== 'success') {
    const words = one.outcome.message;
    return warn(`a listed id cannot be read (${describeStatus(one.outcome)})`, SEND_IN, { answer, words });
  }
  const isOther = created?.listed !== undefined && created.listed.found !== created.id;
  if (readId !== one.listedId || isOther) {
    return ok('a list spells ids in another way; GET takes both', { answer });
  }
  return ok('ids are spelled alike, and a listed one can be read', { answer });
}

function checkTotalMembers({ api, list, one }: GroupsObservation): Finding | undefined {
  if (list.type !== 'success') return undefined;
  if (!one) return unknown('there is no group yet, so nothing shows its number of members');
  const inList = elementsOf(list, api.listField).every(
    ({ total_members }) => typeof total_members === 'number',
  );
  const inGet = typeof one.outcome.body.total_members === 'number';
  const answer = { list: inList, get: inGet };
  if (inGet)
    return ok(`a group states its number of members${inList ? '' : ', but a list does not'}`, { answer });
  if (one.outcome.type !== 'success') return unknown('no group could be read', { answer });
  const found = 'a group does not state its number of members';
  return warn(found, 'rollback keeps every group: nothing proves that it is empty.', { answer });
}

function checkMissingGroup({ missing }: GroupsObservation): Finding | undefined {
  if (!missing) return undefined;
  const status = describeStatus(missing);
  const answer = { status };
  if (missing.type === 'not-found') return ok(`a missing group is ${status}`, { answer });
  if (mayWorkLater(missing)) return unknown(`no answer for a missing group (${status})`, { answer });
  const words = missing.message;
  return warn(`a missing group is ${status}, which is not expected`, SEND_IN, { answer, words });
}

function acceptedFormats({ api, bodies }: GroupsObservation): readonly BodyFormat[] {
  return api.bodyFormats.filter((format) => bodies?.[format]?.type === 'success');
}

/** The format that `--body` should fix; undefined if the default is fine. */
export function bodyToFix(groups: GroupsObservation): BodyFormat | undefined {
  const accepted = acceptedFormats(groups);
  return accepted.length === 1 && groups.api.bodyFormats.length > 1 ? accepted[0] : undefined;
}

function checkBody(groups: GroupsObservation): Finding | undefined {
  const { api, bodies = {} } = groups;
  const tried = Object.values(bodies);
  const last = tried.at(-1);
  if (!last) return undefined;
  const answer = Object.fromEntries(
    Object.entries(bodies).map(([name, body]) => [name, describeStatus(body)]),
  );
  const accepted = acceptedFormats(groups);
  const names = accepted.join(' and as ');
  if (accepted.length === tried.length) return ok(`a create is accepted as ${names}`, { answer });
  if (accepted.length > 0) {
    const todo = `Use --body ${accepted[0]}; the default, auto, finds out by itself.`;
    return warn(`a create is accepted as ${names} only`, todo, { answer });
  }
  const rest = { answer, words: last.message };
  const status = describeStatus(last);
  if (unsettled(last)) {
    return fail(`no group could be created (${status})`, 'Try again later.', { ...rest, later: true });
  }
  return fail(`Zoom refuses to create a group (${status})`, remedyFor(last, api.scopes.create), rest);
}

function checkEmptyGroup({ bodies }: GroupsObservation): Finding | undefined {
  const create = bodies?.json;
  if (!create) return undefined;
  const answer = { status: describeStatus(create) };
  if (create.type === 'success') return ok('a contact group may be created without members', { answer });
  // Other refusals are those of any create.
  if (create.type !== 'rejected' || !/\bmember/i.test(create.message)) return undefined;
  const found = `a contact group without members is refused (${answer.status})`;
  return fail(found, SEND_IN, { answer, words: create.message });
}

function checkCreatedId({ bodies = {} }: GroupsObservation): Finding | undefined {
  const made = Object.values(bodies).filter(({ type }) => type === 'success');
  if (made.length === 0) return undefined;
  const withId = made.filter(({ id }) => id !== undefined).length;
  const answer = { with_id: withId, of: made.length };
  if (withId === made.length) return ok('a new group comes with its id', { answer });
  const todo = 'Nothing: the listing at the end of a run finds the ids.';
  return warn('a new group comes without its id', todo, { answer });
}
