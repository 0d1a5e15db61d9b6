/** Whatever goes wrong at Zoom, on the way, or with the process: a status is never wrong, and nothing is made twice. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isProvisioned } from '../../../src/model/statuses.js';
import type { Fault } from '../../support/fake-zoom.js';
import { createGroupsRun } from '../../support/groups-run.js';

const NAMES = ['A', 'B', 'C', 'D', 'E'];

const FALSE_SUCCESS: Fault = { status: 201, body: '{}' };

const FAULTS: readonly Fault[] = [
  'lost-before',
  'lost-after',
  'error-before',
  'error-after',
  'refused-connection',
  'rate-limited',
  'no-id',
  { status: 409, body: '{"code":4132,"message":"Group name is already in use."}' },
  { status: 409, body: '{"code":999,"message":"Conflict"}' },
  { status: 409, body: '<html>409</html>' },
  { status: 400, body: '{"code":300,"message":"Validation Failed."}' },
  FALSE_SUCCESS,
  { status: 200, body: 'not JSON' },
  { status: 503, body: '' },
];

const fault = fc.option(fc.nat({ max: FAULTS.length - 1 }), { nil: undefined, freq: 2 });
const process = fc.record({
  killAfterMs: fc.option(fc.integer({ min: 1, max: 90_000 }), { nil: undefined }),
  killAtEvent: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
  random: fc.constantFrom(
    () => 0,
    () => 0.5,
    () => 0.99,
  ),
  concurrency: fc.constantFrom(1, 3, 10),
  /** Waited before it begins. */
  afterMs: fc.constantFrom(0, 100, 5_000, 120_000),
});

const scenario = fc.record({
  rows: fc.integer({ min: 1, max: NAMES.length }),
  existing: fc.subarray(NAMES, { maxLength: 2 }),
  /** Taken in turn by the requests, whatever they are. */
  faults: fc.array(fault, { maxLength: 40 }),
  /** Less than the 30 s that a list may be late without a proof that it is current. */
  listingLagMs: fc.constantFrom(0, 300, 4_500, 12_000, 25_000),
  latencies: fc.array(fc.constantFrom(20, 100, 900, 3_000), { minLength: 1, maxLength: 7 }),
  processes: fc.array(process, { minLength: 1, maxLength: 4 }),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer S> ? S : never;

function begin(api: 'im' | 'contacts', given: Scenario): ReturnType<typeof createGroupsRun> {
  const { rows, existing, faults, listingLagMs, latencies } = given;
  let requests = 0;
  const csv = `name\n${NAMES.slice(0, rows).join('\n')}\n`;
  const run = createGroupsRun(csv, {
    api,
    listingLagMs,
    latencyMs: ({ nth }) => latencies[nth % latencies.length] ?? 100,
    fault: (_, name) => {
      const found = faults[requests];
      requests += 1;
      if (found === undefined) return undefined;
      // That a name which exists was created is the one thing that Zoom never says.
      const isFalseSuccess = FAULTS[found] === FALSE_SUCCESS;
      return isFalseSuccess && name !== undefined && existing.includes(name) ? undefined : FAULTS[found];
    },
  });
  for (const name of existing) run.zoom.add(name);
  return run;
}

/** What every state must keep to, after any process. */
function expectTrue(
  run: ReturnType<typeof createGroupsRun>,
  existing: readonly string[],
  wasKilled: boolean,
): void {
  const { rows, stop, warnings } = run.state();
  const isOver =
    !wasKilled && !stop && !warnings.some((warning) => warning.includes('could not be listed at the end'));
  for (const [key, { outcome }] of rows) {
    const name = key.toUpperCase();
    const exists = run.zoom.find(name).length > 0;
    const seen = `${name} is ${outcome?.status} (${outcome?.detail})`;
    if (outcome && isProvisioned(outcome.status)) {
      // An answer without an id is for the closing list to bear out: of this process, or of a resume if it was killed.
      if (outcome.ids?.groupId !== undefined || isOver) expect(exists, seen).toBe(true);
    }
    // Without a list, a refusal tells nothing of a group that existed before.
    const isRefused = outcome?.httpStatus === 400 && existing.includes(name);
    if (outcome?.status === 'failed' && !isRefused) expect(exists, seen).toBe(false);
    expect(run.zoom.timesCreated(name), seen).toBeLessThanOrEqual(1);
  }
}

describe.each([
  'im',
  'contacts',
] as const)('with faults, late lists and kills at random, %s groups', (api) => {
  test('are provisioned only if Zoom has them, failed only if not, and never made twice', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const run = begin(api, given);
        for (const { afterMs, killAfterMs, killAtEvent, ...options } of given.processes) {
          await run.clock.run(run.clock.sleep(afterMs, new AbortController().signal));
          const state = await run.apply({
            ...options,
            ...(killAfterMs === undefined ? {} : { killAfterMs }),
            ...(killAtEvent === undefined ? {} : { killAtEvent }),
          });
          const mayBeKilled = killAtEvent !== undefined || killAfterMs !== undefined;
          if (!mayBeKilled) expect(state.rows).toEqual(run.lastState().rows);
          // What is in flight when a process dies still takes effect.
          await run.clock.run(run.clock.sleep(3_000, new AbortController().signal));
          expectTrue(run, given.existing, mayBeKilled);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('are all provisioned once, when the faults are over and the run is resumed', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const faults = given.faults.slice(0, 12);
        const run = begin(api, { ...given, faults });
        for (const { killAfterMs, killAtEvent } of given.processes) {
          await run.apply({
            ...(killAfterMs === undefined ? {} : { killAfterMs }),
            ...(killAtEvent === undefined ? {} : { killAtEvent }),
          });
        }
        // Each resume uses up some of the faults.
        for (let i = 0; i < 13; i += 1) await run.apply();
        const state = await run.apply();
        expect(state.stop).toBeUndefined();
        for (const name of NAMES.slice(0, given.rows)) {
          const outcome = state.rows.get(name.toLowerCase())?.outcome;
          expect([name, outcome && isProvisioned(outcome.status), run.zoom.find(name).length]).toEqual([
            name,
            true,
            1,
          ]);
          if (given.existing.includes(name)) expect(outcome?.status).toBe('already-provisioned');
        }
        expect(state.rows).toEqual(run.lastState().rows);
      }),
      { numRuns: 150 },
    );
  });

  test('are rolled back to what existed before, and nothing else is deleted', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const run = begin(api, given);
        for (const { killAfterMs } of given.processes) {
          await run.apply(killAfterMs === undefined ? {} : { killAfterMs });
        }
        await run.clock.run(run.clock.sleep(3_000, new AbortController().signal));
        await run.rollback();
        for (const name of given.existing) expect(run.zoom.find(name).length, name).toBe(1);
      }),
      { numRuns: 100 },
    );
  });
});
