/** What `--write` tries on temporary groups of one API, and what it settles. */
import type { Call } from '../../model/call.js';
import { normalizeName } from '../../resources/groups/api/group.js';
import { imGroups } from '../../resources/groups/api/im-groups.js';
import { describeStatus, type Outcome } from '../observe/requests.js';
import {
  type Answer,
  type Check,
  type Finding,
  fail,
  ok,
  remedyFor,
  SEND_IN,
  unclear,
  unknown,
  unsettled,
  warn,
} from './finding.js';
import { createGroup, judgeLag, type Trial } from './trial.js';

/** How a second name differs from that of an existing group. */
type NameVariant = {
  readonly id: string;
  readonly text: string;
  vary(name: string): string;
  /** What the code assumes of IM groups; contact groups may share a name. */
  readonly expected: Standing;
  readonly assumes: string;
};

type Standing = 'taken' | 'separate' | 'refused';

const NAME_VARIANTS: readonly NameVariant[] = [
  {
    id: 'same-name',
    text: 'the same name',
    vary: (name) => name,
    expected: 'taken',
    assumes: 'names of IM groups are unique, those of contact groups are not',
  },
  {
    id: 'name-case',
    text: 'a name in another case',
    vary: (name) => name.toUpperCase(),
    expected: 'separate',
    assumes: 'case counts in a name',
  },
  {
    id: 'name-outer-blanks',
    text: 'a name with blanks around it',
    vary: (name) => ` ${name} `,
    expected: 'taken',
    assumes: 'Zoom trims a name',
  },
  {
    id: 'name-double-blanks',
    text: 'a name with double blanks',
    vary: (name) => name.replaceAll(' ', '  '),
    expected: 'separate',
    assumes: 'Zoom keeps double blanks in a name',
  },
  {
    id: 'name-decomposed',
    text: 'a name in Unicode form NFD',
    vary: (name) => name.normalize('NFD'),
    expected: 'separate',
    assumes: 'Zoom does not compose a name that comes in Unicode form NFD',
  },
];

export const WRITE_CHECKS: readonly Check<Trial>[] = [
  { id: 'defaults', judge: checkDefaults },
  {
    id: 'listing-lag',
    judge: checkListingLag,
    assumes: 'a list shows a new group within 30 seconds',
  },
  ...NAME_VARIANTS.map((variant) => ({ ...variant, judge: (trial: Trial) => checkName(trial, variant) })),
  {
    id: 'name-length',
    judge: checkNameLength,
    assumes: 'a name has at most 128 characters',
  },
  { id: 'unknown-field', judge: checkUnknownField },
  {
    id: 'update',
    judge: checkUpdate,
    assumes: 'a PATCH changes only the fields that it names',
  },
  { id: 'delete-twice', judge: checkDeleteTwice },
  {
    id: 'privacy',
    only: 'contacts',
    judge: checkPrivacy,
    assumes: 'group_privacy 1 is shared, 2 normal, 3 restricted',
  },
];

const isSuccess = ({ type }: Outcome): boolean => type === 'success';

const SETTINGS = ['type', 'group_privacy', 'search_by_domain', 'search_by_account', 'search_by_ma_account'];

async function checkDefaults({ requests, groups, id }: Trial): Promise<Finding> {
  const defaults = await requests.ask(groups.api.get(id));
  if (!isSuccess(defaults)) return unclear(defaults);
  const found = SETTINGS.flatMap((name): [string, Answer][] => {
    const value = defaults.body[name];
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? [[name, value]]
      : [];
  });
  const text = found.map(([name, value]) => `${name} ${value}`).join(', ');
  return ok(`settings that are not sent: ${text}`, { answer: Object.fromEntries(found) });
}

function checkListingLag({ listed }: Trial): Finding {
  const todo = 'After a lost response, rows may end as unknown; --resume settles them.';
  return judgeLag('group', listed?.afterMs, todo);
}

async function checkName(trial: Trial, { text, vary, expected, id }: NameVariant): Promise<Finding> {
  const { api } = trial.groups;
  const name = vary(trial.name);
  const outcome = await createGroup(trial, { name });
  const open = unsettled(outcome);
  if (open) return open;
  const standing: Standing =
    outcome.type === 'conflict' ? 'taken' : isSuccess(outcome) ? 'separate' : 'refused';
  const stored = outcome.body[api.nameField];
  const isChanged = typeof stored === 'string' && stored !== name.trim();
  const answer = { standing, status: describeStatus(outcome), stored_changed: isChanged };
  const found = `${text} is ${standing === 'separate' ? 'a second group' : standing}`;
  if (isChanged && normalizeName(name) !== normalizeName(stored)) {
    const todo = 'apply finds such groups all the same.';
    return warn(`${found}, and Zoom writes it in another way`, todo, { answer });
  }
  if (standing === (api.uniqueNames ? expected : 'separate')) return ok(found, { answer });
  if (id === 'same-name' && standing === 'separate') {
    const todo = `A resent create could make two groups. ${SEND_IN}`;
    return fail(`${found}: names are not unique`, todo, { answer });
  }
  const todo = 'Names that differ only so may be one group for Zoom.';
  return warn(found, todo, { answer, words: outcome.message });
}

/** The longest name that Zoom documents. */
const NAME_LENGTH_MAX = 128;

async function checkNameLength(trial: Trial): Promise<Finding> {
  const nameOfLength = (length: number): string => `${trial.groups.base} ${length} `.padEnd(length, 'x');
  const longest = await createGroup(trial, { name: nameOfLength(NAME_LENGTH_MAX) });
  const longer = await createGroup(trial, { name: nameOfLength(NAME_LENGTH_MAX + 1) });
  // As many code points, and more UTF-16 units and bytes.
  const emojiName = nameOfLength(NAME_LENGTH_MAX).replaceAll('x', '\u{1f600}');
  const emoji = await createGroup(trial, { name: emojiName });
  const open = unsettled(longest) ?? unsettled(longer);
  if (open) return open;
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

async function checkUnknownField({ requests, groups, format }: Trial): Promise<Finding> {
  const name = `${groups.base} field`;
  const outcome = await groups.create(requests, addField(groups.api.create({ name }, format)), name);
  const open = unsettled(outcome);
  if (open) return open;
  const field = isSuccess(outcome) ? 'ignored' : 'refused';
  return ok(`a field that Zoom does not know is ${field}`, {
    answer: { field, status: describeStatus(outcome) },
  });
}

/** A field that no document names. */
function addField(call: Call): Call {
  const { body } = call;
  const name = 'zz_doctor_unknown';
  if (body?.type === 'json') return { ...call, body: { ...body, value: { ...body.value, [name]: 'x' } } };
  return body ? { ...call, body: { ...body, parts: [...body.parts, [name, 'x']] } } : call;
}

/** One field alone: the others must stay as they are. */
async function checkUpdate({ requests, groups: { api }, id }: Trial): Promise<Finding> {
  const before = await requests.ask(api.get(id));
  const outcome = await requests.ask(api.update(id, { type: 'restricted' }));
  const after = await requests.ask(api.get(id));
  const answer = { status: describeStatus(outcome) };
  if (!isSuccess(outcome)) {
    const todo = remedyFor(outcome, api.scopes.update);
    const rest = { answer, words: outcome.message };
    return unsettled(outcome) ?? warn(`--update is refused (${answer.status})`, todo, rest);
  }
  const was = api.parse(before.body);
  const is = api.parse(after.body);
  if (!was || !is) return unknown('the group could not be read after the change', { answer });
  const isKept = api.settings.every((setting) => setting === 'type' || was[setting] === is[setting]);
  if (is.type === 'restricted' && isKept && was.name === is.name) {
    return ok('one setting can be changed alone; the others stay', { answer });
  }
  return warn('a change of one setting does something else', `Do not use --update. ${SEND_IN}`, { answer });
}

/** Whether the other API shows a contact group's privacy as the type that was sent. */
async function checkPrivacy(trial: Trial): Promise<Finding> {
  const only = 'only an account with both APIs can show what a privacy number means';
  if (!trial.isImAlive) return unknown(only);
  const { id } = await createGroup(trial, { name: `${trial.groups.base} shared`, type: 'shared' });
  if (id === undefined) return unknown(only);
  const { type } = (await trial.requests.ask(imGroups.get(id))).body;
  const answer = { privacy_1_is: typeof type === 'string' ? type : null };
  if (type === 'shared') return ok('group_privacy 1 is type shared', { answer });
  if (typeof type !== 'string') return unknown('the other API does not show the group', { answer });
  const todo = `Do not send types with --api contacts. ${SEND_IN}`;
  return fail(`group_privacy 1 is type ${type}`, todo, { answer });
}

async function checkDeleteTwice({ requests, groups: { api }, id }: Trial): Promise<Finding> {
  const first = await requests.ask(api.remove(id));
  const second = await requests.ask(api.remove(id));
  const read = await requests.ask(api.get(id));
  const answer = { first: describeStatus(first), second: describeStatus(second), get: describeStatus(read) };
  if (!isSuccess(first)) {
    const found = `a delete, as by rollback, is refused (${answer.first})`;
    const rest = { answer, words: first.message };
    return unsettled(first) ?? warn(found, remedyFor(first, api.scopes.delete), rest);
  }
  const isGone = read.type === 'not-found' && (second.type === 'not-found' || isSuccess(second));
  if (isGone) return ok(`a deleted group is gone; a second delete is ${answer.second}`, { answer });
  return (
    unsettled(second) ??
    unsettled(read) ??
    warn(`a deleted group is ${answer.get}, a second delete ${answer.second}`, SEND_IN, { answer })
  );
}
