/** What holds at the end of every run, whatever goes wrong in whatever mixture. Real sockets, waits that take no time. */
// @module-tag slow
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/events/event.js';
import type { RunState } from '../../src/events/run-state.js';
import type { RateLabel } from '../../src/model/call.js';
import type { Api } from '../../src/model/choices.js';
import { EXIT } from '../../src/model/stop.js';
import { type Limiters, openLimiters } from '../../src/rate-limit/limiter.js';
import { decideExit } from '../../src/reporting/exit-code.js';
import { addResult, createTotals, type Result, type Totals } from '../../src/reporting/results.js';
import { type Simulator, startSimulator } from '../../src/simulator/server.js';
import { eventsOf } from '../support/events.js';
import { createHastyClock, runSimulated } from '../support/simulated-run.js';

const EXISTING = ['Group 7', 'Group 70', 'Group 170'];

/** The pro plan's requests/s for creates: light on IM groups, heavy on contact groups. */
const CREATES: Readonly<Record<Api, { readonly label: RateLabel; readonly perSecond: number }>> = {
  im: { label: 'light', perSecond: 30 },
  contacts: { label: 'heavy', perSecond: 10 },
};

/** Rows of which three exist already and the last one repeats an earlier one. */
function createRows(count: number): readonly (readonly [string, string])[] {
  return Array.from({ length: count }, (_, i) =>
    i === count - 1 ? ['Group 3', ''] : [`Group ${i}`, i % 2 === 0 ? 'shared' : ''],
  );
}

type Plan = {
  readonly api: Api;
  readonly faults: readonly string[];
  readonly seed: number;
  readonly listing?: boolean;
  readonly rows?: number;
  /** The simulator then has its limits, and waits for slots take their time. */
  readonly limiters?: Limiters;
};

type Ended = {
  readonly zoom: Simulator;
  readonly rows: number;
  readonly results: readonly Result[];
  readonly events: readonly Event[];
  readonly state: RunState;
  readonly totals: Totals;
  readonly exit: number;
};

async function runPlan({ api, faults, seed, listing = true, rows = 200, limiters }: Plan): Promise<Ended> {
  const clock = createHastyClock();
  const zoom = await startSimulator({
    latencyMs: 0,
    limiter: limiters ? 'sliding' : 'none',
    accountPlan: 'pro',
    faults,
    seed,
    groups: EXISTING.map((name, i) => ({ id: `existing-${i}`, name, type: 'restricted', total_members: 2 })),
    // What is late is late on the clock of the run.
    ...(limiters ? {} : { now: clock.now }),
  });
  const ended = await runSimulated(zoom, {
    rows: createRows(rows),
    api,
    clock,
    listing,
    ...(limiters ? { limiters } : {}),
  });
  const totals = createTotals();
  for (const result of ended.results) addResult(totals, result);
  return { zoom, rows, ...ended, totals, exit: decideExit(ended.state, totals).code };
}

function expectTruth(ended: Ended): void {
  const { zoom, rows, results, exit } = ended;
  // Every input row once, in order.
  expect(results.map(({ row }) => row.line)).toEqual(Array.from({ length: rows }, (_, i) => i + 2));
  const made = zoom.created().map(({ name }) => name);
  expect(new Set(made).size, 'a name was created twice').toBe(made.length);
  const ids = new Map(zoom.groups().map(({ id, name }) => [name, id]));
  const created = new Set(made);
  for (const { name, outcome, provisioned } of results) {
    const claim = `${name}: ${outcome.status} ${outcome.detail}`;
    if (provisioned) expect(ids.has(name), claim).toBe(true);
    // Zoom may refuse a row for another reason than that its name is in use.
    const isRefused = EXISTING.includes(name) && [201, 400, 415].includes(outcome.httpStatus ?? 0);
    if (outcome.status === 'failed' && !isRefused) expect(ids.has(name), claim).toBe(false);
    if (outcome.status === 'created') expect(created.has(name), claim).toBe(true);
    // Contact groups are listed with a prefix before their id.
    const id = outcome.ids?.groupId?.replace(/^dir\./, '');
    if (id !== undefined) expect(id, claim).toBe(ids.get(name));
  }
  expect(exit === EXIT.ok).toBe(results.every(({ provisioned }) => provisioned));
  expectRequests(ended);
  expectCounts(ended);
}

/** Nothing is sent before it is recorded, nothing after a stop, and a token reaches one origin only. */
function expectRequests({ zoom, events }: Ended): void {
  const stopAt = events.findIndex(({ type }) => type === 'stop');
  if (stopAt >= 0) expect(eventsOf(events.slice(stopAt), 'attempt')).toEqual([]);
  const requests = zoom.requests().filter(({ path }) => path !== '/oauth/token');
  expect(requests.length).toBe(eventsOf(events, 'attempt').length);
  expect(new Set(zoom.requests().map(({ host }) => host)).size).toBe(1);
  for (const { path, authorization = '' } of zoom.requests())
    expect(authorization).toMatch(path === '/oauth/token' ? /^Basic ./ : /^Bearer ./);
}

/** The counts are those of the rows, and of the requests that the simulator received. */
function expectCounts({ zoom, rows, results, events, state, totals }: Ended): void {
  for (const [status, count] of Object.entries(totals.counts))
    expect(results.filter(({ outcome }) => outcome.status === status).length, status).toBe(count);
  expect(Object.values(totals.counts).reduce((sum, count) => sum + count)).toBe(rows);
  const writes = eventsOf(events, 'attempt').filter(({ effect }) => effect === 'write');
  expect(state.requests.sent).toBe(writes.length);
  const refusals = zoom.requests().filter(({ status }) => status === 429);
  if (state.stop?.reason !== 'daily-limit') expect(state.requests.rateLimited).toBe(refusals.length);
}

/** The most requests of a label that arrived in any sliding second, and how many of all were refused. */
function countArrivals(zoom: Simulator, label: RateLabel): { most: number; all: number; refused: number } {
  const arrived = zoom.requests().filter((request) => request.label === label);
  const times = arrived.map(({ at }) => at);
  const most = Math.max(0, ...times.map((to) => times.filter((at) => at <= to && at > to - 1_000).length));
  return { most, all: times.length, refused: arrived.filter(({ status }) => status === 429).length };
}

/** `hang` and `drip` wait for a real deadline, `slow` for real seconds: they have tests of their own. */
const INTERMITTENT = [
  'reset-before',
  'reset-after',
  '500',
  'empty-500',
  '502',
  '503',
  '429',
  'other-409',
  '201-error',
  'cut-off',
  'not-json',
  'no-id',
  'list-cut',
  'token-expired',
  '400',
  '415',
];
const STOPPING = ['daily', 'daily-bare', '401', '403', 'paid', 'scope', 'gone', 'redirect'];
const OF_LISTINGS = [['no-list'], ['broken-list'], ['list-lag'], ['list-lag'], ['no-member-count'], []];
const ALWAYS = [['gzip'], ['token-replaced'], ['folds-names'], [], []];

const withProbability = (kinds: readonly string[], probabilities: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...kinds), fc.constantFrom(...probabilities))
    .map(([kind, probability]) => `${kind}:${probability}`);

const faultPlan = fc
  .tuple(
    fc.array(withProbability(INTERMITTENT, ['0.01', '0.05', '0.2', '0.5']), { minLength: 1, maxLength: 4 }),
    fc.array(withProbability(STOPPING, ['0.01', '0.1']), { maxLength: 1 }),
    fc.constantFrom(...OF_LISTINGS),
    fc.constantFrom(...ALWAYS),
  )
  .map((parts) => parts.flat());

describe('under any plan of faults', () => {
  test.each([
    'im',
    'contacts',
  ] as const)('every row of %s groups is reported once and truly, and none is created twice', async (api) => {
    await fc.assert(
      fc.asyncProperty(faultPlan, fc.nat(10_000), fc.boolean(), async (faults, seed, hasListing) => {
        const listing = hasListing || api === 'contacts';
        const ended = await runPlan({ api, faults, seed, listing });
        try {
          expectTruth(ended);
        } finally {
          await ended.zoom.close();
        }
      }),
      { numRuns: 30, endOnFailure: true },
    );
  }, 120_000);

  test.each([
    'im',
    'contacts',
  ] as const)('no row of %s groups stays unknown if a late listing can tell', async (api) => {
    const faults = ['reset-after:0.3', '500:0.2', 'cut-off:0.1', 'list-lag'];
    const ended = await runPlan({ api, faults, seed: 11 });
    expectTruth(ended);
    expect(ended.results.filter(({ outcome }) => outcome.status === 'unknown')).toEqual([]);
    expect(ended.results.some(({ outcome }) => outcome.detail === 'recovered')).toBe(true);
    await ended.zoom.close();
  });
});

const openRealLimiters = (): Promise<Limiters> =>
  openLimiters({
    rateFor: (label) => (label === 'heavy' ? 10 : label === 'medium' ? 20 : 30),
    account: 'a',
    onTrouble: () => undefined,
    onRecovery: () => undefined,
  });

describe.concurrent('with the real limiter at the real limit', () => {
  test.each<[string, Omit<Plan, 'seed'>]>([
    ['no fault', { api: 'im', faults: [] }],
    ['lost answers', { api: 'im', faults: ['reset-after:0.05', '500:0.05'] }],
    [
      'requests without effect, on contact groups',
      { api: 'contacts', faults: ['reset-before:0.05', '503:0.05'], rows: 90 },
    ],
    ['unusable bodies', { api: 'im', faults: ['cut-off:0.1', 'not-json:0.1', 'no-id:0.1'] }],
    ['a token that expires, and no listing', { api: 'im', faults: ['token-expired', 'no-list'] }],
    ['pages of HTML, and refusals', { api: 'im', faults: ['502:0.05', '400:0.1', 'broken-list'] }],
  ])(
    '%s: the limit holds, and so does all else',
    async (_, plan) => {
      const limiters = await openRealLimiters();
      const ended = await runPlan({ ...plan, seed: 3, limiters });
      try {
        expectTruth(ended);
        for (const label of ['light', 'medium', 'heavy'] as const) {
          const { most, all, refused } = countArrivals(ended.zoom, label);
          const perSecond = { light: 30, medium: 20, heavy: 10 }[label];
          expect(most, label).toBeLessThanOrEqual(perSecond + refused);
          // A machine that stalls may break the limit now and then.
          expect(refused, label).toBeLessThanOrEqual(Math.max(1, all * 0.03));
        }
        const creates = countArrivals(ended.zoom, CREATES[plan.api].label).all;
        expect(creates).toBeGreaterThanOrEqual(ended.rows - EXISTING.length - 1);
      } finally {
        await limiters.close();
        await ended.zoom.close();
      }
    },
    40_000,
  );

  test('without a limiter the limit is broken, and the simulator shows it', async () => {
    const zoom = await startSimulator({ latencyMs: 0, accountPlan: 'pro', groups: [] });
    const rows = createRows(200);
    await runSimulated(zoom, { rows, clock: createHastyClock() });
    const { all, refused } = countArrivals(zoom, 'light');
    await zoom.close();
    expect(refused).toBeGreaterThan(all * 0.03);
  });
});
