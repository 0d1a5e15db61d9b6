/** Undoing a run on groups: what it created is deleted, what it updated is restored, if nobody has used it since. */
import type { Note } from '../../events/event.js';
import { isInDoubt } from '../../events/row-state.js';
import type { RunState } from '../../events/run-state.js';
import { type Api, isApi } from '../../model/choices.js';
import { formatCsvLine } from '../../text/csv-cell.js';
import { formatCount } from '../../text/format.js';
import { createSession } from '../create-session.js';
import { describeFailure, settle, toRef } from '../outcomes.js';
import type { Judgement, Resource, SessionContext, Step } from '../resource.js';
import {
  type Change,
  type Definition,
  describeDifferences,
  findDifferences,
  isGroupType,
  nameKey,
  SETTINGS,
} from './api/group.js';
import { type GroupsApi, isUsableId } from './api/groups-api.js';
import { GROUPS_APIS } from './api/groups-apis.js';
import { type GroupReading, readGroup } from './api/read-group.js';
import { defineGroupInput, type GroupItem, parseFingerprint } from './fields.js';
import { GROUP_ID_COLUMNS } from './groups.js';
import { changeGroup, findChange } from './update.js';
import { type GroupRow, readGroupRows } from './work.js';

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
    const updates = effects.filter(({ operation }) => operation === 'update');
    const groupId = (created ?? updates.at(-1))?.ids.groupId ?? '';
    if (created) undos.push({ key, operation: 'delete', groupId, left, before: {} });
    else if (includeUpdates) {
      // The oldest values are the ones to restore: a second update of one run must not hide them.
      const before = Object.fromEntries([...updates].reverse().flatMap(({ note }) => listValuesBefore(note)));
      undos.push({ key, operation: 'restore', groupId, left, before });
    }
  }
  return undos;
}

/** The journal may have been edited: values of another kind are left out. */
function listValuesBefore({ before }: Note = {}): readonly (readonly [string, unknown])[] {
  const fields = new Set<string>(['name', ...SETTINGS.map(([setting]) => setting)]);
  const values: [string, unknown][] = Object.entries(
    typeof before === 'object' && before !== null ? before : {},
  );
  return values.filter(([field, value]) => {
    if (field === 'type') return isGroupType(value);
    return fields.has(field) && typeof value === (field.startsWith('search') ? 'boolean' : 'string');
  });
}

/** The rollback's own input as a CSV, so that it is stored and reported like that of any run. */
export function formatUndoCsv(undos: readonly Undo[]): string {
  const words = SETTINGS.map(([, word]) => word);
  const lines = undos.map(({ operation, groupId, left }) => {
    const values = SETTINGS.map(([setting]) => String(left[setting] ?? ''));
    return formatCsvLine([left.name, ...values, operation, groupId], ',');
  });
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
    open: (context) => createSession(() => [undoRows(context, byKey)]),
  };
}

async function* undoRows(
  { rows, state, options }: SessionContext<GroupItem, RollbackOptions>,
  undos: ReadonlyMap<string, Undo>,
): AsyncGenerator<Judgement> {
  for await (const row of readGroupRows(rows())) {
    const undo = undos.get(row.key);
    if (!undo) throw new Error(`nothing is known about line ${row.line}`);
    const before = state.rows.get(row.key);
    const done = before?.outcome?.status;
    if (done === 'deleted' || done === 'restored') continue;
    if (!isUsableId(undo.groupId)) yield settle(row, 'kept', 'the run recorded no usable id of it');
    // A process of this rollback was killed before the answer to its own delete or restore.
    else yield { steps: [undoRow(GROUPS_APIS[options.api], row, undo, isInDoubt(before))] };
  }
}

/** Nothing is deleted or changed that was not looked at right before. */
function undoRow(api: GroupsApi, row: GroupRow, undo: Undo, wasSent: boolean): Step {
  const { groupId, operation, before } = undo;
  return readGroup(api, row, groupId, (reading) => {
    const isFound = reading.type === 'found';
    if (wasSent && operation === 'restore' && isFound && findChange(before, reading.group) === undefined) {
      return settle(row, 'restored', 'recovered', { groupId });
    }
    const reason = findReasonToKeep(undo, reading);
    if (reason !== undefined) return settle(row, 'kept', reason, { groupId });
    if (operation === 'delete') {
      return isFound
        ? { steps: [removeGroup(api, row, groupId)] }
        : settle(row, 'deleted', wasSent ? 'recovered' : 'already gone', { groupId });
    }
    return isFound
      ? { steps: [changeGroup(api, 'restore', row, reading.group, before, before)] }
      : settle(row, 'kept', 'the group no longer exists', { groupId });
  });
}

function removeGroup(api: GroupsApi, row: GroupRow, groupId: string): Step {
  return {
    operation: 'delete',
    effect: 'write',
    rows: [toRef(row)],
    call: api.remove(groupId),
    onLost: 'resend',
    note: { groupId },
    judge: (reply, { ambiguous, attempts }) => {
      if (reply.type === 'success') return settle(row, 'deleted', '', { groupId }, reply);
      const failure = describeFailure(reply, attempts);
      if (!ambiguous && reply.type !== 'not-found') return settle(row, 'failed', failure, { groupId }, reply);
      // A group is called gone when Zoom says so when asked for it.
      const read = readGroup(api, row, groupId, (reading) => {
        switch (reading.type) {
          case 'missing':
            return settle(row, 'deleted', ambiguous ? 'recovered' : 'already gone', { groupId });
          case 'found':
            return settle(row, 'failed', `${failure}; the group still exists`, { groupId });
          case 'unreadable': {
            const detail = `${failure}; whether it was deleted cannot be determined`;
            return settle(row, 'unknown', detail, { groupId });
          }
        }
      });
      return { steps: [read] };
    },
  };
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
