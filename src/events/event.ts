/**
 * The vocabulary of a run. A run is the sequence of these events; the journal is that sequence as
 * NDJSON, one event a line, in the order in which things became known:
 *
 *   run         one header a process: the first line, and again at each resume
 *   input       the input file verbatim, in pieces; again only where a resume met another content
 *   kept        the input is complete: from here on the run may send
 *   listed      groups that a listing of the directory returned
 *   listing     the end of a listing, and whether it can be trusted
 *   attempt     about to send; written before the request leaves
 *   reply       what an attempt taught us
 *   settled     how a row ended
 *   pace        the speed changed or everybody pauses
 *   stop        why the run ended early
 *   end         the process's last word; missing after a crash
 *
 * Rows are known by `key` (the canonical form of the group's name) and `settings`, never by number,
 * so that an edited or re-sorted file can go on with an earlier run.
 */

import type { ExitCode, Outcome, Reply, Stop } from '../model/outcome.js';
import type { Group, Settings } from '../resources/groups/group.js';

export const SCHEMA_VERSION = 1;

/** How the bytes of the input are to be read; a report made from the journal reads them the same way. */
export type Dialect = {
  readonly encoding: string;
  readonly delimiter: string;
  /** Header text (as the user wrote it) to field word, from `--map`. */
  readonly map: Readonly<Record<string, string>>;
};

export type Input = {
  readonly path: string;
  /** Of the bytes as they were read. */
  readonly sha256: string;
  /** Data rows, header and blank lines not counted. */
  readonly rows: number;
  /** Rows that ask for a group of their own; told where no row has a problem. */
  readonly definitions?: number;
  readonly dialect: Dialect;
  /** `K/N` where only that share of the rows is this run's. */
  readonly shard?: string;
};

export type Target = {
  readonly baseUrl: string;
  readonly api: 'im' | 'contacts';
  readonly accountPlan: 'free' | 'pro' | 'business';
  readonly perSecond: number;
};

export type Operation = 'create' | 'update' | 'delete' | 'restore';

export type Event = { /** ms since 1970 */ readonly at: number } & (
  | {
      readonly e: 'run';
      readonly schemaVersion: number;
      readonly runId: string;
      readonly toolVersion: string;
      readonly command: 'apply' | 'rollback';
      readonly resumed: boolean;
      readonly simulated: boolean;
      readonly input: Input;
      readonly target: Target;
      /** A hash of the account's id; absent where the token does not name it. */
      readonly account?: string;
    }
  | { readonly e: 'input'; readonly text: string; readonly base64?: true }
  | { readonly e: 'kept' }
  | { readonly e: 'listed'; readonly groups: readonly Group[] }
  | {
      readonly e: 'listing';
      readonly which: 'baseline' | 'closing';
      readonly ok: boolean;
      readonly groups: number;
      readonly requests: number;
      readonly why: string;
    }
  | {
      readonly e: 'attempt';
      readonly op: Operation;
      readonly key: string;
      /** As it is sent; the key is made from it. */
      readonly name: string;
      readonly line: number;
      readonly settings: string;
      /** 1 for a row's first attempt in this process. */
      readonly n: number;
      /** The group and the values before an update, so that a rollback can put them back. */
      readonly groupId?: string;
      readonly before?: Settings;
    }
  | {
      readonly e: 'reply';
      readonly key: string;
      readonly line: number;
      readonly kind: Reply['kind'];
      readonly http?: number;
      readonly code?: number;
      readonly message?: string;
      readonly trackingId?: string;
      readonly ambiguous?: boolean;
      readonly groupId?: string;
      /** How long the row waits before its next attempt; absent where there is none. */
      readonly againInMs?: number;
    }
  | {
      readonly e: 'settled';
      readonly key: string;
      readonly name: string;
      readonly line: number;
      readonly settings: string;
      readonly outcome: Outcome;
    }
  | {
      readonly e: 'pace';
      /** The rate from now on; fractions are possible while it grows back. */
      readonly perSecond: number;
      readonly pauseMs: number;
      readonly why: string;
    }
  | { readonly e: 'stop'; readonly stop: Stop }
  | { readonly e: 'end'; readonly exit: ExitCode; readonly reason: string }
);

/** One kind of event. */
export type EventOf<E extends Event['e']> = Extract<Event, { readonly e: E }>;
