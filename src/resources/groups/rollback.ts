/** What one run made or changed, and which of it may be taken back: its own, and only while nobody uses it. */

import type { RunState } from '../../events/run-state.js';
import type { Outcome } from '../../model/outcome.js';
import { formatCsvLine } from '../../text/csv-cell.js';
import { formatCount } from '../../text/format.js';
import {
  type Definition,
  describeDifferences,
  differences,
  type Group,
  normalizeName,
  parseSettings,
  SETTINGS,
  type Settings,
} from './group.js';
import type { Step } from './plan.js';

/** One group that a rollback is about. */
export type Undo = {
  readonly key: string;
  readonly op: 'delete' | 'restore';
  readonly groupId: string;
  /** What the run left behind: if the group is no longer like this, somebody has changed it since. */
  readonly left: Definition;
  /** The values before the run, of a group that it updated. */
  readonly before: Settings;
};

/**
 * What a run's history has to take back. A group that the run only met is never in it; one that it updated is
 * put back only where `updates` asks for it.
 */
export function undos(history: RunState, updates: boolean): readonly Undo[] {
  const found: Undo[] = [];
  for (const [key, state] of history.rows) {
    const left = { name: state.name, ...parseSettings(state.settings) };
    const { createdId, groupId, before, outcome } = state;
    if (createdId !== undefined) {
      found.push({ key, op: 'delete', groupId: createdId, left, before: {} });
    } else if (updates && outcome?.status === 'updated' && groupId !== undefined && before) {
      found.push({ key, op: 'restore', groupId, left, before });
    }
  }
  return found;
}

/** The rollback's own input: what it is about, as a CSV, so that it is kept and reported like any run. */
export function undoCsv(all: readonly Undo[]): string {
  const words = SETTINGS.map(([, word]) => word);
  const lines = all.map(({ op, groupId, left }) =>
    formatCsvLine([left.name, ...SETTINGS.map(([setting]) => String(left[setting] ?? '')), op, groupId], ','),
  );
  return formatCsvLine(['name', ...words, 'undo', 'zoom_group_id'], ',') + lines.join('');
}

/** The step for one of them, under what the directory shows now. */
export function undoStep(undo: Undo, group: Group | undefined): Step {
  const settle = (status: Outcome['status'], detail: string): Step => {
    return { do: 'settle', outcome: { status, detail, attempts: 0, groupId: undo.groupId } };
  };
  if (!group) return settle(undo.op === 'delete' ? 'deleted' : 'kept', 'it was gone already');
  const changed = changesSince(undo.left, group);
  if (changed !== '') return settle('kept', changed);
  if (undo.op === 'restore') return { do: 'restore', group, change: undo.before };
  if (group.members > 0) return settle('kept', `it has ${formatCount(group.members, 'member')}`);
  return { do: 'delete', group };
}

function changesSince(left: Definition, group: Group): string {
  if (normalizeName(left.name) !== normalizeName(group.name)) return `it was renamed to ${group.name}`;
  const found = differences(group, left);
  return found.length === 0 ? '' : `changed since (${describeDifferences(found)})`;
}
