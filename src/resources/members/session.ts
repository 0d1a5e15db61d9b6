/** The work of `members`, in phases: groups, rows, users, each group's members, changes, removals of `--sync`. */
import { isInDoubt } from '../../events/row-state.js';
import { limitReached } from '../../resilience/retry-policy.js';
import type { GroupIndex } from '../groups/api/group-index.js';
import { listRequiredGroups } from '../groups/api/list-groups.js';
import { OUTCOMES_PER_RECORD, toRowOutcome } from '../outcomes.js';
import type { FailedListing } from '../paging/read-pages.js';
import type { Judgement, Phase, Session, SessionContext, Step } from '../resource.js';
import { explainFailedReading, listMembers } from './api/list-members.js';
import { MEMBERS_APIS } from './api/members-apis.js';
import { PeopleIndex } from './api/people-index.js';
import { listUsers } from './api/users.js';
import { readBack, sendChanges } from './batches.js';
import type { MemberItem } from './fields.js';
import { type KnownMembership, NamedGroups } from './named-groups.js';
import { DEFAULT_MAX_REMOVALS, type MembersOptions } from './options.js';
import { checkMaxRemovals, findDoubtfulRemovals, findReasonToKeepAll, planGroup } from './plan.js';
import type { Change, GroupPlan, GroupWork, MembersWork } from './work.js';

type Context = SessionContext<MemberItem, MembersOptions>;

export class MembersSession implements Session {
  readonly #context: Context;
  readonly #known: ReadonlyMap<string, KnownMembership> | undefined;
  readonly #work: MembersWork;
  readonly #named: NamedGroups;
  #areRowsRead = false;
  #index: GroupIndex | undefined;
  #phases: Iterator<Phase, undefined>;
  #started = 0;
  /** Whether `--limit` held something back. */
  #isLimited = false;

  /** @param known by key: then neither the groups nor the users are listed */
  constructor(context: Context, known?: ReadonlyMap<string, KnownMembership>) {
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
      users: new PeopleIndex(),
    };
    this.#named = new NamedGroups(this.#work, known ?? new Map());
    this.#phases = this.#createPhases();
  }

  get #groups(): readonly GroupWork[] {
    return [...this.#named.byId.values()];
  }

  next(draining: boolean): Phase | undefined {
    // Nothing is in flight now; batches that are unanswered were not sent.
    for (const group of this.#groups) group.batches = 0;
    const open = this.#groups.filter((group) => group.open.size > 0);
    if (open.length > 0) return this.#readBack(open);
    return draining ? undefined : this.#phases.next().value;
  }

  restart(): void {
    this.#phases = this.#createPhases();
    this.#started = 0;
    this.#isLimited = false;
    for (const group of this.#groups) group.stage = 'planned';
  }

  /** What was read is not read again after a restart. */
  *#createPhases(): Generator<Phase, undefined> {
    // A variable that held this step would keep the list of groups in memory until the session ends.
    if (!this.#known && !this.#areRowsRead) yield [{ steps: [this.#listGroups()] }];
    yield this.#readRows();
    const { api, users } = this.#work;
    if (api.addsBy === 'id' && !this.#known && this.#groups.length > 0 && users.size === 0) {
      yield [{ steps: listUsers(users) }];
    }
    yield this.#readMembers();
    yield this.#startChanges();
    yield this.#removeSurplus();
    if (this.#isLimited) yield [{ drain: limitReached(this.#started) }];
    return undefined;
  }

  *#readBack(groups: readonly GroupWork[]): Generator<Judgement> {
    for (const group of groups) yield { steps: [readBack(this.#work, group, false)] };
  }

  #listGroups(): Step {
    const why = 'members find their groups there by name';
    return listRequiredGroups(this.#work.api.groups, why, (groups) => {
      this.#index = groups;
    });
  }

  async *#readRows(): AsyncGenerator<Judgement> {
    if (!this.#areRowsRead) await this.#named.read(this.#context.rows(), this.#index);
    this.#areRowsRead = true;
    this.#index = undefined;
    const { failures } = this.#named;
    for (let at = 0; at < failures.length; at += OUTCOMES_PER_RECORD) {
      yield { outcomes: failures.slice(at, at + OUTCOMES_PER_RECORD) };
    }
  }

  /** Each group's members; if nothing is removed that the file does not name, its changes follow at once. */
  *#readMembers(): Generator<Judgement> {
    const { api, mode } = this.#work;
    for (const group of this.#groups) {
      const isNamed = mode === 'sync' ? group.wanted.size > 0 : group.rows.length > 0;
      if (!isNamed || group.plan) continue;
      if (this.#isLimited) return;
      const step = listMembers(api, group.id, 0, (listing) => {
        if (listing.type === 'failed') return this.#failGroup(group, listing);
        group.plan = planGroup(this.#work, group, listing.items);
        return mode === 'sync' ? {} : this.#startGroup(group, group.plan);
      });
      yield { steps: [step] };
    }
  }

  #failGroup(group: GroupWork, listing: FailedListing): Judgement {
    const { reply } = listing;
    if (reply.type === 'fatal') return { stop: reply.stop };
    const { ignoresMissingGroups, state } = this.#work;
    const isMissing = reply.type === 'not-found';
    const outcomes = group.rows.map((row) => {
      const ids = { groupId: group.id, userId: row.userId };
      if (isMissing && ignoresMissingGroups) {
        return toRowOutcome(row, 'not-member', 'the group no longer exists', ids, reply);
      }
      const status = isInDoubt(state.rows.get(row.key)) && !isMissing ? 'unknown' : 'failed';
      return toRowOutcome(row, status, explainFailedReading(listing), ids, reply);
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
    for (const group of this.#groups) {
      if (group.plan && group.stage === 'planned') yield this.#startGroup(group, group.plan);
    }
  }

  /** Removals of `--sync` follow at once if nothing has to be added first. */
  #startGroup(group: GroupWork, plan: GroupPlan): Judgement {
    group.stage = 'started';
    const steps = this.#send(group, plan.changes);
    const { outcomes = [], steps: removals = [] } =
      plan.changes.length === 0 ? this.#removeSurplusOf(group, plan) : {};
    return { outcomes: [...plan.outcomes, ...outcomes], steps: [...steps, ...removals] };
  }

  *#removeSurplus(): Generator<Judgement> {
    for (const group of this.#groups) {
      if (group.plan && group.stage === 'started') yield this.#removeSurplusOf(group, group.plan);
    }
  }

  #removeSurplusOf(group: GroupWork, { surplus, changes }: GroupPlan): Judgement {
    group.stage = 'finished';
    // What --limit held back of the additions is to come first.
    if (surplus.length === 0 || (changes.length > 0 && this.#isLimited)) return {};
    // Without such a reason, whom the file names is a member by now: a group is never emptied.
    const reason = findReasonToKeepAll(group);
    if (reason === undefined) return { steps: this.#send(group, surplus) };
    return {
      outcomes: surplus.map(({ row, userId }) =>
        toRowOutcome(row, 'kept', reason, { groupId: group.id, userId }),
      ),
    };
  }

  /** Up to the limit: rows that were attempted before are not started now, so they do not count. */
  #send(group: GroupWork, changes: readonly Change[]): readonly Step[] {
    const { limit = Number.POSITIVE_INFINITY, state } = this.#context;
    const allowed = changes.filter(({ row: { key } }) => {
      if ((state.rows.get(key)?.attempts ?? 0) > 0) return true;
      if (this.#started >= limit) {
        this.#isLimited = true;
        return false;
      }
      this.#started += 1;
      return true;
    });
    return sendChanges(this.#work, group, allowed);
  }
}
