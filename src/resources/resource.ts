/**
 * A resource is a kind of thing that rows of a file ask for, such as groups. It hands the engine requests to send, and
 * says what follows from their replies; the engine knows nothing else of it.
 */
import type { Note, RowOutcome } from '../events/event.js';
import type { RunState } from '../events/run-state.js';
import type { Call, RateLabel } from '../model/call.js';
import type { RowRef } from '../model/outcome.js';
import type { JudgedReply } from '../model/reply.js';
import type { Stop } from '../model/stop.js';
import type { InputDefinition, ValidatedRow } from '../validation/row.js';

export type JudgeContext = {
  /** Wall clock, in ms since 1970. */
  readonly now: number;
  /** An attempt of this step, this reply's or an earlier one, may have taken effect without our knowing. */
  readonly ambiguous: boolean;
  /** How many attempts the step took. */
  readonly attempts: number;
  /** When the last of them was sent, in ms since 1970. */
  readonly sentAt: number;
};

/** One request to be made, with what follows from its reply. */
export type Step = {
  /** A verb for the journal, such as `create` or `list-groups`. */
  readonly operation: string;
  /** A write is recorded for its rows before it leaves; after a stop only reads are sent. */
  readonly effect: 'read' | 'write';
  /** The rows that it serves. */
  readonly rows: readonly RowRef[];
  readonly call: Call;
  /** Whether a lost answer may be answered by sending the call again, or must be judged at once. */
  readonly onLost: 'resend' | 'judge';
  /** Whether a reply that normally ends the run is for `judge` to decide. Default `stop`. */
  readonly onFatal?: 'stop' | 'judge';
  /** How long to wait before the first attempt. */
  readonly delayMs?: number;
  /** Recorded with every attempt. */
  readonly note?: Note;
  /** What a write would change, in words for a plan: `type normal → shared`. */
  readonly change?: string;
  /** What follows from the last reply. Never called for a reply that is retried. */
  readonly judge: (reply: JudgedReply, context: JudgeContext) => Judgement;
};

/** Everything is optional: a judgement may settle rows, ask for more, or both. */
export type Judgement = {
  readonly outcomes?: readonly RowOutcome[];
  /** Sent before anything that waits already. */
  readonly steps?: readonly Step[];
  readonly notes?: readonly Note[];
  readonly warnings?: readonly string[];
  /** Ends the run at once: nothing more is sent. */
  readonly stop?: Stop;
  /** Ends the run without starting a new row: what was attempted is still settled. */
  readonly drain?: Stop;
};

/** Read lazily: a file may have a million rows. */
export type Phase = AsyncIterable<Judgement> | Iterable<Judgement>;

/**
 * The work of one process on one run, in phases. The engine asks for the next phase when nothing of the last one
 * waits or is in flight.
 */
export type Session = {
  /** @param draining no new row is to be started: only what settles rows already attempted */
  next(draining: boolean): Phase | undefined;
  /** Begins again with the first row and keeps what was read from Zoom: after a dry run, do just what it showed. */
  restart(): void;
  /** Called when the run has ended: lets go of what was read from Zoom, since the reports need the memory. */
  close?(): void;
};

export type SessionContext<Item, Options> = {
  /** The validated rows, in batches, from the first; from the first again at each call. */
  readonly rows: () => AsyncIterable<readonly ValidatedRow<Item>[]>;
  /** What earlier processes of the run, and this one so far, have recorded. */
  readonly state: RunState;
  /** Wall clock, in ms since 1970. */
  readonly now: () => number;
  readonly options: Options;
  /** Rows that may be started; what remains then ends as `not-attempted`. */
  readonly limit?: number;
};

/** A column of the results that shows an id of Zoom's. */
export type IdColumn = { /** In `Outcome.ids`. */ readonly id: string; readonly column: string };

/**
 * Its functions are methods, so that what works with every resource can take any of them as a bare `Resource`.
 * @template Options what shapes a run of this resource; JSON values, kept in the run's journal
 */
export type Resource<Item = unknown, Options = object> = {
  readonly kind: string;
  readonly idColumns: readonly IdColumn[];
  /** Whether options from a journal are this resource's: the file may have been edited. */
  readonly isOptions: (options: object) => boolean;
  input(options: Options): InputDefinition<Item>;
  /** The rate label of the writes that `--rate` is about. */
  writeLabel(options: Options): RateLabel;
  /** Each list needs one of its scopes: classic ones first, granular ones after them. */
  scopes(options: Options): readonly (readonly string[])[];
  open(context: SessionContext<Item, Options>): Session;
};
