/** What `--write --member` has settled about the members of one API. */
import { MEMBERS_APIS } from '../../resources/members/api/members-apis.js';
import { USERS_SCOPES } from '../../resources/members/users.js';
import type { AddTrial, MemberTrials } from '../observe/member-trials.js';
import type { GroupsObservation } from '../observe/observations.js';
import { describeStatus, mayWorkLater, type Outcome } from '../observe/requests.js';
import { SEND_IN } from './api-checks.js';
import { type Finding, ok, unknown, warn } from './finding.js';

function describeAdd({ outcome, named }: AddTrial): string {
  return `${describeStatus(outcome)}, ${named} named`;
}

function unsettled(outcome: Outcome): Finding | undefined {
  if (!mayWorkLater(outcome)) return undefined;
  return unknown(`no clear answer (${describeStatus(outcome)})`, '', { words: outcome.message });
}

/** A user who can be added is named by the answer, or shown by the list. */
function checkAdd(what: string, trial: AddTrial | undefined, isListed: boolean): Finding | undefined {
  if (!trial) return undefined;
  const answer = { status: describeStatus(trial.outcome), named: trial.named };
  const isDone = trial.outcome.type === 'success' && (trial.named > 0 || isListed);
  if (isDone) return ok(`a user can be added by ${what}`, { answer });
  return (
    unsettled(trial.outcome) ??
    warn(
      `a user could not be added by ${what} (${describeAdd(trial)})`,
      'Check that this user has signed in to Zoom and is no external contact, and the scopes of members.',
      { answer, words: trial.outcome.message },
    )
  );
}

export function checkAddByEmail({ byEmail, listedAfterMs }: MemberTrials): Finding | undefined {
  return checkAdd('e-mail address', byEmail, listedAfterMs !== undefined);
}

export function checkAddById({ isIdKnown, byId, byEmail, listedAfterMs }: MemberTrials): Finding | undefined {
  if (!isIdKnown) {
    const todo = `Name an active user with --member; contact groups need the scope ${USERS_SCOPES.join(' or ')}.`;
    return warn('the user has no id, or is not among the account’s users', todo);
  }
  return checkAdd('id', byId, byEmail === undefined && listedAfterMs !== undefined);
}

export function checkMemberLag({ listedAfterMs, byEmail, byId }: MemberTrials): Finding | undefined {
  const first = byEmail ?? byId;
  if (first?.outcome.type !== 'success') return undefined;
  const answer = { after_ms: listedAfterMs ?? null };
  if (listedAfterMs !== undefined) {
    return ok(`a list shows a new member after ${(listedAfterMs / 1000).toFixed(1)} s`, { answer });
  }
  return warn('no list showed the new member in time', SEND_IN, { answer });
}

export function checkAddTwice({ twice }: MemberTrials): Finding | undefined {
  if (!twice) return undefined;
  const answer = { status: describeStatus(twice.outcome), named: twice.named };
  if (twice.outcome.type === 'success' && twice.named === 0) {
    return ok('to add a member again is harmless, and names nobody', { answer });
  }
  return (
    unsettled(twice.outcome) ??
    warn(`to add a member again is ${describeAdd(twice)}`, SEND_IN, { answer, words: twice.outcome.message })
  );
}

export function checkAddUnknown({ unknown: trial }: MemberTrials): Finding | undefined {
  if (!trial) return undefined;
  const { outcome, named } = trial;
  const answer = { status: describeStatus(outcome), named };
  if (named > 0) return warn('the answer to an add names a user who does not exist', SEND_IN, { answer });
  const how = outcome.type === 'success' ? 'accepted without being added' : 'refused';
  return unsettled(outcome) ?? ok(`somebody unknown is ${how} (${describeStatus(outcome)})`, { answer });
}

export function checkBatch({ eleven }: MemberTrials): Finding | undefined {
  if (!eleven) return undefined;
  const answer = { eleven: describeStatus(eleven.outcome) };
  if (eleven.outcome.type === 'success') {
    return warn('eleven members at once are accepted', `Nothing: runs send ten. ${SEND_IN}`, { answer });
  }
  return unsettled(eleven.outcome) ?? ok('eleven members at once are refused; runs send ten', { answer });
}

export function checkRemove(
  { remove, removeAgain }: MemberTrials,
  { api }: GroupsObservation,
): Finding | undefined {
  if (!remove) return undefined;
  const { needsMember } = MEMBERS_APIS[api.name];
  const answer = {
    status: describeStatus(remove),
    again: removeAgain ? describeStatus(removeAgain) : null,
  };
  const isRemoved = remove.type === 'success';
  const words = { answer, words: remove.message };
  if (needsMember && !isRemoved) {
    return unsettled(remove) ?? ok(`the last member cannot be removed (${answer.status})`, { answer });
  }
  if (needsMember) return warn('the last member of a contact group can be removed', SEND_IN, { answer });
  if (!isRemoved)
    return unsettled(remove) ?? warn(`a member cannot be removed (${answer.status})`, SEND_IN, words);
  return ok(`a member can be removed; a second time is ${answer.again}`, { answer });
}
