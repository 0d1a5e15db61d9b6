/** Every fault that the simulator knows, through the built command: what a user sees, and what was really made. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
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
import { resultsOfHanging } from '../support/hanging-server.js';
import { startTestSimulator } from '../support/simulator.js';

type Told = {
  readonly done: Transcript;
  readonly rows: readonly ResultRow[];
  readonly sum: ReturnType<typeof summary>;
  readonly events: ReturnType<typeof journal>;
  readonly zoom: Simulator;
  /** All that a user may read. */
  readonly said: string;
};

type Night = {
  /** What a user may rely on, as the end of the test's title. */
  readonly fact: string;
  /** Of the requests, where it is not the simulator's own share. */
  readonly share?: string;
  /** Of an answer; 0 where it takes no other. */
  readonly latencyMs?: number;
  /** 12, where it takes no other number. */
  readonly rows?: number;
  readonly code: number;
  readonly counts: Readonly<Record<string, number>>;
  /** Words that are to be read. */
  readonly said: string;
  /** How many groups there are in the end. */
  readonly made: number;
  /** What shows that the fault was met at all, and how. */
  readonly met: (told: Told) => void;
};

const retried = ({ sum }: Told): void => void expect(sum.requests.retried).toBeGreaterThan(0);
const recovered = (told: Told): void => {
  retried(told);
  expect(told.rows.some((row) => row.zoom__detail === 'recovered')).toBe(true);
};
/** The ids came with a second listing. */
const listedTwice = ({ sum }: Told): void => void expect(sum.requests.lists).toBe(2);
const sentOnce = ({ sum }: Told): void => void expect(sum.requests.sent).toBe(1);

const lost = (fact: string, met: Night['met']): Night => ({
  fact,
  share: '0.2',
  code: 0,
  counts: { created: 12 },
  said: 'All 12 rows are provisioned',
  made: 12,
  met,
});
const stops = (fact: string, said: string, code = 3): Night => ({
  fact,
  code,
  counts: { 'not-attempted': 12 },
  said,
  made: 0,
  met: sentOnce,
});
const fails = (fact: string, said: string): Night => ({
  fact,
  rows: 3,
  code: 1,
  counts: { failed: 3 },
  said,
  made: 0,
  met: ({ sum }) => void expect(sum.requests.retried).toBe(0),
});

const NIGHTS: Readonly<Record<string, Night>> = {
  'reset-before': lost('what was cut off before is sent again', retried),
  'reset-after': lost('what was cut off after is found in the listing, and is not made twice', recovered),
  '500': lost('what took effect all the same is found in the listing', recovered),
  'empty-500': lost('an error without a body is one', recovered),
  '502': lost('a page of HTML is an error', recovered),
  '503': lost('the second that it asks for is waited', (told) => {
    const waits = told.events.filter(({ e, http }) => e === 'reply' && http === 503);
    expect(waits.length).toBeGreaterThan(0);
    for (const { againInMs } of waits) expect(againInMs).toBeGreaterThanOrEqual(1_000);
  }),
  '429': lost('a refusal by the limit costs no row', ({ sum, zoom }) => {
    const refusals = zoom.requests().filter(({ status }) => status === 429).length;
    expect(refusals).toBeGreaterThan(0);
    expect([sum.requests.rate_limited, sum.requests.retried]).toEqual([refusals, refusals]);
  }),
  'cut-off': lost('a 201 that is cut off is a success', listedTwice),
  'not-json': lost('a 201 that can’t be read is a success', listedTwice),
  'no-id': lost('a 201 without an id is a success', listedTwice),
  slow: lost('an answer that takes its time is waited for', ({ sum }) => {
    expect(sum.duration_ms).toBeGreaterThan(2_000);
    expect(sum.requests.retried).toBe(0);
  }),
  daily: { ...stops('the daily limit stops the run, and it is told until when', 'T00:00:00', 4), share: '1' },
  'daily-bare': { ...stops('the daily limit is known by its words alone', 'daily limit', 4), share: '1' },
  '401': {
    ...stops('a fresh token that is refused stops the run', 'fresh access token'),
    met: ({ sum, zoom }) => expect([sum.requests.sent, zoom.tokensIssued()]).toEqual([2, 2]),
  },
  'token-expired': {
    ...lost('an expired token is renewed once, for all', ({ zoom, sum }) => {
      expect(zoom.tokensIssued()).toBe(2);
      expect(sum.requests.retried).toBeGreaterThan(0);
    }),
    share: '1',
    rows: 70,
    latencyMs: 300,
    counts: { created: 70 },
    said: 'All 70 rows',
    made: 70,
  },
  '400': fails('a refused row has failed, and its field is named', 'type: Invalid field.'),
  '403': stops('what is not permitted stops the run', 'does not permit'),
  paid: stops('HTTP 200 with code 200 is no success', 'paid'),
  scope: stops('a missing scope stops the run and is named', 'imgroup:write:admin'),
  gone: {
    ...stops('an API that is gone stops the run and names the way over', '--api contacts'),
    met: ({ sum }) => expect([sum.requests.sent, sum.requests.lists]).toEqual([0, 1]),
  },
  redirect: {
    ...stops('a redirect is not followed, and no other host sees a request', 'redirect to localhost'),
    met: (told) => {
      sentOnce(told);
      expect(new Set(told.zoom.requests().map(({ host }) => host)).size).toBe(1);
    },
  },
  'echo-secret': {
    ...fails('a secret that is echoed is not shown', 'Bad header: Bearer ***'),
    met: ({ zoom, said }) => {
      const tokens = zoom.requests().map(({ authorization = '' }) => authorization.split(' ')[1] ?? '');
      for (const token of tokens.filter((one) => one !== '')) expect(said).not.toContain(token);
    },
  },
  'no-list': {
    ...lost('no listing is a warning, and the run goes on', ({ sum }) => expect(sum.requests.lists).toBe(1)),
    share: '1',
    said: 'imgroup:read:admin',
  },
  'broken-list': {
    ...lost('a listing that is cut off is not trusted', ({ sum }) => expect(sum.requests.lists).toBe(3)),
    share: '1',
    said: 'the listing is broken',
  },
};

/** Kinds that other suites cover. */
const NOT_HERE = [
  '201-error',
  '415',
  'adds-nobody',
  'drip',
  'folds-names',
  'gzip',
  'list-cut',
  'list-lag',
  'member-lag',
  'no-member-count',
  'no-users',
  'other-409',
  'token-replaced',
];

const names = (n: number): string =>
  `name\n${Array.from({ length: n }, (_, i) => `Group ${i + 1}`).join('\n')}\n`;

/** One row after the other, so that the same seed brings the same night; many at once where answers take time. */
async function night(kind: string, { share, rows = 12, latencyMs = 0 }: Night): Promise<Told> {
  const fault = share === undefined ? kind : `${kind}:${share}`;
  const { zoom } = await startTestSimulator({
    groups: [],
    accountPlan: 'business',
    faults: [fault],
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
  const done = await command(['apply', file(names(rows)), '--out', 'r', ...options], { cwd, env });
  const run = join(cwd, 'r');
  const said = done.stdout + done.stderr + readFileSync(join(run, 'results.csv'), 'utf8');
  return { done, rows: results(run), sum: summary(run), events: journal(run), zoom, said };
}

function holds({ done, rows, sum, zoom, said }: Told, given: Night): void {
  const n = given.rows ?? 12;
  expect(done.code, said).toBe(given.code);
  expect(said).toContain(given.said);
  expect(rows.map((row) => row.name)).toEqual(Array.from({ length: n }, (_, i) => `Group ${i + 1}`));
  const counts = Object.fromEntries(Object.entries(sum.counts).filter(([, count]) => count > 0));
  expect(counts).toEqual(given.counts);
  const made = zoom.created().map(({ name }) => name);
  expect([made.length, new Set(made).size]).toEqual([given.made, given.made]);
  // A created row has the id of the group that was made for it, wherever that came from; an apostrophe keeps
  // a spreadsheet from running it.
  const ids = new Map(zoom.created().map(({ id, name }) => [name, id]));
  for (const row of rows) expect(row.zoom__group_id?.replace(/^'-/, '-')).toBe(ids.get(row.name ?? '') ?? '');
  expect(sum.exit.code).toBe(given.code);
  expect(done.stderr).not.toContain('Warning');
}

describe('a night with', () => {
  test('any fault that the simulator knows has a test', () => {
    const kinds = FAULT_KINDS.map(({ kind }) => kind).sort();
    expect([...Object.keys(NIGHTS), 'hang', ...NOT_HERE].sort()).toEqual(kinds);
  });

  const table = Object.entries(NIGHTS).map(([kind, given]) => [kind, given.fact, given] as const);
  describe.concurrent('', () => {
    test.each(table)('%s: %s', async (kind, _, given) => {
      const told = await night(kind, given);
      holds(told, given);
      given.met(told);
    });

    test('hang: what never answers may have taken effect, and the listing tells', async () => {
      const { rows, made, waits } = await resultsOfHanging(6);
      expect(rows.map(({ outcome }) => outcome.status)).toEqual(Array(6).fill('created'));
      expect(rows.some(({ outcome }) => outcome.detail === 'recovered')).toBe(true);
      expect(made).toEqual([...new Set(rows.map(({ name }) => name))].sort());
      expect(waits).toBeGreaterThan(0);
    });
  });
});

test('a token that can’t be renewed stops the run when it is refused', async () => {
  const { zoom } = await startTestSimulator({ groups: [], faults: ['401'] });
  const env = { ZOOM_BASE_URL: zoom.baseUrl, ZOOM_ACCESS_TOKEN: zoom.token };
  const cwd = folder();
  const done = await command(['apply', file(names(3)), '--out', 'r', '--concurrency', '1'], { cwd, env });
  expect([done.code, zoom.created()]).toEqual([3, []]);
  expect(done.stderr).toContain('Get a new one');
  expect(summary(join(cwd, 'r')).requests.sent).toBe(1);
  expect(readFileSync(join(cwd, 'r', 'failed.csv'), 'utf8')).toBe(names(3));
});
