/** The loop in a world of its own: time that passes only when everybody waits, and a directory with a script. */
import { setMaxListeners } from 'node:events';
import { type Ran, run } from '../../src/engine/loop.js';
import type { Clock, Limits, Turns } from '../../src/engine/ports.js';
import type { Event, EventOf } from '../../src/events/event.js';
import type { Directory } from '../../src/model/directory.js';
import type { Outcome } from '../../src/model/outcome.js';
import type { Reply } from '../../src/model/reply.js';
import type { Planned } from '../../src/resources/groups/plan.js';

export type VirtualClock = Clock & {
  /** Lets time pass until the work is done. @throws Error where nothing is left to wait for */
  pass<T>(work: Promise<T>): Promise<T>;
  at(ms: number, act: () => void): void;
};

/** A clock that begins at 0 and goes on to whatever is due next. */
export function virtualClock(): VirtualClock {
  let now = 0;
  const due: { readonly at: number; readonly act: () => void }[] = [];
  const at = (ms: number, act: () => void): void => void due.push({ at: ms, act });
  return {
    now: () => now,
    at,
    sleep: (waitMs, signal) =>
      new Promise((wake) => {
        if (signal.aborted) return wake();
        setMaxListeners(0, signal);
        signal.addEventListener('abort', () => wake(), { once: true });
        at(now + waitMs, wake);
      }),
    pass: async (work) => {
      let isOver = false;
      const noted = work.finally(() => {
        isOver = true;
      });
      noted.catch(() => undefined);
      for (;;) {
        // Whoever can go on without waiting does so first.
        await new Promise((resolve) => setImmediate(resolve));
        if (isOver) return noted;
        due.sort((a, b) => a.at - b.at);
        const next = due.shift();
        if (!next) throw new Error('the loop waits for nothing');
        now = Math.max(now, next.at);
        next.act();
      }
    },
  };
}

/** One request as the directory got it. */
export type Sent = { readonly name: string; readonly at: number; answeredAt: number };

export type Asked = {
  readonly name: string;
  readonly at: number;
  /** 1 for the first request of all. */
  readonly nth: number;
  /** 1 for the first request of this row. */
  readonly attempt: number;
};

export type Script = {
  /** What comes of a request; thrown is what a port throws. */
  readonly answer: (asked: Asked) => Reply;
  readonly rows?: number;
  readonly limits?: Partial<Limits>;
  readonly latencyMs?: number;
  /** Told of each event before it is kept; what it throws, `record` throws. */
  readonly onRecord?: (event: Event) => void;
  /** Told of each request as it leaves. */
  readonly onSend?: (asked: Asked) => void;
  readonly onTurn?: (nth: number) => void;
  readonly dice?: () => number;
  /** Of the run, at a time. */
  readonly abort?: { readonly at: number; readonly reason: unknown };
  /** Thrown by the rows instead of that one. */
  readonly rowsBreakAt?: { readonly row: number; readonly error: Error };
};

export type Told = {
  readonly ran: Ran | undefined;
  /** What the run threw. */
  readonly error: unknown;
  readonly endedAt: number;
  /** How many rows were asked for. */
  readonly read: number;
  readonly sent: readonly Sent[];
  readonly events: readonly Event[];
  readonly lost: readonly Event[];
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** What the turns were told, in order. */
  readonly pauses: readonly number[];
  readonly rates: readonly number[];
  readonly margins: readonly number[];
};

/** Runs so many new rows, `Group 1` and on, to their end. */
export async function runScript(script: Script): Promise<Told> {
  const clock = virtualClock();
  const sent: Sent[] = [];
  const events: Event[] = [];
  const lost: Event[] = [];
  const read = { rows: 0 };
  const { turns, ...heard } = virtualTurns(clock, script);
  const stopping = new AbortController();
  const { abort } = script;
  if (abort && abort.at <= 0) stopping.abort(abort.reason);
  else if (abort) clock.at(abort.at, () => stopping.abort(abort.reason));
  const ports = {
    directory: scripted(clock, script, sent),
    turns,
    record: (...kept: readonly Event[]) => {
      for (const event of kept) script.onRecord?.(event);
      events.push(...kept);
    },
    lost: (event: Event) => void lost.push(event),
    clock,
    dice: script.dice ?? (() => 0.5),
  };
  const limits = { perSecond: 80, concurrency: 10, heard: true, ...script.limits };
  let ran: Ran | undefined;
  let error: unknown;
  try {
    ran = await clock.pass(run(planned(script, read), ports, limits, stopping.signal));
  } catch (thrown) {
    error = thrown;
  }
  const endedAt = clock.now();
  // Whatever the run has left behind would show itself now.
  await clock.pass(clock.sleep(3_600_000, new AbortController().signal));
  const settled = events.filter((event): event is EventOf<'settled'> => event.e === 'settled');
  const outcomes = new Map(settled.map(({ name, outcome }) => [name, outcome]));
  return { ran, error, endedAt, read: read.rows, sent, events, lost, outcomes, ...heard };
}

/** A batch for each row, so that it shows how far the loop reads. */
async function* planned(
  { rows = 20, rowsBreakAt }: Script,
  read: { rows: number },
): AsyncGenerator<readonly Planned[]> {
  for (let row = 1; row <= rows; row += 1) {
    read.rows = row;
    if (rowsBreakAt?.row === row) throw rowsBreakAt.error;
    const name = `Group ${row}`;
    const step = { do: 'create', inDoubt: false } as const;
    yield [{ key: name.toLowerCase(), line: row + 1, settings: '', definition: { name }, step }];
  }
}

function scripted(clock: VirtualClock, { answer, onSend, latencyMs = 100 }: Script, sent: Sent[]): Directory {
  return {
    api: 'im',
    unsupported: [],
    // biome-ignore lint/correctness/useYield: the loop lists nothing
    list: async function* () {
      throw new Error('the loop lists nothing');
    },
    create: async ({ name }) => {
      const one: Sent = { name, at: clock.now(), answeredAt: Number.POSITIVE_INFINITY };
      sent.push(one);
      const attempt = sent.filter((other) => other.name === name).length;
      const asked = { name, at: one.at, nth: sent.length, attempt };
      onSend?.(asked);
      await clock.sleep(latencyMs, new AbortController().signal);
      one.answeredAt = clock.now();
      return answer(asked);
    },
    update: () => Promise.reject(new Error('nothing is changed here')),
    remove: () => Promise.reject(new Error('nothing is removed here')),
  };
}

/** Turns as the pacer gives them: evenly spaced, none in a pause; at no end of a rate to all at once. */
function virtualTurns(clock: VirtualClock, { onTurn, limits }: Script) {
  const pauses: number[] = [];
  const rates: number[] = [];
  const margins: number[] = [];
  let spacingMs = 1_000 / (limits?.perSecond ?? 80);
  let freeAt = 0;
  let pausedUntil = 0;
  let given = 0;
  let line: Promise<void> = Promise.resolve();
  let pauseOver: Promise<void> | undefined;
  const next = async (signal: AbortSignal): Promise<void> => {
    for (;;) {
      signal.throwIfAborted();
      const waitMs = Math.max(freeAt, pausedUntil) - clock.now();
      if (waitMs <= 0) break;
      pauseOver ??= clock.sleep(waitMs, signal).finally(() => {
        pauseOver = undefined;
      });
      await pauseOver;
    }
    freeAt = clock.now() + spacingMs;
    given += 1;
    onTurn?.(given);
  };
  const turns: Turns = {
    turn: (signal) => {
      if (spacingMs === 0) return next(signal);
      const turn = line.then(() => next(signal));
      line = turn.catch(() => undefined);
      return turn;
    },
    pause: (pauseMs) => {
      pauses.push(pauseMs);
      pausedUntil = Math.max(pausedUntil, clock.now() + pauseMs);
    },
    setRate: (perSecond) => {
      rates.push(perSecond);
      spacingMs = 1_000 / perSecond;
    },
    setMargin: (marginMs) => void margins.push(marginMs),
  };
  return { turns, pauses, rates, margins };
}
