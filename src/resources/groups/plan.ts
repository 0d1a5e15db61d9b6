/**
 * What each row needs: definitions × the directory's listing × the run's history → steps. No listing and
 * an empty one are different facts: the first proves nothing, the second proves absence.
 */

import { isInDoubt, type RowState } from '../../events/row-state.js';
import type { RunState } from '../../events/run-state.js';
import { isProvisioned, type Outcome, pickMetadata } from '../../model/outcome.js';
import type { ValidatedRow } from '../../validation/row.js';
import {
  type Definition,
  describeDifferences,
  differences,
  type Group,
  normalizeName,
  type Settings,
} from './group.js';
import type { GroupIndex } from './group-index.js';

/** A row with what it needs. */
export type Planned = {
  readonly key: string;
  readonly line: number;
  readonly settings: string;
  readonly definition: Definition;
  readonly step: Step;
};

export type Step =
  /** Settled in an earlier process of this run. */
  | { readonly do: 'nothing'; readonly outcome: Outcome }
  /** Known already, with nothing to send. */
  | { readonly do: 'settle'; readonly outcome: Outcome }
  /** `inDoubt`: an earlier attempt may have made it. */
  | { readonly do: 'create'; readonly inDoubt: boolean }
  /** `detail` tells what differs. */
  | { readonly do: 'update'; readonly group: Group; readonly change: Settings; readonly detail: string }
  /** A rollback's steps. */
  | { readonly do: 'delete'; readonly group: Group }
  | { readonly do: 'restore'; readonly group: Group; readonly change: Settings };

/** What a plan is made of. `now` is undefined where no listing could be taken. */
export type Known = {
  readonly now: GroupIndex | undefined;
  readonly history: RunState;
  /** Whether rows whose settings differ are to be changed. */
  readonly update: boolean;
};

/** The step for one definition. */
export function plan(checked: Extract<ValidatedRow, { kind: 'definition' }>, known: Known): Planned {
  const { key, settings, definition, row } = checked;
  return { key, line: row.line, settings, definition, step: stepFor(key, settings, definition, known) };
}

function stepFor(key: string, settings: string, definition: Definition, known: Known): Step {
  const state = known.history.rows.get(key);
  const group = known.now?.get(normalizeName(definition.name));
  if (state?.outcome && state.settings === settings && isProvisioned(state.outcome.status)) {
    // Of a group that was made just before a crash the id may not be known yet.
    if (state.outcome.groupId !== undefined || !group) return { do: 'nothing', outcome: state.outcome };
    return { do: 'settle', outcome: { ...state.outcome, groupId: group.id } };
  }
  const doubt = isInDoubt(state) && state?.op === 'create';
  if (!group) return { do: 'create', inDoubt: doubt };
  const found = doubt ? lookUp(definition, group, known.history) : thereAlready(definition, group, known.now);
  if (!known.update || found.status === 'created') return { do: 'settle', outcome: found };
  const change = changeFor(definition, group);
  return change ? { do: 'update', group, change, detail: found.detail } : { do: 'settle', outcome: found };
}

/** The settings in which a group is to be changed, or undefined where it is as the row wants it. */
function changeFor(definition: Definition, group: Group): Settings | undefined {
  const found = differences(definition, group);
  return found.length === 0 ? undefined : Object.fromEntries(found.map((d) => [d.setting, d.to]));
}

function thereAlready(definition: Definition, group: Group, now?: GroupIndex): Outcome {
  const found = describeDifferences(differences(definition, group));
  const twice = now?.twice.has(normalizeName(definition.name));
  const detail = twice ? `${found}; the directory has this name more than once` : found;
  return { status: 'already-provisioned', detail, attempts: 0, groupId: group.id };
}

/**
 * Whose group it is that a listing shows after an attempt whose answer was lost. Only what was not there
 * before the run, and is just as the row asked for it, and has nobody in it yet, is called our own.
 */
function lookUp(definition: Definition, group: Group, history: RunState): Outcome {
  const there = thereAlready(definition, group);
  if (!history.baseline) return { ...there, detail: 'maybe ours' };
  if (history.baseline.has(normalizeName(definition.name))) return there;
  const ours = differences(definition, group).length === 0 && group.members === 0;
  return ours ? { ...there, status: 'created', detail: 'recovered' } : { ...there, detail: 'maybe ours' };
}

/** What a listing adds to a settled row: the id that its answer did not have, and how an existing group differs. */
export function completed(row: Planned, settled: Outcome, closing: GroupIndex | undefined): Outcome {
  const group = closing?.get(normalizeName(row.definition.name));
  if (!group) return settled;
  if (settled.status === 'created') return { ...settled, groupId: group.id };
  const { detail, groupId } = thereAlready(row.definition, group, closing);
  return { ...settled, detail, ...(groupId === undefined ? {} : { groupId }) };
}

/** How an open row ended, after the listing that closes a run. */
export function settleOpen(
  row: Pick<Planned, 'definition' | 'step'>,
  state: RowState,
  closing: GroupIndex | undefined,
  history: RunState,
): Outcome {
  const named = closing?.get(normalizeName(row.definition.name));
  const group = 'group' in row.step ? withId(row.step.group.id, named, closing) : named;
  const facts = { attempts: state.attempts, ...pickMetadata(state.last) };
  if (row.step.do === 'delete') return { ...settleDelete(group, closing), ...facts };
  if (row.step.do === 'restore') return { ...settleRestore(row.step.change, group), ...facts };
  if (row.step.do === 'update') return { ...settleUpdate(row.definition, group), ...facts };
  if (group) return { ...lookUp(row.definition, group, history), ...facts };
  const said = state.last?.message ?? 'no answer';
  if (closing) return { status: 'failed', detail: `${said}; the directory does not have it`, ...facts };
  if (state.last?.kind === 'taken') return { status: 'already-provisioned', detail: 'maybe ours', ...facts };
  return { status: 'unknown', detail: `${said}; no listing could tell whether it was made`, ...facts };
}

/** The group itself, where others share its name. */
function withId(id: string, named: Group | undefined, closing: GroupIndex | undefined): Group | undefined {
  return named?.id === id ? named : closing?.others.find((group) => group.id === id);
}

function settleUpdate(definition: Definition, group: Group | undefined): Outcome {
  if (!group)
    return { status: 'unknown', detail: 'no listing could tell whether it was changed', attempts: 0 };
  const left = differences(definition, group);
  if (left.length === 0) return { status: 'updated', detail: 'recovered', attempts: 0, groupId: group.id };
  return { status: 'failed', detail: describeDifferences(left), attempts: 0, groupId: group.id };
}

function settleDelete(group: Group | undefined, closing: GroupIndex | undefined): Outcome {
  if (!closing) return { status: 'unknown', detail: 'no listing could tell whether it is gone', attempts: 0 };
  if (!group) return { status: 'deleted', detail: 'recovered', attempts: 0 };
  return { status: 'failed', detail: 'it is still there', attempts: 0, groupId: group.id };
}

function settleRestore(change: Settings, group: Group | undefined): Outcome {
  const settled = group && settleUpdate({ name: group.name, ...change }, group);
  if (settled?.status !== 'updated') return settled ?? settleUpdate({ name: '' }, undefined);
  return { ...settled, status: 'restored' };
}
