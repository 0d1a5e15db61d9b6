/** The work of `apply` on groups, in phases: listing, rows, closing listing. */
import type { RowOutcome } from '../../events/event.js';
import { listDoubts } from '../../events/row-state.js';
import type { Api, BodyChoice } from '../../model/choices.js';
import type { Outcome } from '../../model/outcome.js';
import { isProvisioned } from '../../model/statuses.js';
import { createStop } from '../../model/stop.js';
import { limitReached } from '../../resilience/retry-policy.js';
import { OUTCOMES_PER_RECORD, settle } from '../outcomes.js';
import type { Judgement, Phase, Session, SessionContext, Step } from '../resource.js';
import { compareWithGroup, type Group, SETTINGS, type SettingName } from './api/group.js';
import { GROUPS_APIS } from './api/groups-apis.js';
import { explainFailedGroups, type Listing, listGroups } from './api/list-groups.js';
import { attributeGroup } from './attribute.js';
import { takeClosingListing } from './closing.js';
import { createGroup } from './create.js';
import type { GroupItem } from './fields.js';
import { changeGroup, findChange } from './update.js';
import { type GroupRow, type GroupsWork, readGroupRows } from './work.js';

/** What shapes a run on groups. */
export type GroupsOptions = {
  readonly api: Api;
  /** Whether existing groups whose settings differ are changed to what the rows say. */
  readonly update: boolean;
  readonly body: BodyChoice;
  /** Whether the groups are listed before the first create. */
  readonly listing: boolean;
  /** Whether nothing is to be done if they cannot be listed, as in a plan. */
  readonly needsListing: boolean;
};

/**
 * A request may be processed for this long after it was sent: where names may repeat, a listing that is to show what
 * became of a lost create has to wait so long. It is the deadline of a response.
 */
const REQUEST_DEADLINE_MS = 60_000;

/** Refusals that may concern the listing alone: creating may be allowed all the same. */
const LISTING_ONLY_REASONS: ReadonlySet<string> = new Set([
  'scope-missing',
  'permission',
  'wrong-base-url',
  'method',
]);

export class GroupsSession implements Session {
  readonly #context: SessionContext<GroupItem, GroupsOptions>;
  readonly #work: GroupsWork;
  #phases: Iterator<Phase, undefined>;
  #rows: AsyncGenerator<GroupRow, undefined> | undefined;
  #started = 0;
  #isLimitReached = false;
  readonly #unsupported = new Set<SettingName>();

  constructor(context: SessionContext<GroupItem, GroupsOptions>) {
    this.#context = context;
    const { state, options } = context;
    const api = GROUPS_APIS[options.api];
    const fixed = options.body === 'auto' ? undefined : options.body;
    const accepted = state.notes.findLast(({ bodyFormat }) => bodyFormat !== undefined)?.bodyFormat;
    const [only, second] = api.bodyFormats;
    const settled = second === undefined ? only : api.bodyFormats.find((format) => format === accepted);
    this.#work = {
      api,
      state,
      index: undefined,
      open: new Map(),
      canary: undefined,
      format: fixed ?? settled,
      isFormatFixed: fixed !== undefined,
    };
    this.#phases = this.#createPhases();
  }

  next(draining: boolean): Phase | undefined {
    const phase = draining ? undefined : this.#phases.next().value;
    if (phase || this.#work.open.size === 0) return phase;
    return [{ steps: [takeClosingListing(this.#work, this.#context.now())] }];
  }

  restart(): void {
    this.#phases = this.#createPhases();
    this.#rows = undefined;
    this.#started = 0;
    this.#isLimitReached = false;
  }

  close(): void {
    this.#work.index = undefined;
  }

  *#createPhases(): Generator<Phase, undefined> {
    const { options } = this.#context;
    const { api, index } = this.#work;
    if (!options.listing && !api.uniqueNames) {
      const message = `${api.noun} may share a name, so the existing ones have to be listed first`;
      const hint = `Leave out --no-listing; it needs one of these scopes: ${api.scopes.read.join(', ')}.`;
      yield [{ stop: createStop('listing-needed', message, hint) }];
    }
    if (options.listing && !index) yield [{ steps: [this.#list()] }];
    do yield this.#planRows();
    while (this.#rows);
    if (this.#isLimitReached) yield [{ drain: limitReached(this.#started) }];
    return undefined;
  }

  #list(): Step {
    const { api } = this.#work;
    return listGroups(
      api,
      (listing) => this.#useListing(listing),
      api.uniqueNames ? 0 : this.#waitForDoubts(),
    );
  }

  #waitForDoubts(): number {
    let youngest = Number.NEGATIVE_INFINITY;
    for (const row of this.#context.state.rows.values()) {
      for (const { at } of listDoubts(row)) youngest = Math.max(youngest, at);
    }
    return Math.min(REQUEST_DEADLINE_MS, Math.max(0, youngest + REQUEST_DEADLINE_MS - this.#context.now()));
  }

  #useListing(listing: Listing): Judgement {
    if (listing.type === 'complete') {
      this.#work.index = listing.items;
      return {};
    }
    const { reply, reason } = listing;
    if (reply.type === 'fatal' && !LISTING_ONLY_REASONS.has(reply.stop.reason)) return { stop: reply.stop };
    const { api } = this.#work;
    const { update, needsListing } = this.#context.options;
    if (api.uniqueNames && !update && !needsListing) {
      return { warnings: [`the existing groups could not be listed: ${reason}`] };
    }
    const why = update
      ? '--update compares with them'
      : needsListing
        ? 'a plan compares with them'
        : `${api.noun} may share a name`;
    return { stop: explainFailedGroups(api, listing, why) };
  }

  /** Reads on until a create has to settle the body format, up to the limit, or to the last row. */
  async *#planRows(): AsyncGenerator<Judgement> {
    const { limit = Number.POSITIVE_INFINITY } = this.#context;
    this.#rows ??= readGroupRows(this.#context.rows());
    let known: RowOutcome[] = [];
    let isPaused = false;
    try {
      while (!isPaused) {
        const { value: row } = await this.#rows.next();
        if (!row) break;
        const warnings = this.#warnOfUnsupported(row);
        if (warnings.length > 0) yield { warnings };
        const { outcomes = [], steps = [] } = this.#plan(row);
        known.push(...outcomes);
        if (steps.length > 0) {
          this.#isLimitReached = this.#started >= limit;
          if (this.#isLimitReached) break;
          this.#started += 1;
          isPaused = this.#work.format === undefined && steps.some(({ operation }) => operation === 'create');
        } else if (known.length < OUTCOMES_PER_RECORD) continue;
        yield { outcomes: known, steps };
        known = [];
      }
      if (known.length > 0) yield { outcomes: known };
    } finally {
      // Not needed any more after the last row, at the limit, or if the run ends early: it remembers the key of every row.
      if (!isPaused) {
        await this.#rows.return(undefined);
        this.#rows = undefined;
      }
    }
  }

  /** Once for each setting that rows have and the API has no field for. */
  #warnOfUnsupported({ item }: GroupRow): readonly string[] {
    const { api } = this.#work;
    return SETTINGS.flatMap(([setting, word]) => {
      const isSent = item.definition[setting] === undefined || api.settings.includes(setting);
      if (isSent || this.#unsupported.has(setting)) return [];
      this.#unsupported.add(setting);
      return [`${api.noun} have no ${word}: the values of this column are not sent`];
    });
  }

  /** What a row needs: nothing more, an outcome that is known already, or requests. */
  #plan(row: GroupRow): Judgement {
    const { state, index, api } = this.#work;
    const { definition, previousName } = row.item;
    const before = state.rows.get(row.key);
    const exact = index?.findExact(definition.name) ?? [];
    const alike = index?.findAlike(row.key) ?? [];
    const isWanted = before?.fingerprint === row.fingerprint;
    if (before?.outcome && isWanted && isProvisioned(before.outcome.status)) {
      return this.#planProvisioned(row, before.outcome, exact.length > 0 ? exact : alike);
    }
    // Another spelling is the same group if Zoom would accept both, or if it may be renamed.
    const isExactOnly = exact.length > 0 || (api.uniqueNames && !this.#context.options.update);
    const groups = isExactOnly ? exact : alike;
    const [group] = groups;
    if (group) return this.#planExisting(row, group, groups.length);
    const renamed = previousName === undefined ? undefined : this.#planRename(row, previousName);
    return renamed ?? { steps: [createGroup(this.#work, row)] };
  }

  /** A row that an earlier process settled by an answer alone, without an id, is completed or put to the closing. */
  #planProvisioned(row: GroupRow, before: Outcome, groups: readonly Group[]): Judgement {
    if (before.ids?.groupId !== undefined) return {};
    const { status, detail } = before;
    const [group] = groups;
    if (!group) {
      const cause = status === 'created' ? 'no-id' : 'conflict';
      this.#work.open.set(row.key, { row, cause, message: detail, at: this.#context.now() });
      return {};
    }
    const isDescribed = status === 'created' || detail !== '';
    const compared = isDescribed ? detail : compareWithGroup(row.item.definition, group, groups.length);
    return settle(row, status, compared, { groupId: group.id }, before);
  }

  #planExisting(row: GroupRow, group: Group, groupsOfThatName: number): Judgement {
    const { state, api } = this.#work;
    const { definition } = row.item;
    const ids = { groupId: group.id };
    const change = this.#context.options.update ? findChange(definition, group) : undefined;
    if (change && groupsOfThatName > 1) {
      const detail = `Zoom has ${groupsOfThatName} groups of this name: nothing tells which one to change`;
      return settle(row, 'failed', detail);
    }
    if (change) return { steps: [changeGroup(api, 'update', row, group, definition, change)] };
    const before = state.rows.get(row.key);
    const doubts = new Set(listDoubts(before).map(({ operation }) => operation));
    if (doubts.has('update')) return settle(row, 'updated', 'recovered', ids, before?.last);
    if (doubts.has('create')) return attributeGroup(this.#work, row, group, groupsOfThatName);
    return settle(row, 'already-provisioned', compareWithGroup(definition, group, groupsOfThatName), ids);
  }

  /** A row that renames a group, if the group exists under its previous name only. */
  #planRename(row: GroupRow, previousName: string): Judgement | undefined {
    const { index, api } = this.#work;
    const { definition } = row.item;
    const old = JSON.stringify(previousName);
    const fail = (detail: string): Judgement => settle(row, 'failed', detail);
    if (!index) return fail(`without a listing, nothing tells whether ${old} exists and is to be renamed`);
    const groups = index.findExact(previousName);
    const [group] = groups;
    if (!group) return undefined;
    if (groups.length > 1)
      return fail(`Zoom has ${groups.length} groups named ${old}: rename the right one in Zoom`);
    if (!this.#context.options.update) return fail(`${old} exists and would be renamed: use --update`);
    const change = { ...findChange(definition, group), name: definition.name };
    return { steps: [changeGroup(api, 'update', row, group, definition, change)] };
  }
}
