/** What is known of each row of a run, found by the row's key. */

import { isProvisioned, type Outcome, type Status } from '../model/outcome.js';
import type { Settings } from '../resources/groups/group.js';
import { Numbers, TextSet, Texts } from '../text/string-table.js';
import type { EventOf, Operation } from './event.js';

/** What is known of one row. */
export type RowState = {
  /** As it was sent; empty for a row that never was. */
  name: string;
  /** The settings it was last sent or settled with. */
  settings: string;
  /** Over all processes that worked on the run. */
  attempts: number;
  /** An attempt was recorded and its reply was not: it left just before a crash, or it did not. */
  pending: boolean;
  /** An attempt may have taken effect, and nothing has settled the row since. */
  ambiguous: boolean;
  op: Operation;
  outcome: Outcome | undefined;
  last: EventOf<'reply'> | undefined;
  /** The group that this run created for the row, whatever became of the row since. */
  createdId: string | undefined;
  /** Of an update: the group, and its values before the first one of this run. */
  groupId: string | undefined;
  before: Settings | undefined;
};

/** Whether Zoom may have done something for this row that we have not learnt of. */
export function isInDoubt(state: RowState | undefined): boolean {
  return state !== undefined && (state.pending || state.ambiguous);
}

function newRow(op: Operation): RowState {
  return {
    name: '',
    settings: '',
    attempts: 0,
    pending: false,
    ambiguous: false,
    op,
    outcome: undefined,
    createdId: undefined,
    last: undefined,
    groupId: undefined,
    before: undefined,
  };
}

/** All that a row without a request can have to tell, besides its group's id. */
type Ending = { readonly settings: string; readonly status: Status; readonly detail: string };

/**
 * Rows by their key. Those that something was sent for are objects, to be changed in place; of those that needed no
 * request there may be a million at once, so they are held as bytes, and an object is made of one when it is asked for.
 */
export class RowStates {
  readonly #sent = new Map<string, RowState>();
  readonly #unsent = new TextSet();
  /** Of each unsent row the number of its ending, and of its group's id plus 1; 0 is none. */
  readonly #endingOf = new Numbers();
  readonly #idOf = new Numbers();
  readonly #ids = new Texts();
  /** Many rows share few endings. */
  readonly #endings: Ending[] = [];
  readonly #endingNumbers = new Map<string, number>();
  /** The next row's is mostly the same. */
  #lastEnding = -1;

  /** Read it, don't keep it: of a row that was never sent it is a copy. */
  get(key: string): RowState | undefined {
    const sent = this.#sent.get(key);
    if (sent) return sent;
    const n = this.#unsent.find(key);
    return n < 0 ? undefined : this.#unsentRow(n);
  }

  /** A row that something is sent for, to be changed in place; made where it was not sent before. */
  sent(key: string, op: Operation): RowState {
    const known = this.#sent.get(key);
    if (known) return known;
    const row = newRow(op);
    this.#sent.set(key, row);
    return row;
  }

  /** A row that something was sent for, to be changed in place. */
  known(key: string): RowState | undefined {
    return this.#sent.get(key);
  }

  /** Settles a row for which nothing was sent, nor answered. */
  settleUnsent(key: string, settings: string, { status, detail, groupId }: Outcome): void {
    const last = this.#endings[this.#lastEnding];
    const isLast = last?.status === status && last.settings === settings && last.detail === detail;
    if (!isLast) this.#lastEnding = this.#endingNumber({ settings, status, detail });
    const id = groupId === undefined ? 0 : this.#ids.add(groupId) + 1;
    const n = this.#unsent.add(key);
    this.#endingOf.set(n, this.#lastEnding);
    this.#idOf.set(n, id);
  }

  /** How many rows have what they ask for. */
  provisioned(): number {
    let count = 0;
    for (const { outcome } of this.#sent.values()) if (outcome && isProvisioned(outcome.status)) count += 1;
    const isSent = (n: number): boolean => this.#sent.size > 0 && this.#sent.has(this.#unsent.at(n));
    for (let n = 0; n < this.#unsent.size; n += 1) {
      if (isProvisioned(this.#ending(n).status) && !isSent(n)) count += 1;
    }
    return count;
  }

  *[Symbol.iterator](): Generator<readonly [string, RowState]> {
    yield* this.#sent;
    for (let n = 0; n < this.#unsent.size; n += 1) {
      const key = this.#unsent.at(n);
      if (!this.#sent.has(key)) yield [key, this.#unsentRow(n)];
    }
  }

  #unsentRow(n: number): RowState {
    const { settings, status, detail } = this.#ending(n);
    const id = this.#idOf.at(n);
    const groupId = id === 0 ? undefined : this.#ids.at(id - 1);
    const row = newRow('create');
    row.settings = settings;
    row.outcome = { status, detail, attempts: 0, ...(groupId === undefined ? {} : { groupId }) };
    if (status === 'created') row.createdId = groupId;
    return row;
  }

  #ending(n: number): Ending {
    const ending = this.#endings[this.#endingOf.at(n)];
    if (!ending) throw new Error('a row that ended without an ending');
    return ending;
  }

  #endingNumber(ending: Ending): number {
    const key = `${ending.status}\n${ending.settings}\n${ending.detail}`;
    let n = this.#endingNumbers.get(key);
    if (n === undefined) {
      n = this.#endings.push(ending) - 1;
      this.#endingNumbers.set(key, n);
    }
    return n;
  }
}
