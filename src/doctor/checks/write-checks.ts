/** What `--write` has settled about one API. Undefined: it was not tried, or there is nothing to say. */
import type { BodyFormat } from '../../model/choices.js';
import { normalizeName } from '../../resources/groups/api/group.js';
import { LISTING_LAG_MAX_MS } from '../../resources/groups/closing.js';
import type { GroupsObservation } from '../observe/observations.js';
import { describeStatus, mayWorkLater, type Outcome } from '../observe/requests.js';
import type { CreateTrial, NameVariant, Trials } from '../observe/trials.js';
import { SEND_IN } from './api-checks.js';
import { type Answer, type Finding, fail, ok, unknown, warn } from './finding.js';

type Created = NonNullable<Trials['created']>;

const isSuccess = ({ type }: Outcome): boolean => type === 'success';

/** An outcome that is neither yes nor no. */
function unsettled(outcome: Outcome): Finding {
  return unknown(`no clear answer (${describeStatus(outcome)})`, '', { words: outcome.message });
}

function isUnsettled(outcome: Outcome): boolean {
  return mayWorkLater(outcome) || outcome.type === 'unauthorized';
}

export function checkBody({ api, trials }: GroupsObservation): Finding | undefined {
  if (!trials) return undefined;
  const tried = api.bodyFormats.flatMap((format): [BodyFormat, CreateTrial][] => {
    const trial = trials.bodies[format];
    return trial ? [[format, trial]] : [];
  });
  const answer = Object.fromEntries(tried.map(([format, trial]) => [format, describeStatus(trial)]));
  const accepted = tried.filter(([, trial]) => isSuccess(trial)).map(([format]) => format);
  const [first] = accepted;
  if (first !== undefined && accepted.length === tried.length) {
    return ok(`a create is accepted as ${accepted.join(' and as ')}`, { answer });
  }
  if (first !== undefined) {
    const todo = `Use --body ${first}; the default, auto, finds out by itself.`;
    return warn(`a create is accepted as ${first} only`, todo, { answer });
  }
  const [, trial] = tried.at(-1) ?? [];
  if (!trial) return undefined;
  if (isUnsettled(trial)) {
    return fail(`no group could be created (${describeStatus(trial)})`, 'Try again later.', {
      answer,
      words: trial.message,
      later: true,
    });
  }
  const todo =
    trial.stop?.reason === 'scope-missing'
      ? `Add to the app, under Scopes: ${api.scopes.create.join(' or ')}.`
      : (trial.stop?.hint ?? SEND_IN);
  const found = `Zoom refuses to create a group (${describeStatus(trial)})`;
  return fail(found, todo, { answer, words: trial.message });
}

/** The format that `--body` should fix; undefined if the default is fine. */
export function bodyToFix({ trials, api }: GroupsObservation): BodyFormat | undefined {
  const accepted = api.bodyFormats.filter((format) => trials?.bodies[format]?.type === 'success');
  return trials && accepted.length === 1 && api.bodyFormats.length > 1 ? accepted[0] : undefined;
}

export function checkCreatedId({ trials }: GroupsObservation): Finding | undefined {
  const made = Object.values(trials?.bodies ?? {}).filter(isSuccess);
  if (made.length === 0) return undefined;
  const withId = made.filter(({ id }) => id !== undefined).length;
  const answer = { with_id: withId, of: made.length };
  if (withId === made.length) return ok('a new group comes with its id', { answer });
  const found = 'a new group comes without its id';
  return warn(found, 'Nothing: the listing at the end of a run finds the ids.', { answer });
}

export function checkDefaults(_: GroupsObservation, { defaults }: Created): Finding {
  if (!isSuccess(defaults)) return unsettled(defaults);
  const { body } = defaults;
  const settings = ['type', 'group_privacy', 'search_by_domain', 'search_by_account', 'search_by_ma_account'];
  const found = settings.flatMap((name): [string, Answer][] => {
    const value = body[name];
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? [[name, value]]
      : [];
  });
  const text = found.map(([name, value]) => `${name} ${value}`).join(', ');
  return ok(`settings that are not sent: ${text}`, { answer: Object.fromEntries(found) });
}

export function checkListingLag(_: GroupsObservation, { listed }: Created): Finding {
  if (!listed) {
    const found = 'no list showed the new group in time';
    return warn(found, 'After a lost response, rows may end as unknown; --resume settles them.', {
      answer: { after_ms: null },
    });
  }
  const answer = { after_ms: listed.afterMs };
  const seconds = (listed.afterMs / 1000).toFixed(1);
  const found = `a list shows a new group after ${seconds} s`;
  if (listed.afterMs <= LISTING_LAG_MAX_MS) return ok(found, { answer });
  return warn(found, SEND_IN, { answer });
}

/** Whether a second name is the name of the first group, or one of its own. */
function standingOf({ type }: Outcome): 'taken' | 'separate' | 'refused' {
  if (type === 'conflict') return 'taken';
  return type === 'success' ? 'separate' : 'refused';
}

/** What the code assumes of IM groups; contact groups may share a name. */
const EXPECTED: Readonly<Record<NameVariant, 'taken' | 'separate'>> = {
  same: 'taken',
  case: 'separate',
  'outer-blanks': 'taken',
  'double-blanks': 'separate',
  decomposed: 'separate',
};

const VARIANT_NAMES: Readonly<Record<NameVariant, string>> = {
  same: 'the same name',
  case: 'a name in another case',
  'outer-blanks': 'a name with blanks around it',
  'double-blanks': 'a name with double blanks',
  decomposed: 'a name in Unicode form NFD',
};

export function checkName(variant: NameVariant) {
  return ({ api }: GroupsObservation, { names }: Created): Finding => {
    const trial = names[variant];
    if (isUnsettled(trial)) return unsettled(trial);
    const standing = standingOf(trial);
    const stored = trial.body[api.nameField];
    const isChanged = typeof stored === 'string' && stored !== trial.sentName.trim();
    const answer = { standing, status: describeStatus(trial), stored_changed: isChanged };
    const found = `${VARIANT_NAMES[variant]} is ${standing === 'separate' ? 'a second group' : standing}`;
    const expected = api.uniqueNames ? EXPECTED[variant] : 'separate';
    if (isChanged && normalizeName(trial.sentName) !== normalizeName(stored)) {
      return warn(`${found}, and Zoom writes it in another way`, 'apply finds such groups all the same.', {
        answer,
      });
    }
    if (standing === expected) return ok(found, { answer });
    if (variant === 'same' && api.uniqueNames && standing === 'separate') {
      return fail(`${found}: names are not unique`, `A resent create could make two groups. ${SEND_IN}`, {
        answer,
      });
    }
    return warn(found, 'Names that differ only so may be one group for Zoom.', {
      answer,
      words: trial.message,
    });
  };
}

export function checkNameLength(_: GroupsObservation, { lengths }: Created): Finding {
  const longest = lengths['128'];
  const longer = lengths['129'];
  if (isUnsettled(longest)) return unsettled(longest);
  if (isUnsettled(longer)) return unsettled(longer);
  const { emoji } = lengths;
  const answer = { 128: describeStatus(longest), 129: describeStatus(longer), emoji: describeStatus(emoji) };
  if (!isSuccess(longest)) {
    return fail('a name of 128 characters is refused', `Shorten such names. ${SEND_IN}`, { answer });
  }
  if (isSuccess(longer)) return warn('a name of 129 characters is accepted', SEND_IN, { answer });
  if (emoji.type === 'rejected') {
    const found = 'a name of 128 code points is refused if it has emoji';
    return warn(found, 'Shorten names with emoji and rare scripts.', { answer });
  }
  return ok('a name may have 128 characters, and not 129', { answer });
}

export function checkUnknownField(_: GroupsObservation, { unknownField }: Created): Finding {
  if (isUnsettled(unknownField)) return unsettled(unknownField);
  const status = describeStatus(unknownField);
  const found = isSuccess(unknownField) ? 'ignored' : 'refused';
  return ok(`a field that Zoom does not know is ${found}`, { answer: { field: found, status } });
}

export function checkUpdate({ api }: GroupsObservation, { update }: Created): Finding {
  const { outcome, before, after } = update;
  if (isUnsettled(outcome)) return unsettled(outcome);
  const answer = { status: describeStatus(outcome) };
  if (!isSuccess(outcome)) {
    const todo =
      outcome.stop?.reason === 'scope-missing'
        ? `For --update, add to the app, under Scopes: ${api.scopes.update.join(' or ')}.`
        : SEND_IN;
    return warn(`--update is refused (${describeStatus(outcome)})`, todo, { answer, words: outcome.message });
  }
  const was = api.parse(before.body);
  const is = api.parse(after.body);
  if (!was || !is) return unknown('the group could not be read after the change', '', { answer });
  const kept = api.settings.every((setting) => setting === 'type' || was[setting] === is[setting]);
  if (is.type === 'restricted' && kept && was.name === is.name) {
    return ok('one setting can be changed alone; the others stay', { answer });
  }
  return warn('a change of one setting does something else', `Do not use --update. ${SEND_IN}`, { answer });
}

export function checkDeleteTwice({ api }: GroupsObservation, { deletes }: Created): Finding {
  const { first, second, read } = deletes;
  const answer = { first: describeStatus(first), second: describeStatus(second), get: describeStatus(read) };
  if (isUnsettled(first)) return unsettled(first);
  if (!isSuccess(first)) {
    const todo = `For rollback, add to the app, under Scopes: ${api.scopes.delete.join(' or ')}.`;
    return warn(`a delete is refused (${answer.first})`, todo, { answer, words: first.message });
  }
  const isGone = read.type === 'not-found' && (second.type === 'not-found' || isSuccess(second));
  if (isGone) return ok(`a deleted group is gone; a second delete is ${answer.second}`, { answer });
  if (isUnsettled(second) || isUnsettled(read)) return unsettled(isUnsettled(second) ? second : read);
  return warn(`a deleted group is ${answer.get}, a second delete ${answer.second}`, SEND_IN, { answer });
}

export function checkEmptyGroup({ trials }: GroupsObservation): Finding | undefined {
  const trial = trials?.bodies.json;
  if (!trial) return undefined;
  const answer = { status: describeStatus(trial) };
  if (isSuccess(trial)) return ok('a contact group may be created without members', { answer });
  // Other refusals are those of any create.
  if (trial.type !== 'rejected' || !/\bmember/i.test(trial.message)) return undefined;
  const found = `a contact group without members is refused (${answer.status})`;
  return fail(found, SEND_IN, { answer, words: trial.message });
}

export function checkPrivacy(_: GroupsObservation, { shared }: Created): Finding {
  if (!shared) return unknown('only an account with both APIs can show what a privacy number means');
  const { type } = shared.asImGroup.body;
  const answer = { privacy_1_is: typeof type === 'string' ? type : null };
  if (type === 'shared') return ok('group_privacy 1 is type shared', { answer });
  if (typeof type !== 'string') return unknown('the other API does not show the group', '', { answer });
  return fail(`group_privacy 1 is type ${type}`, `Do not send types with --api contacts. ${SEND_IN}`, {
    answer,
  });
}
