/** The work of `members`, in phases: groups, rows, users, each group's members, changes, removals of `--sync`. */
import type { RowOutcome } from '../../events/event.js';
import type { Api } from '../../model/choices.js';
import { createStop } from '../../model/stop.js';
import { limitReached } from '../../resilience/retry-policy.js';
import type { GroupIndex } from '../groups/api/group-index.js';
import { listGroups } from '../groups/api/list-groups.js';
import { explainFailedListing } from '../groups/session.js';
import type { PagesResult } from '../paging/read-pages.js';
import type { Judgement, Session, SessionContext, Step } from '../resource.js';
import { MEMBERS_APIS } from './api/members-apis.js';
import { sendChanges } from './batches.js';
import type { MemberItem } from './fields.js';
import { listMembers, type MembersListing } from './member-index.js';
import { type KnownMembership, NamedGroups } from './named-groups.js';
import {
  checkMaxRemovals,
  DEFAULT_MAX_REMOVALS,
  findDoubtfulRemovals,
  findReasonToKeepAll,
  type MaxRemovals,
  planGroup,
} from './plan.js';
import { readBackLater } from './read-back.js';
import { listUsers, USER_STATUSES, USERS_SCOPES, UserIndex, type UserStatus } from './users.js';
import { type Change, createOutcome, type GroupWork, type MembersWork, toRowOutcome } from './work.js';

/** What shapes a run on members. */
export type MembersOptions = {
  readonly api: Api;
  /** `sync`: add who is missing, and remove whom the file does not name. */
  readonly mode: 'add' | 'remove' | 'sync';
  /** The group of every row, if the file has no group column. */
  readonly group?: string;
  /** What separates the entries of a cell, if cells hold lists. */
  readonly split?: string;
  /** With `sync`. */
  readonly maxRemovals?: MaxRemovals;
};

/** Enough that a record costs little, few enough to stay small. */
const OUTCOMES_PER_RECORD = 1_000;

const STAGES = ['groups', 'rows', 'users', 'members', 'changes', 'removals', 'end'] as const;

/** @param known by key: then neither the groups nor the users are listed */
export function openMembersSession(
  context: SessionContext<MemberItem, Pick<MembersOptions, 'api' | 'mode' | 'maxRemovals'>>,
  known?: ReadonlyMap<string, KnownMembership>,
): Session {
  return new MembersSession(context, known);
}

class MembersSession implements Session {
  readonly #context: SessionContext<MemberItem, Pick<MembersOptions, 'api' | 'mode' | 'maxRemovals'>>;
  readonly #known: ReadonlyMap<string, KnownMembership> | undefined;
  readonly #work: MembersWork;
  #index: GroupIndex | undefined;
  #groups: NamedGroups;
  #areFailuresReported = false;
  /** In `STAGES`. */
  #stage = 0;
  #started = 0;
  /** Whether `--limit` held something back. */
  #isLimited = false;

  constructor(
    context: SessionContext<MemberItem, Pick<MembersOptions, 'api' | 'mode' | 'maxRemovals'>>,
    known: ReadonlyMap<string, KnownMembership> | undefined,
  ) {
    this.#context = context;
    this.#known = known;
    const { state, now, options } = context;
    this.#work = {
      api: MEMBERS_APIS[options.api],
      state,
      now,
      mode: options.mode,
      ignoresMissingGroups: known !== undefined,
      doubtfulRemovals: options.mode === 'sync' ? findDoubtfulRemovals(state) : new Map(),
      users: new UserIndex(),
      hasSent: false,
    };
    this.#groups = this.#createGroups();
  }

  #createGroups(): NamedGroups {
    return new NamedGroups(this.#work, this.#known ?? new Map());
  }

  next(draining: boolean): AsyncIterable<Judgement> | Iterable<Judgement> | undefined {
    // Nothing is in flight now; batches that are unanswered were not sent.
    for (const group of this.#groups) group.batches = 0;
    const open = [...this.#groups].filter((group) => group.open.size > 0);
    if (open.length > 0) return this.#readBack(open);
    if (draining) return undefined;
    const stage = STAGES[this.#stage];
    if (stage === undefined) return undefined;
    this.#stage += 1;
    switch (stage) {
      case 'groups':
        return this.#known ? [] : [{ steps: [this.#listGroups()] }];
      case 'rows':
        return this.#readRows();
      case 'users':
        return this.#needsUsers() ? [{ steps: USER_STATUSES.map((status) => this.#listUsers(status)) }] : [];
      case 'members':
        return this.#readMembers();
      case 'changes':
        return this.#startChanges();
      case 'removals':
        return this.#removeSurplus();
      case 'end':
        return this.#isLimited && this.#work.hasSent
          ? [{ drain: limitReached(this.#context.limit ?? this.#started) }]
          : undefined;
    }
  }

  restart(): void {
    const isPlanned = STAGES[this.#stage - 1] !== undefined && this.#stage > STAGES.indexOf('members');
    this.#stage = isPlanned ? STAGES.indexOf('changes') : 0;
    this.#started = 0;
    this.#isLimited = false;
    this.#areFailuresReported = false;
    if (!isPlanned) this.#groups = this.#createGroups();
    for (const group of this.#groups) group.stage = 'planned';
  }

  *#readBack(groups: readonly GroupWork[]): Generator<Judgement> {
    for (const group of groups) yield { steps: [readBackLater(this.#work, group, sendChanges)] };
  }

  #listGroups(): Step {
    const { groups } = this.#work.api;
    return listGroups(groups, (listing) => {
      if (listing.type === 'failed') {
        return { stop: explainFailedListing(listing, 'members find their groups there by name', groups) };
      }
      this.#index = listing.items;
      return {};
    });
  }

  async *#readRows(): AsyncGenerator<Judgement> {
    for await (const batch of this.#context.rows())
      for (const row of batch) this.#groups.add(row, this.#index);
    this.#index = undefined;
    yield* this.#reportFailures();
  }

  *#reportFailures(): Generator<Judgement> {
    if (this.#areFailuresReported) return;
    this.#areFailuresReported = true;
    const { failures } = this.#groups;
    for (let at = 0; at < failures.length; at += OUTCOMES_PER_RECORD) {
      yield { outcomes: failures.slice(at, at + OUTCOMES_PER_RECORD) };
    }
  }

  #needsUsers(): boolean {
    return this.#work.api.addsBy === 'id' && !this.#known && this.#groups.size > 0;
  }

  #listUsers(status: UserStatus): Step {
    return listUsers(status, (listing) => this.#useUsers(status, listing));
  }

  #useUsers(status: UserStatus, listing: PagesResult<UserIndex>): Judgement {
    if (listing.type === 'complete') {
      for (const user of listing.items) this.#work.users.add(user);
      return {};
    }
    const { reply, reason } = listing;
    if (reply.type === 'fatal') return { stop: reply.stop };
    const message = `the ${status} users of the account could not be listed: ${reason}`;
    const isRefused = reply.type === 'rejected' || reply.type === 'not-found' || reply.type === 'conflict';
    if (!isRefused) return { stop: createStop('listing-failed', message, 'Retry later.') };
    if (status !== 'active') return { warnings: [message] };
    const hint = `Contact groups take user ids, so the app needs one of these scopes: ${USERS_SCOPES.join(', ')}.`;
    return { stop: createStop('listing-needed', message, hint) };
  }

  /** Each group's members; if nothing is removed that the file does not name, its changes follow at once. */
  *#readMembers(): Generator<Judgement> {
    for (const group of this.#groups) {
      if (this.#work.mode === 'sync' ? group.wanted.size === 0 : group.rows.length === 0) continue;
      if (this.#isLimited) return;
      yield {
        steps: [listMembers(this.#work.api, group.id, 0, (listing) => this.#planGroup(group, listing))],
      };
    }
  }

  #planGroup(group: GroupWork, listing: MembersListing): Judgement {
    if (listing.type === 'failed') return this.#failGroup(group, listing);
    group.plan = planGroup(this.#work, group, listing.items);
    group.unresolved.push(...group.plan.unresolved);
    if (this.#groups.isAnyIncomplete) group.unresolved.push('an invalid row');
    return this.#work.mode === 'sync' ? {} : this.#startGroup(group, group.plan);
  }

  #failGroup(group: GroupWork, { reply, reason }: Extract<MembersListing, { type: 'failed' }>): Judgement {
    if (reply.type === 'fatal') return { stop: reply.stop };
    const { ignoresMissingGroups, state } = this.#work;
    const isMissing = reply.type === 'not-found';
    const outcomes = group.rows.map((row) => {
      if (isMissing && ignoresMissingGroups) {
        return toRowOutcome(
          row,
          createOutcome('not-member', 'the group no longer exists', group, row.userId, reply),
        );
      }
      const isDoubtful = (state.rows.get(row.key)?.doubts?.size ?? 0) > 0;
      const detail = isMissing
        ? `group not found: ${reason}`
        : `the members of the group could not be read: ${reason}`;
      return toRowOutcome(
        row,
        createOutcome(isDoubtful && !isMissing ? 'unknown' : 'failed', detail, group, row.userId, reply),
      );
    });
    return { outcomes };
  }

  *#startChanges(): Generator<Judgement> {
    const { mode, maxRemovals = DEFAULT_MAX_REMOVALS } = this.#context.options;
    const stop = mode === 'sync' ? checkMaxRemovals(this.#groups, maxRemovals) : undefined;
    if (stop) {
      yield { stop };
      return;
    }
    yield* this.#reportFailures();
    for (const group of this.#groups) {
      if (group.plan && group.stage === 'planned') yield this.#startGroup(group, group.plan);
    }
  }

  /** Removals of `--sync` follow at once if nothing has to be added first. */
  #startGroup(group: GroupWork, plan: NonNullable<GroupWork['plan']>): Judgement {
    group.stage = 'started';
    const steps = sendChanges(this.#work, group, this.#takeWithinLimit(plan.adds));
    const removal =
      this.#work.mode === 'remove' || plan.adds.length === 0 ? this.#removeFrom(group, plan) : {};
    return {
      outcomes: [...plan.outcomes, ...(removal.outcomes ?? [])],
      steps: [...steps, ...(removal.steps ?? [])],
    };
  }

  *#removeSurplus(): Generator<Judgement> {
    for (const group of this.#groups) {
      if (group.plan && group.stage === 'started') yield this.#removeFrom(group, group.plan);
    }
  }

  #removeFrom(group: GroupWork, { removals, adds }: NonNullable<GroupWork['plan']>): Judgement {
    group.stage = 'finished';
    if (removals.length === 0) return {};
    if (this.#work.mode === 'remove') return { steps: this.#send(group, removals) };
    // What --limit held back of the additions is to come first.
    if (adds.length > 0 && this.#isLimited) return {};
    // Without such a reason, whom the file names is a member by now: a group is never emptied.
    const reason = findReasonToKeepAll(group);
    if (reason !== undefined) return { outcomes: keep(group, removals, reason) };
    return { steps: this.#send(group, removals) };
  }

  #send(group: GroupWork, changes: readonly Change[]): readonly Step[] {
    return sendChanges(this.#work, group, this.#takeWithinLimit(changes));
  }

  /** Rows that were attempted before are not started now: they do not count. */
  #takeWithinLimit(changes: readonly Change[]): readonly Change[] {
    const { limit, state } = this.#context;
    if (limit === undefined) return changes;
    return changes.filter(({ row: { key } }) => {
      if ((state.rows.get(key)?.attempts ?? 0) > 0) return true;
      if (this.#started >= limit) {
        this.#isLimited = true;
        return false;
      }
      this.#started += 1;
      return true;
    });
  }
}

function keep(group: GroupWork, changes: readonly Change[], reason: string): readonly RowOutcome[] {
  return changes.map(({ row, userId }) => toRowOutcome(row, createOutcome('kept', reason, group, userId)));
}
