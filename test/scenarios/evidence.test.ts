/** Every status rests on evidence: what a server claims, hides or shows late never becomes a false report. */
// @module-tag slow
import { renameSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command, file, folder, results, summary } from '../support/command.js';
import { numbered, runUntil, startEmptyAccount, upTo } from '../support/interrupted-run.js';
import { startScriptedServer } from '../support/scripted-server.js';
import { createBinFolder, runShell } from '../support/shell.js';
import { createHastyClock, runSimulated } from '../support/simulated-run.js';
import { send, startTestSimulator } from '../support/simulator.js';

/** A server that answers every listing with this response, and no write. */
async function startListServer(status: number, body: string): Promise<Record<string, string>> {
  const { url } = await startScriptedServer(({ method }, response) => {
    response.writeHead(method === 'GET' ? status : 500).end(method === 'GET' ? body : '');
  });
  return { ZOOM_BASE_URL: `${url}v2`, ZOOM_ACCESS_TOKEN: 'token' };
}

describe.concurrent('a rollback of contact groups', () => {
  test('keeps a group that has members by now, although the listing counts none', async () => {
    const { zoom, env } = await startTestSimulator({ groups: [] });
    const cwd = folder();
    const args = ['apply', file('name\nEmpty\nUsed\n'), '--api', 'contacts', '--out', 'r'];
    expect(await command(args, { cwd, env })).toMatchObject({ code: 0 });
    const used = zoom.created().find(({ name }) => name === 'Used');
    const group_members = [{ type: 1, id: zoom.users[0]?.id }];
    await send(zoom, `POST /contacts/groups/${used?.id}/members`, { json: { group_members } });
    const undone = await command(['rollback', 'r', '--yes'], { cwd, env });
    expect(undone.code, undone.stderr).toBe(1);
    expect(zoom.groups().map(({ name }) => name)).toEqual(['Used']);
  });

  test('keeps every group whose member count is unknown', async () => {
    const { zoom, env } = await startTestSimulator({ groups: [], faults: ['no-member-count'] });
    const cwd = folder();
    await command(['apply', file('name\nA\nB\n'), '--api', 'contacts', '--out', 'r'], { cwd, env });
    const undone = await command(['rollback', 'r', '--yes'], { cwd, env });
    expect(undone.code, undone.stderr).toBe(1);
    expect(zoom.groups().length).toBe(2);
  });

  test('deletes groups whose create and listing spell their ids differently', async () => {
    const { zoom, env } = await startTestSimulator({ groups: [], faults: ['reset-after:0.5'], seed: 3 });
    const cwd = folder();
    await command(['apply', file(numbered(upTo(8))), '--api', 'contacts', '--out', 'r'], { cwd, env });
    const ids = results(join(cwd, 'r')).map((row) => row.zoom__group_id ?? '');
    expect(ids.some((id) => id.startsWith('dir.'))).toBe(true);
    expect(ids.some((id) => !id.startsWith('dir.'))).toBe(true);
    const undone = await command(['rollback', 'r', '--yes'], { cwd, env });
    expect(undone.code, undone.stderr).toBe(0);
    expect(zoom.groups()).toEqual([]);
  });
});

describe('a create is not reported as provisioned', () => {
  test.each([
    ['im', 'other-409:1'],
    ['contacts', 'other-409:1'],
    ['im', '201-error:1'],
    ['contacts', '201-error:1'],
  ] as const)('on %s groups, after %s', async (api, fault) => {
    const clock = createHastyClock();
    const { zoom } = await startTestSimulator({ groups: [], faults: [fault], now: clock.now });
    const { results: rows } = await runSimulated(zoom, { api, rows: [['A'], ['B']], clock });
    expect(zoom.created()).toEqual([]);
    expect(rows.map(({ outcome }) => outcome.status)).toEqual(['failed', 'failed']);
  });
});

describe.concurrent('a listing that fails is reported with its true cause', () => {
  const html = '<html><body>Service Unavailable</body></html>';
  const causes = [
    ['an outage', 503, html, 4, /HTTP 503/],
    ['a body that is cut short', 200, '{"groups":[', 4, /cut short or not JSON/],
    ['a missing scope', 401, '{"code":4711,"message":"does not contain scopes:[a:b]"}', 3, /scope/],
  ] as const;
  const commands = [
    ['plan', ['plan', 'IN']],
    ['apply --update', ['apply', 'IN', '--update', '--out', 'r']],
    ['export', ['export']],
    ['members', ['members', 'MEMBERS', '--out', 'r']],
  ] as const;
  const table = causes.flatMap(([cause, status, body, code, words]) =>
    commands.map(([name, args]) => ({ cause, status, body, code, words, name, args })),
  );
  test.each(table)('$cause, by $name', async ({ cause, status, body, code, words, args }) => {
    const env = await startListServer(status, body);
    const input = file('name\nA\n');
    const memberships = file('group,email\nA,a@example.com\n');
    const typed = args.map((word) => (word === 'IN' ? input : word === 'MEMBERS' ? memberships : word));
    const done = await command(typed, { cwd: folder(), env });
    const output = (done.stdout + done.stderr).replace(/\s+/g, ' ');
    expect(done.code, output).toBe(code);
    expect(output).toMatch(words);
    if (cause !== 'a missing scope') expect(output).not.toMatch(/lacks? a scope/);
  }, 90_000);

  test.each(commands)(
    'a host that does not exist, by %s',
    async (_, args) => {
      const env = { ZOOM_BASE_URL: 'https://zoom.invalid/v2', ZOOM_ACCESS_TOKEN: 'token' };
      const input = file('name\nA\n');
      const memberships = file('group,email\nA,a@example.com\n');
      const typed = args.map((word) => (word === 'IN' ? input : word === 'MEMBERS' ? memberships : word));
      const done = await command(typed, { cwd: folder(), env });
      expect(done.code, done.stdout + done.stderr).toBe(4);
      expect(done.stdout + done.stderr).toMatch(/zoom\.invalid|ENOTFOUND|EAI_AGAIN/);
    },
    90_000,
  );
});

test('contact groups whose names Zoom stores with other blanks are created once, however often the file is applied', async () => {
  const { zoom, env } = await startTestSimulator({ groups: [], faults: ['folds-names'] });
  const input = file('name\nTeam  North\nTeam   South\n');
  for (const [code, created] of [
    [0, 2],
    [0, 0],
  ] as const) {
    const cwd = folder();
    const done = await command(['apply', input, '--api', 'contacts', '--out', 'r'], { cwd, env });
    expect(done.code, done.stderr).toBe(code);
    expect(summary(join(cwd, 'r')).counts.created).toBe(created);
  }
  expect(zoom.created().length).toBe(2);
});

describe('a journal that is taken away in mid-run', () => {
  test.each<[string, (journal: string) => void]>([
    ['deleted', (journal) => rmSync(journal)],
    ['renamed', (journal) => renameSync(journal, `${journal}.old`)],
    ['truncated', (journal) => truncateSync(journal, 0)],
  ])('%s: exit 6, and what was created is on standard error', async (_, takeAway) => {
    const { zoom, env } = await startEmptyAccount();
    const cwd = folder();
    const done = await runUntil(
      zoom,
      30,
      () => takeAway(join(cwd, 'r', 'journal.ndjson')),
      ['apply', file(numbered(upTo(300))), '--account-plan', 'business', '--out', 'r'],
      { cwd, env },
    );
    expect(done.code, done.stderr).toBe(6);
    expect(zoom.created().length).toBeGreaterThanOrEqual(30);
    expect(done.stdout + done.stderr).not.toContain('Nothing was sent');
    for (const { id, name } of zoom.created()) expect(done.stderr, name).toContain(id);
  });
});

test('the resume command that report prints continues the same run, with --update and --body', async () => {
  const groups = upTo(3).map((n) => ({ id: `g${n}`, name: `Group ${n}`, type: 'normal' as const }));
  const { zoom, env } = await startTestSimulator({ groups });
  const cwd = folder();
  const input = file(
    `name,type\n${upTo(5)
      .map((n) => `Group ${n},shared\n`)
      .join('')}`,
  );
  const options = ['--update', '--body', 'json', '--limit', '1', '--out', 'r'];
  expect(await command(['apply', input, ...options], { cwd, env })).toMatchObject({ code: 4 });
  const report = await command(['report', 'r', '--json'], { cwd, env });
  const resumed = await runShell(JSON.parse(report.stdout).resume_command, {
    bin: createBinFolder(),
    cwd,
    env,
  });
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(zoom.groups().map(({ type }) => type)).toEqual(Array(5).fill('shared'));
  expect(summary(join(cwd, 'r')).counts).toMatchObject({ updated: 3, created: 2 });
});

describe('two users on one account, whose names may repeat', () => {
  const apply = (
    input: string,
    more: readonly string[],
    state: string,
    env: Readonly<Record<string, string>>,
  ) =>
    command(['apply', input, '--api', 'contacts', '--out', 'r', ...more], {
      cwd: folder(),
      env: { ...env, XDG_STATE_HOME: state },
    });

  test('see a warning for each group that both have created', async () => {
    const { zoom, env } = await startTestSimulator({ groups: [], accountPlan: 'business', latencyMs: 200 });
    const input = file(numbered(upTo(20)));
    const runs = await Promise.all([1, 2].map(() => apply(input, [], folder(), env)));
    const twice = zoom.created().length - new Set(zoom.created().map(({ name }) => name)).size;
    expect(twice).toBeGreaterThan(0);
    const output = runs.map(({ stdout, stderr }) => stdout + stderr).join('\n');
    const warned = new Set(output.match(/Group \d+(?=\\?": Zoom has 2 groups of this name)/g));
    expect(warned.size).toBe(twice);
  });

  test('exclude each other with one --state-dir', async () => {
    const { zoom, env } = await startTestSimulator({ groups: [], accountPlan: 'business', latencyMs: 200 });
    const input = file(numbered(upTo(20)));
    const shared = ['--state-dir', folder()];
    const runs = await Promise.all([1, 2].map(() => apply(input, shared, folder(), env)));
    expect(runs.map(({ code }) => code).sort()).toEqual([0, 5]);
    expect(zoom.created().length).toBe(20);
  });
});
