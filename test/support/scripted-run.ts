/** A run of the loop on a virtual clock: rows that each need one create, and replies from a script. */
import { type Job, provision } from '../../src/engine/provision.js';
import type { Event } from '../../src/events/event.js';
import { createRunState, type RunState } from '../../src/events/run-state.js';
import type { RowRef } from '../../src/model/outcome.js';
import type { Judgement, Session, Step } from '../../src/resources/resource.js';
import { type ApiScript, createScriptedApi, type SentRequest } from './scripted-api.js';
import { createVirtualClock } from './virtual-clock.js';

export type RunScript = Pick<ApiScript, 'answer' | 'onSend' | 'onSlot' | 'perSecond' | 'latencyMs'> & {
  /** Default 20. */
  readonly rows?: number;
  /** Instead of one create for each row. */
  readonly session?: Session;
  /** Receives each event before it is kept; what it throws, the journal throws. */
  readonly onRecord?: (event: Event) => void;
  readonly concurrency?: number;
  readonly maxFailures?: number;
  readonly random?: () => number;
  /** Aborts the run at a time, in ms. */
  readonly abort?: { readonly at: number; readonly reason: unknown };
  /** Thrown when this row is read. */
  readonly rowsFailAt?: { readonly row: number; readonly error: Error };
};

export type ScriptedRun = {
  readonly state: RunState;
  /** What the run threw. */
  readonly error: unknown;
  readonly endedAt: number;
  /** How many rows were read. */
  readonly rowsRead: number;
  readonly sent: readonly SentRequest[];
  /** Those that were kept. */
  readonly events: readonly Event[];
  readonly lost: readonly Event[];
};

export function toRef(row: number): RowRef {
  return { key: `group ${row}`, fingerprint: '', name: `Group ${row}`, line: row + 1 };
}

/** The number of the row that a request is about. */
export function rowOf({ call }: Pick<SentRequest, 'call'>): number {
  return Number(call.path.split('/').at(-1));
}

/** A create as a resource may ask for it: a lost one leaves its row open. */
export function createStep(row: number, more: Partial<Step> = {}): Step {
  const ref = toRef(row);
  return {
    operation: 'create',
    effect: 'write',
    rows: [ref],
    call: { label: 'light', method: 'POST', path: `/things/${row}`, success: 201 },
    onLost: 'resend',
    judge: (reply, { ambiguous }): Judgement => {
      if (reply.type === 'success')
        return { outcomes: [{ ...ref, outcome: { status: 'created', detail: '' } }] };
      if (ambiguous) return {};
      return { outcomes: [{ ...ref, outcome: { status: 'failed', detail: reply.message } }] };
    },
    ...more,
  };
}

/** A session of phases that are read lazily; the loop says when. */
export function createSession(
  ...phases: readonly ((draining: boolean) => ReturnType<Session['next']>)[]
): Session {
  const left = [...phases];
  return {
    next: (draining) => left.shift()?.(draining),
    restart: () => undefined,
  };
}

export async function runScript(script: RunScript): Promise<ScriptedRun> {
  const { rows = 20, rowsFailAt, abort, onRecord, concurrency = 10 } = script;
  const clock = createVirtualClock();
  const api = createScriptedApi({ ...script, clock });
  const state = createRunState();
  const events: Event[] = [];
  const lost: Event[] = [];
  let rowsRead = 0;
  const readRows = function* (): Generator<Judgement> {
    for (let row = 1; row <= rows; row += 1) {
      rowsRead = row;
      if (rowsFailAt?.row === row) throw rowsFailAt.error;
      yield { steps: [createStep(row)] };
    }
  };
  const aborting = new AbortController();
  if (abort && abort.at <= 0) aborting.abort(abort.reason);
  else if (abort) clock.at(abort.at, () => aborting.abort(abort.reason));
  const job: Job = {
    session: script.session ?? createSession(readRows),
    state,
    api,
    onPace: () => undefined,
    keep: (...kept) => {
      for (const event of kept) onRecord?.(event);
      events.push(...kept);
    },
    onEvent: () => undefined,
    onLost: (event) => void lost.push(event),
    clock,
    random: script.random ?? (() => 0.5),
    concurrencyFor: () => concurrency,
    signal: aborting.signal,
    ...(script.maxFailures === undefined ? {} : { maxFailures: script.maxFailures }),
  };
  let error: unknown;
  try {
    await clock.run(provision(job));
  } catch (thrown) {
    error = thrown;
  }
  const endedAt = clock.now();
  // Whatever the run has left behind would show itself now.
  await clock.run(clock.sleep(3_600_000, new AbortController().signal));
  return { state, error, endedAt, rowsRead, sent: api.sent, events, lost };
}
