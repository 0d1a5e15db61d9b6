/** A run on groups in this process, against a simulator over real sockets, on a clock of the test's choice. */
import { provision } from '../../src/engine/provision.js';
import type { Event } from '../../src/events/event.js';
import { createRunState, type RunState } from '../../src/events/run-state.js';
import type { Api } from '../../src/model/choices.js';
import type { Clock } from '../../src/model/clock.js';
import type { Limiter, Limiters } from '../../src/rate-limit/limiter.js';
import { type Result, toResult } from '../../src/reporting/results.js';
import type { GroupItem } from '../../src/resources/groups/fields.js';
import { groups } from '../../src/resources/groups/groups.js';
import type { Simulator } from '../../src/simulator/server.js';
import { mapHeader } from '../../src/validation/header.js';
import { createRowValidator, type ValidatedRow } from '../../src/validation/row.js';
import { openClient } from '../../src/zoom/client.js';

export type SimulatedRun = {
  /** Cells of each row, for the columns `name` and `type`. */
  readonly rows: readonly (readonly [name: string, type?: string])[];
  readonly api?: Api;
  readonly clock: Clock;
  /** Default: every request starts at once. */
  readonly limiters?: Limiters;
  /** Whether the groups are listed first. Default true. */
  readonly listing?: boolean;
  /** Default 20. */
  readonly concurrency?: number;
  /** For a whole exchange; the command's own by default. */
  readonly deadlineMs?: number;
};

export type SimulatedResult = {
  readonly results: readonly Result[];
  readonly events: readonly Event[];
  readonly state: RunState;
};

/** A clock on which waits take no time, but time passes: an outage of minutes is over at once. */
export function createHastyClock(): Clock {
  let aheadMs = 0;
  return {
    now: () => Date.now() + aheadMs,
    monotonic: () => performance.now() + aheadMs,
    sleep: async (waitMs, signal) => {
      if (!signal.aborted) aheadMs += waitMs;
    },
  };
}

const FREE_LIMITER: Limiter = {
  acquire: async (signal) => signal.throwIfAborted(),
  pause: () => undefined,
  setRate: () => undefined,
  setWindowPadding: () => undefined,
  close: async () => undefined,
};
const FREE_LIMITERS: Limiters = { limiterFor: async () => FREE_LIMITER, close: async () => undefined };

/** Runs the rows to their end, with the simulator's app as credentials. */
export async function runSimulated(zoom: Simulator, run: SimulatedRun): Promise<SimulatedResult> {
  const { api = 'im', clock, limiters = FREE_LIMITERS, listing = true, concurrency = 20, deadlineMs } = run;
  const options = { api, update: false, body: 'auto', listing, needsListing: false } as const;
  const client = openClient({
    credentials: { type: 'app', ...zoom.credentials },
    baseUrl: zoom.baseUrl,
    tokenUrl: zoom.tokenUrl,
    proxies: {},
    accountPlan: 'pro',
    writeLabel: groups.writeLabel(options),
    concurrency,
    scopes: groups.scopes(options),
    limiters,
    clock,
    warn: () => undefined,
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  });
  const state = createRunState();
  const events: Event[] = [];
  const rows = validateRows(run.rows, options);
  try {
    await provision({
      session: groups.open({
        rows: async function* () {
          yield rows;
        },
        state,
        now: clock.now,
        options,
      }),
      state,
      api: client.api,
      onPace: () => undefined,
      keep: (...kept) => void events.push(...kept),
      onEvent: () => undefined,
      onLost: () => undefined,
      clock,
      random: Math.random,
      concurrencyFor: () => concurrency,
      signal: new AbortController().signal,
    });
  } finally {
    await client.close();
  }
  return { results: rows.map((row) => toResult(row, state)), events, state };
}

function validateRows(
  rows: SimulatedRun['rows'],
  options: Parameters<typeof groups.input>[0],
): readonly ValidatedRow<GroupItem>[] {
  const input = groups.input(options);
  const header = mapHeader(['name', 'type'], 1, {}, input.fields);
  if ('problems' in header) throw new Error('the columns of the test are wrong');
  const validate = createRowValidator(header.columns, input);
  return rows.flatMap(([name, type = ''], i) =>
    validate({ line: i + 2, cells: [name, type], raw: `${name},${type}\n` }),
  );
}
