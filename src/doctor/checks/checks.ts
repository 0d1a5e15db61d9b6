/**
 * Every check of `doctor`, in the order of its output. A check with a `fact` settles what Zoom's documents leave open:
 * `decidedIn` is the place that would change, and its comment names the check.
 */
import type { Api } from '../../model/choices.js';
import type { MemberTrials } from '../observe/member-trials.js';
import type { GroupsObservation, Observations } from '../observe/observations.js';
import type { Trials } from '../observe/trials.js';
import {
  checkAccountPlan,
  checkConnection,
  checkCredentials,
  checkEncoding,
  checkRateHeaders,
  checkScopes,
  checkTokenLife,
  checkUsers,
} from './account-checks.js';
import {
  checkAlive,
  checkIdSpelling,
  checkListing,
  checkMissingGroup,
  checkTotalMembers,
} from './api-checks.js';
import type { Finding } from './finding.js';
import {
  checkCleanUp,
  checkClock,
  checkLeftovers,
  checkLock,
  checkProxy,
  checkStateFolder,
  checkTls,
} from './machine-checks.js';
import {
  checkAddByEmail,
  checkAddById,
  checkAddTwice,
  checkAddUnknown,
  checkBatch,
  checkMemberLag,
  checkRemove,
} from './member-checks.js';
import {
  checkBody,
  checkCreatedId,
  checkDefaults,
  checkDeleteTwice,
  checkEmptyGroup,
  checkListingLag,
  checkName,
  checkNameLength,
  checkPrivacy,
  checkUnknownField,
  checkUpdate,
} from './write-checks.js';

export type Fact = {
  /** What the code takes for true until the check shows otherwise. */
  readonly assumes: string;
  /** Files below `src/`. */
  readonly decidedIn: readonly string[];
};

type Common = { readonly id: string; readonly fact?: Fact };

export type AccountCheck = Common & {
  readonly scope: 'account';
  judge(o: Observations): Finding | undefined;
};

export type ApiCheck = Common & {
  readonly scope: 'api';
  /** Both, unless it names one. */
  readonly only?: Api;
  judge(groups: GroupsObservation): Finding | undefined;
};

export type Check = AccountCheck | ApiCheck;

const account = (id: string, judge: AccountCheck['judge'], fact?: Fact): Check => ({
  scope: 'account',
  id,
  judge,
  ...(fact ? { fact } : {}),
});

const api = (id: string, judge: ApiCheck['judge'], rest: Pick<ApiCheck, 'only' | 'fact'> = {}): Check => ({
  scope: 'api',
  id,
  judge,
  ...rest,
});

/** One that needs a group which `--write` created. */
const created = (
  id: string,
  judge: (groups: GroupsObservation, created: NonNullable<Trials['created']>) => Finding,
  rest: Pick<ApiCheck, 'only' | 'fact'> = {},
): Check => api(id, (groups) => groups.trials?.created && judge(groups, groups.trials.created), rest);

/** One that needs `--member`. */
const member = (
  id: string,
  judge: (trials: MemberTrials, groups: GroupsObservation) => Finding | undefined,
  rest: Pick<ApiCheck, 'only' | 'fact'> = {},
): Check =>
  api(id, (groups) => groups.trials?.created?.members && judge(groups.trials.created.members, groups), rest);

const IM = 'resources/groups/api/im-groups.ts';
const CONTACTS = 'resources/groups/api/contact-groups.ts';
const GROUP = 'resources/groups/api/group.ts';

export const CHECKS: readonly Check[] = [
  account('connection', checkConnection),
  account('tls', checkTls),
  account('proxy', checkProxy),
  account('clock', checkClock),
  account('credentials', checkCredentials),
  account('token-life', checkTokenLife, {
    assumes: 'a token lives an hour if the response does not say how long',
    decidedIn: ['zoom/token-request.ts'],
  }),
  account('scopes', checkScopes),
  account('account-plan', checkAccountPlan, {
    assumes: 'monthly and yearly are Pro, names with biz, edu or enterprise Business and higher',
    decidedIn: ['doctor/checks/account-plan.ts'],
  }),
  account('rate-limit-headers', checkRateHeaders),
  account('encoding', checkEncoding),
  account('users', checkUsers),
  account('state-folder', checkStateFolder),
  account('lock', checkLock),
  account('leftovers', checkLeftovers),
  account('clean-up', checkCleanUp),
  api('alive', checkAlive),
  api('listing', checkListing, {
    fact: {
      assumes: 'a list of IM groups has no pages; a page token is followed if one comes',
      decidedIn: [IM],
    },
  }),
  api('id-spelling', checkIdSpelling, {
    fact: {
      assumes: 'ids are base64url characters, with a prefix such as dir. at most',
      decidedIn: ['resources/groups/api/groups-api.ts'],
    },
  }),
  api('total-members', checkTotalMembers, {
    fact: {
      assumes: 'GET one states total_members; a list of contact groups may not',
      decidedIn: [CONTACTS],
    },
  }),
  api('missing-group', checkMissingGroup, {
    fact: {
      assumes: 'a missing group is 404 with code 4130, a missing contact group 400 with code 300',
      decidedIn: ['zoom/response-classifier.ts'],
    },
  }),
  api('body', checkBody, {
    fact: {
      assumes: 'a create of an IM group takes a form or JSON; the first one settles it',
      decidedIn: [IM],
    },
  }),
  api('empty-group', checkEmptyGroup, {
    only: 'contacts',
    fact: { assumes: 'a contact group may be created without members', decidedIn: [CONTACTS] },
  }),
  api('created-id', checkCreatedId),
  created('defaults', checkDefaults),
  created('listing-lag', checkListingLag, {
    fact: {
      assumes: 'a list shows a new group within 30 seconds',
      decidedIn: ['resources/groups/closing.ts'],
    },
  }),
  created('same-name', checkName('same'), {
    fact: {
      assumes: 'names of IM groups are unique, those of contact groups are not',
      decidedIn: [CONTACTS],
    },
  }),
  created('name-case', checkName('case'), { fact: { assumes: 'case counts in a name', decidedIn: [GROUP] } }),
  created('name-outer-blanks', checkName('outer-blanks'), {
    fact: { assumes: 'Zoom trims a name', decidedIn: [GROUP] },
  }),
  created('name-double-blanks', checkName('double-blanks'), {
    fact: { assumes: 'Zoom keeps double blanks in a name', decidedIn: [GROUP] },
  }),
  created('name-decomposed', checkName('decomposed'), {
    fact: { assumes: 'Zoom does not compose a name that comes in Unicode form NFD', decidedIn: [GROUP] },
  }),
  created('name-length', checkNameLength, {
    fact: { assumes: 'a name has at most 128 characters', decidedIn: ['resources/groups/fields.ts'] },
  }),
  member('member-by-email', checkAddByEmail, { only: 'im' }),
  member('member-by-id', checkAddById),
  member('member-lag', checkMemberLag, {
    fact: {
      assumes: 'a list shows a new member within 30 seconds',
      decidedIn: ['resources/members/read-back.ts'],
    },
  }),
  member('member-twice', checkAddTwice, {
    fact: {
      assumes: 'to add a member again is harmless, and the answer does not name the member',
      decidedIn: ['resources/members/api/members-api.ts'],
    },
  }),
  member('member-unknown', checkAddUnknown, {
    fact: {
      assumes: 'the answer to an add names nobody who was not added',
      decidedIn: ['resources/members/api/members-api.ts'],
    },
  }),
  member('member-batch', checkBatch, {
    only: 'im',
    fact: {
      assumes: 'an IM group takes ten members at once',
      decidedIn: ['resources/members/api/im-members.ts'],
    },
  }),
  member('member-remove', checkRemove, {
    fact: {
      assumes: 'the last member of a contact group cannot be removed',
      decidedIn: ['resources/members/api/contact-members.ts'],
    },
  }),
  created('unknown-field', checkUnknownField),
  created('update', checkUpdate, {
    fact: { assumes: 'a PATCH changes only the fields that it names', decidedIn: [IM] },
  }),
  created('delete-twice', checkDeleteTwice),
  created('privacy', checkPrivacy, {
    only: 'contacts',
    fact: { assumes: 'group_privacy 1 is shared, 2 normal, 3 restricted', decidedIn: [CONTACTS] },
  }),
];
