/** A run against a simulator that sometimes never answers, with a shorter deadline than the command's. */
import { provision } from '../../src/engine/provision.js';
import { createRunState } from '../../src/events/run-state.js';
import type { Clock } from '../../src/model/clock.js';
import type { Limiter } from '../../src/rate-limit/limiter.js';
import { type Result, toResult } from '../../src/reporting/results.js';
import type { GroupItem } from '../../src/resources/groups/fields.js';
import { groups } from '../../src/resources/groups/groups.js';
import type { GroupsOptions } from '../../src/resources/groups/session.js';
import { startSimulator } from '../../src/simulator/server.js';
import { mapHeader } from '../../src/validation/header.js';
import { createRowValidator, type ValidatedRow } from '../../src/validation/row.js';
import { openClient } from '../../src/zoom/client.js';

const DEADLINE_MS = 250;

const OPTIONS: GroupsOptions = {
  api: 'im',
  update: false,
  body: 'multipart',
  listing: true,
  needsListing: false,
};

/** Waits cost nothing. */
const HASTY_CLOCK: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async () => undefined,
};

export type Hanging = {
  readonly rows: readonly Result[];
  /** Names of the groups that exist in the end, each as often as it was created. */
  readonly made: readonly string[];
  /** How many requests had no answer. */
  readonly waits: number;
};

/** Rows `Group 1` and on, to their end. */
export async function resultsOfHanging(rows: number): Promise<Hanging> {
  const zoom = await startSimulator({ latencyMs: 0, groups: [], faults: ['hang:0.3'], seed: 10 });
  const limiter: Limiter = {
    acquire: async () => undefined,
    pause: () => undefined,
    setRate: () => undefined,
    setWindowPadding: () => undefined,
    close: async () => undefined,
  };
  const client = openClient({
    credentials: { kind: 'token', token: zoom.token },
    baseUrl: zoom.baseUrl,
    tokenUrl: zoom.tokenUrl,
    proxies: {},
    accountPlan: 'business',
    rateFor: () => 80,
    usedToday: () => 0,
    scopes: [],
    openLimiters: async () => ({ limiterFor: async () => limiter, close: async () => undefined }),
    clock: HASTY_CLOCK,
    onPace: () => undefined,
    warn: () => undefined,
    connections: 4,
    deadlineMs: DEADLINE_MS,
  });
  const state = createRunState();
  const all = validateRows(rows);
  try {
    await provision({
      session: groups.open({
        rows: async function* () {
          yield all;
        },
        state,
        now: Date.now,
        options: OPTIONS,
      }),
      state,
      api: client.api,
      onPace: () => undefined,
      keep: () => undefined,
      onEvent: () => undefined,
      onLost: () => undefined,
      clock: HASTY_CLOCK,
      random: Math.random,
      // One row after the other, so that the same seed brings the same answers.
      concurrencyFor: () => 1,
      signal: new AbortController().signal,
    });
    const made = zoom
      .created()
      .map(({ name }) => name)
      .sort();
    const waits = zoom.requests().filter(({ status }) => status === null).length;
    return { rows: all.map((row) => toResult(row, state)), made, waits };
  } finally {
    await client.close();
    await zoom.close();
  }
}

function validateRows(n: number): readonly ValidatedRow<GroupItem>[] {
  const input = groups.input(OPTIONS);
  const header = mapHeader(['name'], 1, {}, input.fields);
  if ('problems' in header) throw new Error('the columns of the test are wrong');
  const validate = createRowValidator(header.columns, input);
  return Array.from({ length: n }, (_, i) => `Group ${i + 1}`).flatMap((name, i) =>
    validate({ line: i + 2, cells: [name], raw: `${name}\n` }),
  );
}
