/** What a resource hands to the engine: requests to send, and what follows from their replies. */
import type { Note, RowOutcome } from '../events/event.js';
import type { Call } from '../model/call.js';
import type { RowRef } from '../model/outcome.js';
import type { Reply } from '../model/reply.js';
import type { Stop } from '../model/stop.js';

export type JudgeContext = {
  /** Wall clock, in ms since 1970. */
  readonly now: number;
  /** An attempt of this step, this reply's or an earlier one, may have taken effect without our knowing. */
  readonly ambiguous: boolean;
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
  /** What follows from the last reply. Never called for a reply that is retried. */
  readonly judge: (reply: Reply, context: JudgeContext) => Judgement;
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

/**
 * The work of one process on one run, in phases. The engine asks for the next phase when nothing of the last one
 * waits or is in flight; phases are read lazily.
 */
export type Session = {
  /** @param draining no new row is to be started: only what settles rows already attempted */
  next(draining: boolean): AsyncIterable<Judgement> | Iterable<Judgement> | undefined;
};
