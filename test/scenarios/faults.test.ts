/** Every fault that the simulator knows: what a user sees, and what was really created. */
// @module-tag slow
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/events/event.js';
import { FAULT_KINDS, type Simulator } from '../../src/simulator/server.js';
import {
  command,
  file,
  folder,
  journal,
  type ResultRow,
  results,
  summary,
  type Transcript,
} from '../support/command.js';
import { eventsOf } from '../support/events.js';
import { createHastyClock, runSimulated } from '../support/simulated-run.js';
import { startTestSimulator } from '../support/simulator.js';

type FaultyRun = {
  readonly done: Transcript;
  readonly rows: readonly ResultRow[];
  readonly sum: ReturnType<typeof summary>;
  readonly events: readonly Event[];
  readonly zoom: Simulator;
  /** All that a user may read. */
  readonly output: string;
};

type Expectation = {
  /** What a user may rely on, as the end of the test's title. */
  readonly fact: string;
  /** Of the requests, if it is not the simulator's own default. */
  readonly probability?: string;
  /** Further faults that occur in the same run. */
  readonly also?: readonly string[];
  /** Of a response; 0 by default. */
  readonly latencyMs?: number;
  /** 12 by default. */
  readonly names?: readonly string[];
  readonly code: number;
  readonly counts: Readonly<Record<string, number>>;
  /** Words that the output contains. */
  readonly output: string;
  /** How many groups exist in the end. */
  readonly made: number;
  /** What shows that the fault occurred at all, and how it was met. */
  readonly met: (run: FaultyRun) => void;
};

const groupNames = (n: number): readonly string[] => Array.from({ length: n }, (_, i) => `Group ${i + 1}`);

const isRetried = ({ sum }: FaultyRun): void => void expect(sum.requests.retried).toBeGreaterThan(0);
const isRecovered = (run: FaultyRun): void => {
  isRetried(run);
  expect(run.rows.some((row) => row.zoom__detail === 'recovered')).toBe(true);
};
/** The ids came with a second listing. */
const isListedTwice = ({ sum }: FaultyRun): void => void expect(sum.requests.lists).toBe(2);
const isSentOnce = ({ sum }: FaultyRun): void => void expect(sum.requests.sent).toBe(1);
const repliesWith = (events: readonly Event[], httpStatus: number): ReturnType<typeof eventsOf<'reply'>> =>
  eventsOf(events, 'reply').filter(({ reply }) => reply.httpStatus === httpStatus);

/** Every row is provisioned in the end. */
const provisions = (fact: string, met: Expectation['met']): Expectation => ({
  fact,
  probability: '0.2',
  code: 0,
  counts: { created: 12 },
  output: 'All 12 rows are provisioned',
  made: 12,
  met,
});
const stops = (fact: string, output: string, code = 3): Expectation => ({
  fact,
  code,
  counts: { 'not-attempted': 12 },
  output,
  made: 0,
  met: isSentOnce,
});
const fails = (fact: string, output: string): Expectation => ({
  fact,
  names: groupNames(3),
  code: 1,
  counts: { failed: 3 },
  output,
  made: 0,
  met: ({ sum }) => void expect(sum.requests.retried).toBe(0),
});

const EXPECTATIONS: Readonly<Record<string, Expectation>> = {
  'reset-before': provisions('what was reset before it took effect is sent again', isRetried),
  'reset-after': provisions(
    'what was reset after it took effect is found in the listing, and is not created twice',
    isRecovered,
  ),
  '500': provisions('what took effect in spite of the error is found in the listing', isRecovered),
  'empty-500': provisions('an error without a body is one', isRecovered),
  '502': provisions('a page of HTML is an error', isRecovered),
  '503': provisions('the second that Retry-After asks for is waited', ({ events }) => {
    const replies = repliesWith(events, 503);
    expect(replies.length).toBeGreaterThan(0);
    for (const { retryInMs } of replies) expect(retryInMs).toBeGreaterThanOrEqual(1_000);
  }),
  '429': provisions('a refusal by the rate limit costs no row', ({ sum, zoom }) => {
    const refusals = zoom.requests().filter(({ status }) => status === 429).length;
    expect(refusals).toBeGreaterThan(0);
    expect([sum.requests.rate_limited, sum.requests.retried]).toEqual([refusals, refusals]);
  }),
  'other-409': provisions('a 409 that does not say that the name is in use proves nothing', (run) => {
    isRetried(run);
    expect(repliesWith(run.events, 409).length).toBeGreaterThan(0);
  }),
  'cut-off': provisions('a 201 that is cut short is a success', isListedTwice),
  'not-json': provisions('a 201 that cannot be read is a success', isListedTwice),
  'no-id': provisions('a 201 without an id is a success', isListedTwice),
  '201-error': {
    ...fails('a 201 with an error code is a failure, and nothing was created', 'could not be processed'),
    probability: '1',
    met: ({ events }) => void expect(repliesWith(events, 201).length).toBe(3),
  },
  slow: provisions('a response that takes its time is waited for', ({ sum }) => {
    expect(sum.duration_ms).toBeGreaterThan(2_000);
    expect(sum.requests.retried).toBe(0);
  }),
  daily: {
    ...stops('the daily limit stops the run, and the output says until when', '00:00:00 UTC', 4),
    probability: '1',
  },
  'daily-bare': {
    ...stops('the daily limit is recognized by its message alone', 'daily limit', 4),
    probability: '1',
  },
  '401': {
    ...stops('a new token that is refused stops the run', 'refused a new access token'),
    met: ({ sum, zoom }) => expect([sum.requests.sent, zoom.tokensIssued()]).toEqual([2, 2]),
  },
  'token-expired': {
    ...provisions('an expired token is renewed once, for all', ({ zoom, sum }) => {
      expect(zoom.tokensIssued()).toBe(2);
      expect(sum.requests.retried).toBeGreaterThan(0);
    }),
    probability: '1',
    names: groupNames(70),
    latencyMs: 300,
    counts: { created: 70 },
    output: 'All 70 rows',
    made: 70,
  },
  'token-replaced': {
    ...provisions(
      'a new token that invalidates the old one costs one renewal, whatever is in flight',
      (run) => {
        expect(run.zoom.tokensIssued()).toBe(2);
        isRetried(run);
      },
    ),
    probability: '1',
    also: ['token-expired'],
    names: groupNames(70),
    latencyMs: 300,
    counts: { created: 70 },
    output: 'All 70 rows',
    made: 70,
  },
  '400': fails('a refused row has failed, and its field is named', 'type: Invalid field.'),
  '403': stops('missing permission stops the run', 'denied permission'),
  '415': {
    ...provisions('a form that is refused is sent as JSON instead, once and for the whole run', (run) => {
      expect(repliesWith(run.events, 415).length).toBe(1);
      expect(run.sum.requests.sent).toBe(13);
    }),
    probability: '1',
    output: 'json is used for this run',
  },
  paid: stops('HTTP 200 with code 200 is no success', 'paid'),
  scope: stops('a missing scope stops the run and is named', 'imgroup:write:admin'),
  gone: {
    ...stops('a retired API stops the run, and its successor is named', '--api contacts'),
    met: ({ sum }) => expect([sum.requests.sent, sum.requests.lists]).toEqual([0, 1]),
  },
  redirect: {
    ...stops('a redirect is not followed, and no other host receives a request', 'redirects to localhost'),
    met: (run) => {
      isSentOnce(run);
      expect(new Set(run.zoom.requests().map(({ host }) => host)).size).toBe(1);
    },
  },
  'echo-secret': {
    ...fails('a secret that the server repeats is not shown', 'Bad header: Bearer ***'),
    met: ({ zoom, output }) => {
      const tokens = zoom.requests().map(({ authorization = '' }) => authorization.split(' ')[1] ?? '');
      for (const token of tokens.filter((one) => one !== '')) expect(output).not.toContain(token);
    },
  },
  'no-list': {
    ...provisions('a listing that is not permitted is a warning, and the run continues', ({ sum }) =>
      expect(sum.requests.lists).toBe(1),
    ),
    probability: '1',
    output: 'imgroup:read:admin',
  },
  'broken-list': {
    ...provisions('a listing that is no JSON is not trusted', ({ sum }) =>
      expect(sum.requests.lists).toBe(3),
    ),
    probability: '1',
    output: 'the existing groups could not be listed: HTTP 200, but the response is cut short or not JSON',
  },
  'list-cut': {
    ...provisions('a listing that is cut short is not trusted', ({ sum }) =>
      expect(sum.requests.lists).toBe(3),
    ),
    probability: '1',
    output: 'the existing groups could not be listed',
  },
  'list-lag': {
    ...provisions('a listing that is late is read again until it shows what was created', (run) => {
      expect(run.sum.requests.lists).toBeGreaterThan(2);
      expect(run.rows.every((row) => row.zoom__group_id !== '')).toBe(true);
    }),
    probability: '1',
    also: ['no-id:0.5'],
  },
  'no-member-count': {
    ...provisions('a group of unknown size is not claimed after a lost answer', ({ rows }) => {
      const details = rows.filter((row) => row.zoom__status !== 'created').map((row) => row.zoom__detail);
      expect(new Set(details)).toEqual(new Set(['possibly created by this run']));
    }),
    probability: '1',
    also: ['reset-after:0.3'],
    counts: { created: 7, 'already-provisioned': 5 },
  },
  'folds-names': {
    ...provisions('a name that Zoom writes in another way is reported so', ({ rows }) => {
      for (const row of rows) expect(row.zoom__detail).toMatch(/^Zoom writes the name "Team \d"$/);
    }),
    names: ['Team  1', 'Team   2', 'Team  3'],
    probability: '1',
    counts: { created: 3 },
    output: 'All 3 rows',
    made: 3,
  },
  gzip: {
    ...provisions('compressed responses are read', ({ sum }) => {
      expect(sum.requests).toMatchObject({ sent: 12, retried: 0, lists: 1 });
    }),
    probability: '1',
  },
};

/** Faults that need a shorter deadline than the command has, and faults of memberships. */
const NO_RESPONSE = ['drip', 'hang'];
const OF_MEMBERS = ['adds-nobody', 'member-lag', 'no-users'];

const toCsv = (names: readonly string[]): string => `name\n${names.join('\n')}\n`;

/** One row after the other, so that the same seed brings the same faults; many at once if responses take time. */
async function runWithFault(kind: string, expectation: Expectation): Promise<FaultyRun> {
  const { probability, also = [], names = groupNames(12), latencyMs = 0 } = expectation;
  const fault = probability === undefined ? kind : `${kind}:${probability}`;
  const { zoom } = await startTestSimulator({
    groups: [],
    accountPlan: 'business',
    faults: [...also, fault],
    seed: 5,
    latencyMs,
  });
  const { accountId, clientId, clientSecret } = zoom.credentials;
  const env = {
    ZOOM_BASE_URL: zoom.baseUrl,
    ZOOM_TOKEN_URL: zoom.tokenUrl,
    ZOOM_ACCOUNT_ID: accountId,
    ZOOM_CLIENT_ID: clientId,
    ZOOM_CLIENT_SECRET: clientSecret,
  };
  const cwd = folder();
  const options = ['--account-plan', 'business', '--concurrency', latencyMs > 0 ? '40' : '1'];
  const done = await command(['apply', file(toCsv(names)), '--out', 'r', ...options], { cwd, env });
  const run = join(cwd, 'r');
  const output = done.stdout + done.stderr + readFileSync(join(run, 'results.csv'), 'utf8');
  return { done, rows: results(run), sum: summary(run), events: journal(run), zoom, output };
}

function expectOutcome({ done, rows, sum, zoom, output }: FaultyRun, expectation: Expectation): void {
  const { names = groupNames(12) } = expectation;
  expect(done.code, output).toBe(expectation.code);
  expect(output.replace(/\s+/g, ' ')).toContain(expectation.output);
  expect(rows.map((row) => row.name)).toEqual(names);
  const counts = Object.fromEntries(Object.entries(sum.counts).filter(([, count]) => count > 0));
  expect(counts).toEqual(expectation.counts);
  const made = zoom.created().map(({ name }) => name);
  expect([made.length, new Set(made).size]).toEqual([expectation.made, expectation.made]);
  // Every row that is provisioned has the id of the group that was created for it, wherever that came from; an
  // apostrophe keeps a spreadsheet from running it.
  const ids = new Map(zoom.created().map(({ id, name }) => [name, id]));
  const listsGroups = zoom.requests().some(({ method, status }) => method === 'GET' && status === 200);
  for (const row of rows) {
    const id = row.zoom__group_id?.replace(/^'-/, '-') ?? '';
    if (id !== '' || listsGroups) expect(id).toBe(ids.get(row.name?.replace(/ +/g, ' ') ?? '') ?? '');
  }
  expect(sum.exit.code).toBe(expectation.code);
  expect(done.stderr).not.toContain('Warning');
}

describe('a run with the fault', () => {
  test('any that the simulator knows has a test', () => {
    const kinds = FAULT_KINDS.map(({ kind }) => kind).sort();
    expect([...Object.keys(EXPECTATIONS), ...NO_RESPONSE, ...OF_MEMBERS].sort()).toEqual(kinds);
  });

  const table = Object.entries(EXPECTATIONS).map(([kind, given]) => [kind, given.fact, given] as const);
  describe.concurrent('', () => {
    test.each(table)('%s: %s', async (kind, _, expectation) => {
      const run = await runWithFault(kind, expectation);
      expectOutcome(run, expectation);
      expectation.met(run);
    });

    test.each(
      NO_RESPONSE,
    )('%s: a response that never ends may have taken effect, and the listing shows whether it did', async (kind) => {
      const { zoom } = await startTestSimulator({ groups: [], faults: [`${kind}:0.3`], seed: 10 });
      // One row after the other, so that the same seed brings the same faults.
      const { results, events } = await runSimulated(zoom, {
        rows: groupNames(6).map((name) => [name]),
        clock: createHastyClock(),
        concurrency: 1,
        deadlineMs: 250,
      });
      expect(results.map(({ outcome }) => outcome.status)).toEqual(Array(6).fill('created'));
      expect(results.some(({ outcome }) => outcome.detail === 'recovered')).toBe(true);
      const made = zoom.created().map(({ name }) => name);
      expect(made.sort()).toEqual([...groupNames(6)]);
      expect(eventsOf(events, 'reply').some(({ reply }) => reply.type === 'transient')).toBe(true);
    });
  });
});

test('a fixed token that is refused stops the run', async () => {
  const { zoom } = await startTestSimulator({ groups: [], faults: ['401'] });
  const env = { ZOOM_BASE_URL: zoom.baseUrl, ZOOM_ACCESS_TOKEN: zoom.token };
  const cwd = folder();
  const input = toCsv(groupNames(3));
  const done = await command(['apply', file(input), '--out', 'r', '--concurrency', '1'], { cwd, env });
  expect([done.code, zoom.created()]).toEqual([3, []]);
  expect(done.stderr).toContain('Get a new one');
  expect(summary(join(cwd, 'r')).requests.sent).toBe(1);
  expect(readFileSync(join(cwd, 'r', 'failed.csv'), 'utf8')).toBe(input);
});
