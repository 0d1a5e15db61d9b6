/** What the parts of one session on members share. */
import type { RowOutcome } from '../../events/event.js';
import type { RunState } from '../../events/run-state.js';
import type { RowRef } from '../../model/outcome.js';
import type { ResponseMetadata } from '../../model/reply.js';
import type { Status } from '../../model/statuses.js';
import { toRowOutcome } from '../outcomes.js';
import type { MembersApi } from './api/members-api.js';
import type { UserIndex } from './api/users.js';
import type { MembersOptions } from './options.js';

/** A row in the form in which the session carries it. */
export type MemberRow = RowRef & {
  readonly email: string;
  /** If it is known without looking the address up. */
  readonly userId?: string;
  /** Settled by an earlier process of the run. */
  readonly isDone?: true;
};

/** A change of one membership. */
export type Change = {
  readonly row: MemberRow;
  readonly operation: 'add' | 'remove';
  readonly userId: string | undefined;
  /** What explains a failure, such as `deactivated user`. */
  readonly hint?: string;
  /** How often its answer was lost. */
  readonly losses: number;
};

/** When a change was sent, and when its answer came or was given up, in ms since 1970. */
export type Times = { readonly sentAt: number; readonly answeredAt: number };

/** A change that was sent, and that the group's members, read again, have to settle. */
export type SentChange = Change &
  Times & {
    /** `refused`: Zoom refused it, but it may be done all the same, by an earlier attempt or by another program. */
    readonly answer: 'accepted' | 'lost' | 'refused';
    /** Whether an earlier attempt may have taken effect. */
    readonly hadDoubts: boolean;
    /** Why it is said to have failed, should it prove not to be done. */
    readonly failure: string;
    /** How often a change may be sent whose answers are lost. */
    readonly maxAttempts: number;
    readonly metadata: ResponseMetadata;
  };

/** What the first reading of a group's members came to. */
export type GroupPlan = {
  /** Rows that need no request. */
  readonly outcomes: readonly RowOutcome[];
  /** What the file's rows ask for. */
  readonly changes: readonly Change[];
  /** With `--sync`: removals of members whom the file does not name. */
  readonly surplus: readonly Change[];
  /** How many users were members. */
  readonly users: number;
};

/** One group that the file names. */
export class GroupWork {
  readonly id: string;
  readonly name: string;
  /** Rows to be settled. */
  readonly rows: MemberRow[] = [];
  /** With `--sync`: everyone whom the file names in this group, by `emailKey`. */
  readonly wanted: Set<string> = new Set();
  plan: GroupPlan | undefined;
  /** `started`: the changes of the plan are scheduled. `finished`: its surplus too. */
  stage: 'planned' | 'started' | 'finished' = 'planned';
  /** Batches that are not answered yet. */
  batches = 0;
  readonly open: Map<string, SentChange> = new Map();
  /** User ids that came back from an add, one of each batch. */
  readonly canaries: Map<string, Times> = new Map();
  lastAnswerAt = 0;
  /** How often the members were read again since the last answer. */
  readsAgain = 0;
  /** Addresses that are not proven to be members: no removal of `--sync` is made beside them. */
  readonly unresolved: string[] = [];

  constructor({ id, name }: Pick<GroupWork, 'id' | 'name'>) {
    this.id = id;
    this.name = name;
  }

  /** Ends a change. A membership that is not proven withholds the removals of its group. */
  settle(
    { row, operation, userId }: Change,
    status: Status,
    detail: string,
    from: ResponseMetadata,
  ): RowOutcome {
    if (operation === 'add' && (status === 'failed' || status === 'unknown')) this.unresolved.push(row.email);
    return toRowOutcome(row, status, detail, { groupId: this.id, userId }, from);
  }

  /** Ends a change that was not made, with what explains it. */
  fail(change: Change, failure: string, from: ResponseMetadata): RowOutcome {
    const detail = change.hint === undefined ? failure : `${change.hint}: ${failure}`;
    return this.settle(change, 'failed', detail, from);
  }
}

export type MembersWork = {
  readonly api: MembersApi;
  readonly state: RunState;
  readonly now: () => number;
  readonly mode: MembersOptions['mode'];
  /** Whether a group that is missing leaves nothing to do, as in a rollback. */
  readonly ignoresMissingGroups: boolean;
  /** The account's users; empty if they are not needed. */
  readonly users: UserIndex;
  /** Members whose removal may have taken effect in an earlier process, by the key of the group's name. */
  readonly doubtfulRemovals: ReadonlyMap<string, readonly string[]>;
};
