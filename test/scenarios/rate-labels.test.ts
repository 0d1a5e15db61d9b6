/** The rate limits of whole commands, at a simulator that enforces those of a plan in every sliding second. */
// @module-tag slow
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RateLabel } from '../../src/model/call.js';
import type { Simulator } from '../../src/simulator/server.js';
import { command, file, folder, summary } from '../support/command.js';
import { numbered, upTo } from '../support/interrupted-run.js';
import { startTestSimulator } from '../support/simulator.js';

/** The requests of a label, and those that the simulator refused. */
function countRequests(
  zoom: Simulator,
  label: RateLabel,
): { readonly all: number; readonly refused: number } {
  const requests = zoom.requests().filter((request) => request.label === label);
  return { all: requests.length, refused: requests.filter(({ status }) => status === 429).length };
}

const createGroups = (count: number): readonly { readonly id: string; readonly name: string }[] =>
  upTo(count).map((n) => ({ id: `group-${n}`, name: `Group ${n}` }));

describe('a listing of contact groups', () => {
  test.each([
    { accountPlan: 'pro', groups: 1_500, latencyMs: 10 },
    { accountPlan: 'pro', groups: 1_500, latencyMs: 40 },
    { accountPlan: 'pro', groups: 1_500, latencyMs: 150 },
    { accountPlan: 'free', groups: 200, latencyMs: 10 },
  ] as const)('of $groups on the $accountPlan plan at $latencyMs ms requests no page twice but those that were refused', async ({
    accountPlan,
    groups,
    latencyMs,
  }) => {
    const { zoom, env } = await startTestSimulator({ accountPlan, latencyMs, groups: createGroups(groups) });
    const cwd = folder();
    const args = ['export', '--api', 'contacts', '--account-plan', accountPlan, '--out', 'all.csv', '--json'];
    const done = await command(args, { cwd, env });
    expect(done.code, done.stderr).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({ groups });
    const pages = zoom.requests().filter(({ path }) => path === '/v2/contacts/groups');
    const answered = pages.filter(({ status }) => status === 200).map(({ query }) => query);
    expect(answered.length).toBe(groups / 50);
    expect(new Set(answered).size).toBe(answered.length);
    const refused = pages.filter(({ status }) => status === 429).length;
    expect(pages.length).toBe(answered.length + refused);
    // The last page is half a minute away if each refusal begins the listing again.
    expect(refused).toBeLessThanOrEqual(1);
  }, 40_000);
});

test('a token that takes 400 ms, and expires in mid-run, causes no burst', {
  retry: 2,
  timeout: 40_000,
}, async () => {
  const { zoom } = await startTestSimulator({
    accountPlan: 'pro',
    groups: [],
    latencyMs: 400,
    faults: ['token-expired'],
  });
  const { accountId, clientId, clientSecret } = zoom.credentials;
  const app = { ZOOM_ACCOUNT_ID: accountId, ZOOM_CLIENT_ID: clientId, ZOOM_CLIENT_SECRET: clientSecret };
  const env = { ...app, ZOOM_BASE_URL: zoom.baseUrl, ZOOM_TOKEN_URL: zoom.tokenUrl };
  const done = await command(['apply', file(numbered(upTo(300))), '--out', 'r'], { cwd: folder(), env });
  expect(done.code, done.stderr).toBe(0);
  expect(zoom.created().length).toBe(300);
  expect(zoom.tokensIssued()).toBe(2);
  const { all, refused } = countRequests(zoom, 'light');
  // Those that were in flight when the token expired are sent again.
  expect(zoom.requests().filter(({ status }) => status === 401).length).toBeGreaterThan(0);
  expect(refused).toBeLessThanOrEqual(all * 0.01);
});

test('the limit of each label holds, whatever is sent under the others', {
  retry: 2,
  timeout: 60_000,
}, async () => {
  const { zoom, env } = await startTestSimulator({
    accountPlan: 'pro',
    latencyMs: 20,
    groups: createGroups(400),
  });
  const cwd = folder();
  const input = file(
    `name,type\n${upTo(460)
      .slice(340)
      .map((n) => `Group ${n},shared\n`)
      .join('')}`,
  );
  const args = ['apply', input, '--api', 'contacts', '--update', '--out', 'r'];
  const applied = await command(args, { cwd, env });
  expect(applied.code, applied.stderr).toBe(0);
  expect(summary(join(cwd, 'r')).counts).toMatchObject({ created: 60, updated: 60 });
  const undone = await command(['rollback', 'r', '--include-updates', '--yes'], { cwd, env });
  expect(undone.code, undone.stderr).toBe(0);
  expect(zoom.groups().length).toBe(400);
  // Creates, updates and deletes are heavy on contact groups, reading one group is light, listing is medium.
  for (const [label, perSecond] of [
    ['light', 30],
    ['medium', 20],
    ['heavy', 10],
  ] as const) {
    const { all, refused } = countRequests(zoom, label);
    expect(all, label).toBeGreaterThanOrEqual(label === 'medium' ? 10 : 120);
    expect(refused, label).toBeLessThanOrEqual(Math.ceil(all * 0.01));
    expect(zoom.peakPerSecond(label), label).toBeLessThanOrEqual(perSecond);
  }
});
