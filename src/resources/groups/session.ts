/** The work of `apply` on groups, in phases: listing, rows, closing listing. */
import type { RowOutcome } from '../../events/event.js';
import { listDoubts } from '../../events/row-state.js';
import type { Api, BodyChoice, BodyFormat } from '../../model/choices.js';
import type { Outcome } from '../../model/outcome.js';
import { isProvisioned } from '../../model/statuses.js';
import { createStop, type Stop } from '../../model/stop.js';
import { limitReached } from '../../resilience/retry-policy.js';
import type { ValidatedRow } from '../../validation/row.js';
import type { Judgement, Session, SessionContext, Step } from '../resource.js';
import { findDifferences, type Group, SETTINGS, type SettingName } from './api/group.js';
import type { GroupsApi } from './api/groups-api.js';
import { GROUPS_APIS } from './api/groups-apis.js';
import { type Listing, listGroups } from './api/list-groups.js';
import { attributeGroup } from './attribute.js';
import { takeClosingListing } from './closing.js';
import { createGroup } from './create.js';
import type { GroupItem } from './fields.js';
import { compareWithGroup, createOutcome, toRowOutcome } from './outcomes.js';
import { findChange, updateGroup } from './update.js';
import type { GroupRow, GroupsWork } from './work.js';

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

/** Enough that a record costs little, few enough to stay small. */
const OUTCOMES_PER_RECORD = 1_000;

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

export function openGroupsSession(context: SessionContext<GroupItem, GroupsOptions>): Session {
  return new GroupsSession(context);
}

class GroupsSession implements Session {
  readonly #context: SessionContext<GroupItem, GroupsOptions>;
  readonly #work: GroupsWork;
  #stage: 'list' | 'rows' | 'closing' = 'list';
  #rows: AsyncIterator<readonly ValidatedRow<GroupItem>[]> | undefined;
  #batch: readonly ValidatedRow<GroupItem>[] = [];
  #at = 0;
  #started = 0;
  #isLimitReached = false;
  readonly #unsupported = new Set<SettingName>();

  constructor(context: SessionContext<GroupItem, GroupsOptions>) {
    this.#context = context;
    const { state, options } = context;
    const api = GROUPS_APIS[options.api];
    const fixed = options.body === 'auto' ? undefined : options.body;
    const [only, second] = api.bodyFormats;
    this.#work = {
      api,
      state,
      update: options.update,
      index: undefined,
      open: new Map(),
      canary: undefined,
      format: fixed ?? findAcceptedFormat(state.notes, api) ?? (second === undefined ? only : undefined),
      isFormatFixed: fixed !== undefined,
    };
  }

  next(draining: boolean): AsyncIterable<Judgement> | Iterable<Judgement> | undefined {
    if (this.#stage === 'list') {
      this.#stage = 'rows';
      if (this.#context.options.listing && !draining) return [{ steps: [this.#list()] }];
      if (!this.#work.api.uniqueNames) return [{ stop: listingRequired(this.#work.api) }];
    }
    const { limit } = this.#context;
    // The rows that may be sent are, before the run drains.
    if (this.#isLimitReached && limit !== undefined && !draining) return [{ drain: limitReached(limit) }];
    if (this.#stage === 'rows' && !draining) return this.#readRows();
    this.#stage = 'closing';
    if (this.#work.open.size === 0) return undefined;
    return [{ steps: [takeClosingListing(this.#work, this.#context.now())] }];
  }

  restart(): void {
    this.#stage = this.#work.index ? 'rows' : 'list';
    this.#rows = undefined;
    this.#batch = [];
    this.#at = 0;
    this.#started = 0;
    this.#isLimitReached = false;
  }

  close(): void {
    this.#work.index = undefined;
  }

  #list(): Step {
    const { api } = this.#work;
    const delayMs = api.uniqueNames ? 0 : this.#waitForDoubts();
    return listGroups(api, (listing) => this.#useListing(listing), delayMs);
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
    const { api, update } = this.#work;
    const { needsListing } = this.#context.options;
    const isListingOnly = reply.type === 'fatal' ? LISTING_ONLY_REASONS.has(reply.stop.reason) : true;
    if (reply.type === 'fatal' && !isListingOnly) return { stop: reply.stop };
    if (api.uniqueNames && !update && !needsListing) {
      return { warnings: [`the existing groups could not be listed: ${reason}`] };
    }
    const why = update
      ? '--update compares with them'
      : needsListing
        ? 'a plan compares with them'
        : `${api.noun} may share a name`;
    return { stop: explainFailedListing(listing, why, api) };
  }

  /** Reads on until a create has to settle the body format, up to the limit, or to the last row. */
  async *#readRows(): AsyncGenerator<Judgement> {
    const { limit } = this.#context;
    let known: RowOutcome[] = [];
    let isPaused = false;
    try {
      for (;;) {
        const row = await this.#nextRow();
        if (!row) break;
        const warnings = this.#warnOfUnsupported(row);
        if (warnings.length > 0) yield { warnings };
        const planned = this.#plan(row);
        if (planned === undefined) continue;
        if ('status' in planned) {
          known.push(toRowOutcome(row, planned));
          if (known.length < OUTCOMES_PER_RECORD) continue;
          yield { outcomes: known };
          known = [];
          continue;
        }
        if (limit !== undefined && this.#started >= limit) {
          this.#isLimitReached = true;
          break;
        }
        this.#started += 1;
        const isFirstCreate =
          this.#work.format === undefined && planned.steps?.some(({ operation }) => operation === 'create');
        isPaused = isFirstCreate ?? false;
        yield { ...planned, outcomes: [...known, ...(planned.outcomes ?? [])] };
        known = [];
        if (isPaused) return;
      }
      if (known.length > 0) yield { outcomes: known };
      if (!this.#isLimitReached) this.#stage = 'closing';
    } finally {
      // Left for good: at the last row, at the limit, or because the run ends early.
      if (!isPaused) {
        await this.#rows?.return?.();
        // It remembers the key of every row.
        this.#rows = undefined;
      }
    }
  }

  async #nextRow(): Promise<GroupRow | undefined> {
    for (;;) {
      const row = this.#batch[this.#at];
      if (row === undefined) {
        this.#rows ??= this.#context.rows()[Symbol.asyncIterator]();
        const next = await this.#rows.next();
        if (next.done) return undefined;
        this.#batch = next.value;
        this.#at = 0;
        continue;
      }
      this.#at += 1;
      if (row.type !== 'item') continue;
      const { key, fingerprint, name, item } = row;
      return { key, fingerprint, name, line: row.row.line, item };
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
  #plan(row: GroupRow): Outcome | Judgement | undefined {
    const { state, index, api, update } = this.#work;
    const { definition, previousName } = row.item;
    const before = state.rows.get(row.key);
    const exact = index?.findExact(definition.name) ?? [];
    const alike = index?.findAlike(row.key) ?? [];
    const isWanted = before?.fingerprint === row.fingerprint;
    if (before?.outcome && isWanted && isProvisioned(before.outcome.status)) {
      return this.#planProvisioned(row, before.outcome, exact.length > 0 ? exact : alike);
    }
    // Another spelling is the same group if Zoom would accept both, or if it may be renamed.
    const groups = exact.length > 0 || (api.uniqueNames && !update) ? exact : alike;
    const [group] = groups;
    if (group) return this.#planExisting(row, [group, ...groups.slice(1)]);
    if (previousName !== undefined) {
      const planned = this.#planRename(row, previousName);
      if (planned) return planned;
    }
    return { steps: [createGroup(this.#work, row)] };
  }

  /** A row that an earlier process settled by an answer alone, without an id, is completed or put to the closing. */
  #planProvisioned(
    row: GroupRow,
    before: Outcome,
    [group, ...others]: readonly Group[],
  ): Outcome | undefined {
    if (before.ids?.groupId !== undefined) return undefined;
    const { open } = this.#work;
    const isCreated = before.status === 'created';
    if (!group) {
      const cause = isCreated ? 'no-id' : 'conflict';
      open.set(row.key, { row, cause, message: before.detail, at: this.#context.now() });
      return undefined;
    }
    const ids = { groupId: group.id };
    if (isCreated || before.detail !== '') return { ...before, ids };
    return { ...before, detail: compareWithGroup(row.item.definition, group, others.length + 1), ids };
  }

  #planExisting(row: GroupRow, groups: readonly [Group, ...Group[]]): Outcome | Judgement {
    const [group] = groups;
    const { state, update } = this.#work;
    const { definition } = row.item;
    const doubts = listDoubts(state.rows.get(row.key));
    const change = update ? findChange(definition, group) : undefined;
    if (change && groups.length > 1) {
      const detail = `Zoom has ${groups.length} groups of this name: nothing tells which one to change`;
      return createOutcome('failed', detail);
    }
    if (change) return { steps: [updateGroup(this.#work, row, group, change)] };
    if (doubts.some(({ operation }) => operation === 'update')) {
      return createOutcome('updated', 'recovered', group.id, state.rows.get(row.key)?.last);
    }
    if (doubts.some(({ operation }) => operation === 'create'))
      return attributeGroup(this.#work, row, groups);
    return createOutcome('already-provisioned', compareWithGroup(definition, group, groups.length), group.id);
  }

  /** A row that renames a group, if the group exists under its previous name only. */
  #planRename(row: GroupRow, previousName: string): Outcome | Judgement | undefined {
    const { index, update } = this.#work;
    const old = JSON.stringify(previousName);
    if (!index)
      return createOutcome(
        'failed',
        `without a listing, nothing tells whether ${old} exists and is to be renamed`,
      );
    const groups = index.findExact(previousName);
    const [group] = groups;
    if (!group) return undefined;
    if (groups.length > 1) {
      return createOutcome(
        'failed',
        `Zoom has ${groups.length} groups named ${old}: rename the right one in Zoom`,
      );
    }
    if (!update) return createOutcome('failed', `${old} exists and would be renamed: use --update`);
    const found = findDifferences(row.item.definition, group);
    const settings = Object.fromEntries(found.map((d) => [d.setting, d.to]));
    const change = { ...settings, name: row.item.definition.name };
    return { steps: [updateGroup(this.#work, row, group, change)] };
  }
}

function findAcceptedFormat(
  notes: SessionContext<GroupItem, GroupsOptions>['state']['notes'],
  api: GroupsApi,
): BodyFormat | undefined {
  const accepted = notes.findLast(({ bodyFormat }) => bodyFormat !== undefined)?.bodyFormat;
  return api.bodyFormats.find((format) => format === accepted);
}

/** The true cause of a failed listing that the run cannot do without. */
export function explainFailedListing(
  listing: Extract<Listing, { type: 'failed' }>,
  why: string,
  api: GroupsApi,
): Stop {
  const { reply, reason } = listing;
  const message = `the existing ${api.noun} could not be listed, and ${why}: ${reason}`;
  if (reply.type === 'fatal') return { ...reply.stop, message };
  const isRefused = reply.type === 'rejected' && !reply.expiredPageToken;
  if (isRefused || reply.type === 'not-found' || reply.type === 'conflict') {
    return createStop(
      'listing-needed',
      message,
      `Check that the app has one of these scopes: ${api.scopes.read.join(', ')}.`,
    );
  }
  // A plan or an export has nothing to resume; a run prints its resume command.
  return createStop('listing-failed', message, 'Retry later.');
}

function listingRequired({ noun, scopes }: GroupsApi): Stop {
  const message = `${noun} may share a name, so the existing ones have to be listed first`;
  return createStop(
    'listing-needed',
    message,
    `Leave out --no-listing; it needs one of these scopes: ${scopes.read.join(', ')}.`,
  );
}
