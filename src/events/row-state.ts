/** What is known about one row of a run. */
import type { Outcome } from '../model/outcome.js';
import type { Note, ReplyRecord } from './event.js';

/** An attempt that may have taken effect, and that nothing has settled since. */
export type Doubt = {
  readonly operation: string;
  /** When it was sent, in ms since 1970. */
  readonly at: number;
  readonly note?: Note;
};

/** A change on Zoom's side that this run made for the row: what a rollback can undo. */
export type Effect = {
  readonly operation: string;
  /** Names the row as it was sent. */
  readonly name: string;
  readonly fingerprint: string;
  readonly ids: Readonly<Record<string, string>>;
  readonly note?: Note;
};

/** All rows have the same fields, and none is deleted: objects that differ take several times the memory. */
export type RowState = {
  fingerprint: string;
  /** Only of a row that stands in no file: what results call it. */
  name?: string;
  /** Requests sent for this row alone or with others, over all processes of the run. */
  attempts: number;
  outcome: Outcome | undefined;
  last: ReplyRecord | undefined;
  /** By `process.step.n`; absent for the many rows that never had any. */
  doubts: Map<string, Doubt> | undefined;
  effects?: Effect[];
};

export function isInDoubt(state: RowState | undefined): boolean {
  return state?.doubts !== undefined && state.doubts.size > 0;
}

/** The doubts of a row, oldest first. */
export function listDoubts(state: RowState | undefined): readonly Doubt[] {
  return [...(state?.doubts?.values() ?? [])];
}
