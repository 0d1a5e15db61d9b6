/** Undoing a run on groups: what it created is deleted, what it updated is restored, if nobody has used it since. */
import type { Note } from '../../events/event.js';
import { type Effect, isInDoubt } from '../../events/row-state.js';
import type { RunState } from '../../events/run-state.js';
import { type Api, isApi } from '../../model/choices.js';
import type { Outcome } from '../../model/outcome.js';
import { formatCsvLine } from '../../text/csv-cell.js';
import { formatCount } from '../../text/format.js';
import type { Judgement, Resource, Session, SessionContext, Step } from '../resource.js';
import {
  type Definition,
  describeDifferences,
  findDifferences,
  type Group,
  isGroupType,
  nameKey,
  normalizeName,
  SETTINGS,
} from './api/group.js';
import { type GroupsApi, isUsableId } from './api/groups-api.js';
import { GROUPS_APIS } from './api/groups-apis.js';
import { type GroupReading, readGroup } from './api/read-group.js';
import { defineGroupInput, type GroupItem, parseFingerprint } from './fields.js';
import { GROUP_ID_COLUMNS } from './groups.js';
import { createOutcome, describeFailure, settle, toRowOutcome } from './outcomes.js';
import type { Change } from './update.js';
import { type GroupRow, toRef } from './work.js';

/** One group that a rollback is about. */
export type Undo = {
  readonly key: string;
  readonly operation: 'delete' | 'restore';
  /** As the run recorded it: empty if it never learned it, and anything if the journal was edited. */
  readonly groupId: string;
  /** What the run left behind: if the group differs from it now, it was changed since. */
  readonly left: Definition;
  /** The values before the run, if the run updated the group. */
  readonly before: Change;
};

export type RollbackOptions = {
  readonly api: Api;
  /** The run folder whose changes are undone. */
  readonly source: string;
  readonly includeUpdates: boolean;
};

/** What a run's state has to undo. A group that the run did not change is never in it. */
export function findUndos(state: RunState, includeUpdates: boolean): readonly Undo[] {
  const undos: Undo[] = [];
  for (const [key, { effects = [] }] of state.rows) {
    const last = effects.at(-1);
    if (!last) continue;
    const left = { ...parseFingerprint(last.fingerprint), name: last.name };
    const created = effects.find(({ operation }) => operation === 'create');
    if (created) {
      undos.push({ key, operation: 'delete', groupId: created.ids.groupId ?? '', left, before: {} });
      continue;
    }
    const updates = effects.filter(({ operation }) => operation === 'update');
    if (includeUpdates && updates.length > 0) {
      const groupId = updates.at(-1)?.ids.groupId ?? '';
      undos.push({ key, operation: 'restore', groupId, left, before: mergeBefore(updates) });
    }
  }
  return undos;
}

/** The oldest values are the ones to restore: a second update of one run must not hide them. */
function mergeBefore(updates: readonly Effect[]): Change {
  let before: Change = {};
  for (const { note } of [...updates].reverse()) before = { ...before, ...parseBefore(note) };
  return before;
}

function parseBefore(note: Note | undefined): Change {
  const values: unknown = note?.before;
  if (typeof values !== 'object' || values === null) return {};
  const { name, type, description, ...rest } = values as Readonly<Record<string, unknown>>;
  const switches = Object.entries(rest).filter(
    ([field, value]) => SETTINGS.some(([setting]) => setting === field) && typeof value === 'boolean',
  );
  return {
    ...Object.fromEntries(switches),
    ...(typeof name === 'string' ? { name } : {}),
    ...(isGroupType(type) ? { type } : {}),
    ...(typeof description === 'string' ? { description } : {}),
  };
}

/** The rollback's own input as a CSV, so that it is stored and reported like that of any run. */
export function formatUndoCsv(undos: readonly Undo[]): string {
  const words = SETTINGS.map(([, word]) => word);
  const lines = undos.map(({ operation, groupId, left }) =>
    formatCsvLine(
      [left.name, ...SETTINGS.map(([setting]) => String(left[setting] ?? '')), operation, groupId],
      ',',
    ),
  );
  return formatCsvLine(['name', ...words, 'undo', 'zoom_group_id'], ',') + lines.join('');
}

/** @param undos what is to be undone, from the run that it is about */
export function createGroupsRollback(undos: readonly Undo[]): Resource<GroupItem, RollbackOptions> {
  const byKey = new Map(undos.map((undo) => [undo.key, undo]));
  return {
    kind: 'groups-rollback',
    idColumns: GROUP_ID_COLUMNS,
    isOptions: ({ api, source, includeUpdates }: Partial<Record<keyof RollbackOptions, unknown>>) =>
      isApi(api) && typeof source === 'string' && typeof includeUpdates === 'boolean',
    input: () => defineGroupInput(true),
    writeLabel: ({ api }) => GROUPS_APIS[api].remove('x').label,
    scopes: ({ api, includeUpdates }) => {
      const { read, get, delete: remove, update } = GROUPS_APIS[api].scopes;
      return [read, get, remove, ...(includeUpdates ? [update] : [])];
    },
    open: (context) => new RollbackSession(context, byKey),
  };
}

class RollbackSession implements Session {
  readonly #context: SessionContext<GroupItem, RollbackOptions>;
  readonly #api: GroupsApi;
  readonly #undos: ReadonlyMap<string, Undo>;
  #isDone = false;

  constructor(context: SessionContext<GroupItem, RollbackOptions>, undos: ReadonlyMap<string, Undo>) {
    this.#context = context;
    this.#api = GROUPS_APIS[context.options.api];
    this.#undos = undos;
  }

  next(draining: boolean): AsyncIterable<Judgement> | undefined {
    if (this.#isDone || draining) return undefined;
    this.#isDone = true;
    return this.#readRows();
  }

  restart(): void {
    this.#isDone = false;
  }

  async *#readRows(): AsyncGenerator<Judgement> {
    for await (const batch of this.#context.rows()) {
      for (const validated of batch) {
        if (validated.type !== 'item') continue;
        const { key, fingerprint, name, item, row } = validated;
        const undo = this.#undos.get(key);
        if (!undo) throw new Error(`nothing is known about line ${row.line}`);
        const done = this.#context.state.rows.get(key)?.outcome?.status;
        if (done === 'deleted' || done === 'restored') continue;
        yield this.#undo({ key, fingerprint, name, line: row.line, item }, undo);
      }
    }
  }

  #undo(row: GroupRow, undo: Undo): Judgement {
    if (!isUsableId(undo.groupId))
      return settle(row, createOutcome('kept', 'the run recorded no usable id of it'));
    return { steps: [this.#readStep(row, undo)] };
  }

  /** Nothing is deleted or changed that was not looked at right before. */
  #readStep(row: GroupRow, undo: Undo): Step {
    // A process of this rollback was killed before the answer to its own delete or restore.
    const wasSent = isInDoubt(this.#context.state.rows.get(row.key));
    return readGroup(this.#api, row, undo.groupId, (reading) => {
      if (wasSent && undo.operation === 'restore' && isRestored(undo, reading)) {
        return settle(row, createOutcome('restored', 'recovered', undo.groupId));
      }
      const reason = findReasonToKeep(undo, reading);
      if (reason !== undefined) return settle(row, createOutcome('kept', reason, undo.groupId));
      if (reading.type !== 'found') return settle(row, missingOutcome(undo, wasSent));
      return {
        steps: [
          undo.operation === 'delete' ? this.#remove(row, undo) : this.#restore(row, undo, reading.group),
        ],
      };
    });
  }

  #remove(row: GroupRow, undo: Undo): Step {
    return {
      operation: 'delete',
      effect: 'write',
      rows: [toRef(row)],
      call: this.#api.remove(undo.groupId),
      onLost: 'resend',
      note: { groupId: undo.groupId },
      judge: (reply, { ambiguous, attempts }) => {
        if (reply.type === 'success') return settle(row, createOutcome('deleted', '', undo.groupId, reply));
        const failure = describeFailure(reply, attempts);
        const isGone = reply.type === 'not-found';
        if (!ambiguous && !isGone) return settle(row, createOutcome('failed', failure, undo.groupId, reply));
        return { steps: [this.#verify(row, undo, ambiguous ? 'recovered' : 'already gone', failure)] };
      },
    };
  }

  /** A group is called gone when Zoom says so when asked for it. */
  #verify(row: GroupRow, undo: Undo, detail: string, failure: string): Step {
    return readGroup(this.#api, row, undo.groupId, (reading) => {
      const result: Outcome =
        reading.type === 'missing'
          ? createOutcome('deleted', detail, undo.groupId)
          : reading.type === 'found'
            ? createOutcome('failed', `${failure}; the group still exists`, undo.groupId)
            : createOutcome(
                'unknown',
                `${failure}; whether it was deleted cannot be determined`,
                undo.groupId,
              );
      return { outcomes: [toRowOutcome(row, result)] };
    });
  }

  #restore(row: GroupRow, undo: Undo, group: Group): Step {
    return {
      operation: 'restore',
      effect: 'write',
      rows: [toRef(row)],
      call: this.#api.update(undo.groupId, undo.before),
      onLost: 'resend',
      note: { groupId: undo.groupId, before: group },
      judge: (reply, { ambiguous, attempts }) => {
        if (reply.type === 'success') return settle(row, createOutcome('restored', '', undo.groupId, reply));
        const failure = describeFailure(reply, attempts);
        if (!ambiguous) return settle(row, createOutcome('failed', failure, undo.groupId, reply));
        const read = readGroup(this.#api, row, undo.groupId, (reading) =>
          settle(row, judgeRestored(undo, reading, failure)),
        );
        return { steps: [read] };
      },
    };
  }
}

function judgeRestored(undo: Undo, reading: GroupReading, failure: string): Outcome {
  const { before, groupId } = undo;
  if (reading.type !== 'found')
    return createOutcome('unknown', `${failure}; the group cannot be read`, groupId);
  if (isRestored(undo, reading)) return createOutcome('restored', 'recovered', groupId);
  const { group } = reading;
  const differences = findDifferences(before, group);
  const left =
    differences.length > 0 ? describeDifferences(differences) : `renamed from ${JSON.stringify(group.name)}`;
  return createOutcome('failed', `${failure}; ${left}`, groupId);
}

function isRestored({ before }: Undo, reading: GroupReading): boolean {
  if (reading.type !== 'found' || findDifferences(before, reading.group).length > 0) return false;
  return before.name === undefined || normalizeName(before.name) === normalizeName(reading.group.name);
}

function missingOutcome({ operation, groupId }: Undo, wasSent: boolean): Outcome {
  return operation === 'delete'
    ? createOutcome('deleted', wasSent ? 'recovered' : 'already gone', groupId)
    : createOutcome('kept', 'the group no longer exists', groupId);
}

/** Why a group stays as it is: it was changed or used, or nothing tells that it was not. */
export function findReasonToKeep(undo: Undo, reading: GroupReading): string | undefined {
  if (reading.type === 'missing') return undefined;
  if (reading.type === 'unreadable') return `its state cannot be determined: ${reading.reason}`;
  const { group } = reading;
  if (nameKey(undo.left.name) !== nameKey(group.name))
    return `renamed to ${JSON.stringify(group.name)} since`;
  const found = findDifferences(group, undo.left);
  if (found.length > 0) return `changed since (${describeDifferences(found)})`;
  if (undo.operation === 'restore') return undefined;
  // Unknown is not empty.
  if (group.members === undefined) return 'Zoom does not say whether it has members';
  return group.members > 0 ? `it has ${formatCount(group.members, 'member')}` : undefined;
}
