/** What `--write --member` tries with that user in a temporary group of one API, and what it settles. */
import type { Call } from '../../model/call.js';
import { emailKey, type MembersApi, type Person } from '../../resources/members/api/members-api.js';
import { MEMBERS_APIS } from '../../resources/members/api/members-apis.js';
import { USERS_SCOPES } from '../../resources/members/api/users.js';
import { describeStatus, elementsOf, type Outcome } from '../observe/requests.js';
import { type Check, type Finding, ok, SEND_IN, unsettled, warn } from './finding.js';
import { createGroup, judgeLag, type Trial } from './trial.js';

export type MemberTrial = Trial & {
  readonly api: MembersApi;
  readonly groupId: string;
  readonly person: Person;
  /** The first add of the user, as runs do it; absent if the API takes ids, and the user's is not known. */
  readonly first?: AddOutcome;
  /** When a list first showed the user as a member. */
  readonly listedAfterMs?: number;
  /** The user's, from the account's users or the list of members. */
  readonly userId?: string;
};

/** `named`: how many ids the answer names. */
type AddOutcome = Outcome & { readonly named: number };

export const MEMBER_CHECKS: readonly Check<MemberTrial>[] = [
  {
    id: 'member-by-email',
    only: 'im',
    judge: (trial) => trial.first && checkAdd('e-mail address', trial, trial.first),
  },
  {
    id: 'member-lag',
    judge: checkMemberLag,
    assumes: 'a list shows a new member within 30 seconds',
  },
  {
    id: 'member-twice',
    judge: checkAddTwice,
    assumes: 'to add a member again is harmless, and the answer does not name the member',
  },
  {
    id: 'member-unknown',
    judge: checkAddUnknown,
    assumes: 'the answer to an add names nobody who was not added',
  },
  {
    id: 'member-batch',
    only: 'im',
    judge: checkBatch,
    assumes: 'an IM group takes ten members at once',
  },
  {
    id: 'member-remove',
    judge: checkRemove,
    assumes: 'the last member of a contact group cannot be removed',
  },
  { id: 'member-by-id', judge: checkAddById },
];

/** Creates a group and adds the user. @returns undefined if no group could be created */
export async function openMemberTrial(trial: Trial, person: Person): Promise<MemberTrial | undefined> {
  const { requests, groups } = trial;
  const { id: groupId } = await createGroup(trial, { name: `${groups.base} members` });
  if (groupId === undefined) return undefined;
  const opened = { ...trial, api: MEMBERS_APIS[groups.api.name], groupId, person };
  const { api } = opened;
  if (api.addsBy === 'id' && person.id === undefined) return opened;
  const first = await add(opened, [person]);
  const listed = await requests.lookFor(async () => {
    const list = await requests.ask(api.list(groupId));
    if (list.type !== 'success') return null;
    return elementsOf(list, api.listField)
      .flatMap((element) => api.parse(element) ?? [])
      .find(
        ({ id, email = '' }) =>
          emailKey(email) === emailKey(person.email) || (id !== undefined && id === person.id),
      );
  });
  const userId = person.id ?? listed?.found.id;
  return {
    ...opened,
    first,
    ...(listed ? { listedAfterMs: listed.afterMs } : {}),
    ...(userId === undefined ? {} : { userId }),
  };
}

function add(trial: MemberTrial, people: readonly Person[]): Promise<AddOutcome> {
  return sendAdd(trial, trial.api.add(trial.groupId, people));
}

async function sendAdd({ requests, api }: MemberTrial, call: Call): Promise<AddOutcome> {
  const outcome = await requests.ask(call);
  return { ...outcome, named: api.parseAdded(outcome.body).length };
}

/** No user has this id, and no mail reaches the top-level domain `invalid` (RFC 2606). */
function createStrangers({ groups }: Trial, count: number): readonly Person[] {
  return Array.from({ length: count }, (_, i) => ({
    id: 'zzDoctorNoSuchUser0000',
    email: `${groups.base}-${i}@example.invalid`,
  }));
}

/** A user who can be added is named by the answer, or shown by the list. */
function checkAdd(what: string, { listedAfterMs, first }: MemberTrial, outcome: AddOutcome): Finding {
  const answer = { status: describeStatus(outcome), named: outcome.named };
  const isListed = outcome === first && listedAfterMs !== undefined;
  if (outcome.type === 'success' && (outcome.named > 0 || isListed)) {
    return ok(`a user can be added by ${what}`, { answer });
  }
  return (
    unsettled(outcome) ??
    warn(
      `a user could not be added by ${what} (${answer.status}, ${outcome.named} named)`,
      'Check that this user has signed in to Zoom and is no external contact, and the scopes of members.',
      { answer, words: outcome.message },
    )
  );
}

function checkMemberLag({ first, listedAfterMs }: MemberTrial): Finding | undefined {
  return first?.type === 'success' ? judgeLag('member', listedAfterMs, SEND_IN) : undefined;
}

async function checkAddTwice(trial: MemberTrial): Promise<Finding | undefined> {
  if (!trial.first) return undefined;
  const twice = await add(trial, [trial.person]);
  const answer = { status: describeStatus(twice), named: twice.named };
  if (twice.type === 'success' && twice.named === 0) {
    return ok('to add a member again is harmless, and names nobody', { answer });
  }
  const found = `to add a member again is ${answer.status}, ${twice.named} named`;
  return unsettled(twice) ?? warn(found, SEND_IN, { answer, words: twice.message });
}

async function checkAddUnknown(trial: MemberTrial): Promise<Finding | undefined> {
  if (!trial.first) return undefined;
  const outcome = await add(trial, createStrangers(trial, 1));
  const answer = { status: describeStatus(outcome), named: outcome.named };
  if (outcome.named > 0) {
    return warn('the answer to an add names a user who does not exist', SEND_IN, { answer });
  }
  const how = outcome.type === 'success' ? 'accepted without being added' : 'refused';
  return unsettled(outcome) ?? ok(`somebody unknown is ${how} (${answer.status})`, { answer });
}

async function checkBatch(trial: MemberTrial): Promise<Finding> {
  const outcome = await add(trial, [trial.person, ...createStrangers(trial, 10)]);
  const answer = { eleven: describeStatus(outcome) };
  if (outcome.type === 'success') {
    return warn('eleven members at once are accepted', `Nothing: runs send ten. ${SEND_IN}`, { answer });
  }
  return unsettled(outcome) ?? ok('eleven members at once are refused; runs send ten', { answer });
}

async function checkRemove({ requests, api, groupId, userId }: MemberTrial): Promise<Finding | undefined> {
  if (userId === undefined) return undefined;
  const call = api.remove(groupId, [userId]);
  const outcome = await requests.ask(call);
  const again = api.needsMember ? undefined : await requests.ask(call);
  const status = describeStatus(outcome);
  const rest = { answer: { status, again: again ? describeStatus(again) : null } };
  if (outcome.type !== 'success') {
    if (api.needsMember)
      return unsettled(outcome) ?? ok(`the last member cannot be removed (${status})`, rest);
    const words = outcome.message;
    return unsettled(outcome) ?? warn(`a member cannot be removed (${status})`, SEND_IN, { ...rest, words });
  }
  if (!again) return warn('the last member of a contact group can be removed', SEND_IN, rest);
  return ok(`a member can be removed; a second time is ${describeStatus(again)}`, rest);
}

/** IM groups take ids too, which runs do not use: by now, the user has been removed from this one. */
async function checkAddById(trial: MemberTrial): Promise<Finding> {
  const { api, groupId, userId, first } = trial;
  if (userId === undefined || !first) {
    const todo = `Name an active user with --member; contact groups need the scope ${USERS_SCOPES.join(' or ')}.`;
    return warn('the user has no id, or is not among the account’s users', todo);
  }
  if (api.addsBy === 'id') return checkAdd('id', trial, first);
  const body = { type: 'json', value: { members: [{ id: userId }] } } as const;
  return checkAdd('id', trial, await sendAdd(trial, { ...api.add(groupId, []), body }));
}
