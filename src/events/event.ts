/**
 * The vocabulary of a run. A run is the sequence of these events; the journal is that sequence as NDJSON, one event a
 * line, in the order in which things became known:
 *
 *   run             one header per process: the first line, and again at each resume
 *   input           a piece of the input file, verbatim
 *   input-complete  the input is stored to its end: from here on requests may be sent
 *   attempt         about to send a request; written before it leaves
 *   reply           how an attempt was answered, with the outcomes that follow from it
 *   known           outcomes that needed no request of their own
 *   warning         something the user should know that belongs to no single row
 *   pace            the speed of a rate label changed, or its requests pause
 *   stop            why the run ended early
 *   end             the process's last record; missing after a crash
 *
 * Rows are identified by key and fingerprint, never by number, so that an edited or sorted file can resume a run.
 */
import type { RateLabel } from '../model/call.js';
import type { AccountPlan, Api } from '../model/choices.js';
import type { Outcome, RowRef } from '../model/outcome.js';
import type { ReplyType } from '../model/reply.js';
import type { ExitCode, Stop } from '../model/stop.js';

/** Schema 1 was never released. */
export const SCHEMA_VERSION = 2;

/** How to read the input's bytes; a report made from the journal reads them the same way. */
export type Dialect = {
  /** Empty: detected. */
  readonly encoding: string;
  /** Empty: detected. */
  readonly delimiter: string;
  /** Header text, as the user wrote it, to field; an empty field ignores the column. From `--map`. */
  readonly map: Readonly<Record<string, string>>;
  /** `K/N` if only that share of the rows belongs to this run. */
  readonly shard?: string;
};

export type Input = {
  readonly path: string;
  /** SHA-256 of the bytes as they were read, in hex. */
  readonly sha256: string;
  /** Result rows: one for each data row, or for each entry of its cells. */
  readonly rows: number;
  /** Rows to process: neither invalid nor duplicate. */
  readonly items: number;
  /** Whether no row has a problem. */
  readonly isClean: boolean;
};

export type Target = {
  readonly baseUrl: string;
  readonly api: Api;
  readonly accountPlan: AccountPlan;
  /** Requests/s of the label that the run's writes have. */
  readonly perSecond: number;
};

/** What shapes a run: a resume takes it from here. JSON values only. */
export type RunShape = {
  readonly resource: string;
  /** The resource's own options, such as `update` or `sync`: JSON values. */
  readonly options: object;
  readonly skipInvalid: boolean;
  readonly dialect: Dialect;
};

export type RunCommand = 'apply' | 'members' | 'rollback';

/** A note is what a resource wants to find again on a resume or a rollback: JSON values only. */
export type Note = Readonly<Record<string, unknown>>;

export type RowOutcome = RowRef & { readonly outcome: Outcome };

export type Event = { /** ms since 1970 */ readonly at: number } & (
  | {
      readonly type: 'run';
      readonly schemaVersion: number;
      readonly runId: string;
      readonly toolVersion: string;
      readonly command: RunCommand;
      readonly resumed: boolean;
      readonly simulated: boolean;
      readonly input: Input;
      readonly target: Target;
      readonly shape: RunShape;
      /** A hash of the account's id; absent if the token does not name it. */
      readonly account?: string;
    }
  | { readonly type: 'input'; readonly text: string; readonly base64?: true }
  | { readonly type: 'input-complete' }
  | {
      readonly type: 'attempt';
      /** Numbers the steps of one process, from 1. */
      readonly step: number;
      /** 1 for the step's first attempt. */
      readonly n: number;
      readonly operation: string;
      readonly label: RateLabel;
      readonly effect: 'read' | 'write';
      readonly rows: readonly RowRef[];
      readonly note?: Note;
    }
  | {
      readonly type: 'reply';
      readonly step: number;
      readonly n: number;
      readonly label: RateLabel;
      readonly reply: ReplyRecord;
      /** How long the step waits before its next attempt; absent if there is none. */
      readonly retryInMs?: number;
      readonly outcomes?: readonly RowOutcome[];
      readonly notes?: readonly Note[];
    }
  | { readonly type: 'known'; readonly outcomes?: readonly RowOutcome[]; readonly notes?: readonly Note[] }
  | { readonly type: 'warning'; readonly message: string }
  | {
      readonly type: 'pace';
      readonly label: RateLabel;
      /** Requests/s from now on; fractions are possible while it grows back. */
      readonly perSecond: number;
      readonly pauseMs: number;
      readonly reason: string;
    }
  | { readonly type: 'stop'; readonly stop: Stop }
  | { readonly type: 'end'; readonly exit: ExitCode; readonly reason: string }
);

/** The part of a reply that the journal keeps. */
export type ReplyRecord = {
  readonly type: ReplyType;
  /** Whether the request may have taken effect although nothing confirmed it. */
  readonly ambiguous?: true;
  readonly httpStatus?: number;
  readonly code?: number;
  readonly message?: string;
  readonly trackingId?: string;
};

export type EventOf<T extends Event['type']> = Extract<Event, { readonly type: T }>;
