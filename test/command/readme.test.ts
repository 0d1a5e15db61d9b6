/** What the README says is what happens: its commands are run, its tables are compared with the code, both ways. */
// @module-tag slow
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMAND_NAMES } from '../../src/cli/options/commands.js';
import { ZOOM_VARIABLES } from '../../src/cli/options/environment.js';
import { OPTIONS } from '../../src/cli/options/option-table.js';
import { PLAN_USAGE_SCOPE, scopesOfCommands } from '../../src/doctor/checks/scopes.js';
import { APIS } from '../../src/model/choices.js';
import { STATUSES } from '../../src/model/statuses.js';
import { EXIT } from '../../src/model/stop.js';
import { REQUESTS_PER_DAY, REQUESTS_PER_SECOND, ZOOM } from '../../src/model/zoom-limits.js';
import { createResultsTable } from '../../src/reporting/results.js';
import { defineGroupInput } from '../../src/resources/groups/fields.js';
import { MEMBER_ID_COLUMNS } from '../../src/resources/members/members.js';
import { RUN_FILES } from '../../src/storage/run-folder.js';
import { command, file, folder } from '../support/command.js';
import { createBinFolder, runShell } from '../support/shell.js';
import { startTestSimulator } from '../support/simulator.js';

const ROOT = resolve(import.meta.dirname, '../..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** Blocks of one language; of none for ''. */
function blocks(language: string): readonly string[] {
  return [...README.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)].flatMap(([, name, text = '']) =>
    name === language ? [text] : [],
  );
}

/** What stands in backticks, outside blocks. */
const INLINE: readonly string[] = [...README.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`]+)`/g)].map(
  ([, text = '']) => text,
);

/** Times, rates and the names of run folders differ from run to run. */
function withoutNumbers(line: string): string {
  return line
    .replace(/\d+(\.\d+)? (requests|s\b)|\d+\.\d+\/s/g, '#')
    .replace(/\d{8}T\d{6}Z/g, 'TIME')
    .trimEnd();
}

/** The rows of the table below a header line, as cells. */
function table(header: RegExp): readonly (readonly string[])[] {
  const lines = README.split('\n');
  const at = lines.findIndex((line) => header.test(line));
  const rows = lines.slice(at + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** What stands in backticks in the first cell of each row. */
function names(header: RegExp): readonly string[] {
  return table(header).flatMap(([cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );
}

describe('the console of the README', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

  test.each(blocks('console'))('%s', async (block) => {
    const [first = '', ...shown] = block.trimEnd().split('\n');
    const line = first === '$ npm ci && npm start' ? scripts.start : first;
    const words = line.replace(/^(\$ zoom-im-groups|node dist\/cli\.js) /, '').split(' ');
    const args = words.map((word: string) => (word.startsWith('samples/') ? join(ROOT, word) : word));
    const { stdout } = await command(args);
    const lines = stdout.replaceAll(`${ROOT}/`, '').trimEnd().split('\n').map(withoutNumbers);
    // On a busy machine the simulator may refuse a request or two for their rate.
    const printed = lines.filter((text) => !/^ {2}(\d+ of them w|Zoom rate-limited)/.test(text));
    const expected = shown.map(withoutNumbers);
    if (expected.at(0) === '…') expect(printed).toEqual(expected.slice(1));
    else if (expected.at(-1) !== '…') expect(printed).toEqual(expected);
    else expect(printed.slice(0, expected.length - 1)).toEqual(expected.slice(0, -1));
  });

  test('shows a first run, a check, memberships and a run with failures', () => {
    expect(blocks('console')).toHaveLength(4);
  });
});

describe('the setup of the README', () => {
  test('leads from the sample of credentials to created groups', async () => {
    const { zoom } = await startTestSimulator();
    const cwd = folder();
    await cp(join(ROOT, 'samples'), join(cwd, 'samples'), { recursive: true });
    await cp(join(ROOT, 'samples/groups.csv'), join(cwd, 'groups.csv'));
    const block = blocks('').find((text) => text.includes('zoom.env.example')) ?? '';
    const [copy = '', ...lines] = block.trimEnd().split('\n');
    const bin = createBinFolder();
    expect(await runShell(copy, { bin, cwd })).toMatchObject({ code: 0 });
    const path = join(cwd, 'zoom.env');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const { accountId, clientId, clientSecret } = zoom.credentials;
    const config = readFileSync(path, 'utf8')
      .replace('your-account-id', accountId)
      .replace('your-client-id', clientId)
      .replace('your-client-secret', clientSecret);
    writeFileSync(path, `${config}ZOOM_BASE_URL=${zoom.baseUrl}\nZOOM_TOKEN_URL=${zoom.tokenUrl}\n`);
    expect(lines.map((line) => line.split(' ')[1])).toEqual(['doctor', 'plan', 'apply']);
    for (const line of lines) expect(await runShell(line, { bin, cwd }), line).toMatchObject({ code: 0 });
    expect(zoom.groups().map(({ name }) => name)).toContain('Zakupy Wrocław');
  });

  test('sets variables in PowerShell that are read', () => {
    const set = [
      ...blocks('powershell')
        .join('')
        .matchAll(/\$env:(\w+) = '/g),
    ].map(([, name]) => name);
    expect(set).toEqual(['ZOOM_ACCOUNT_ID', 'ZOOM_CLIENT_ID', 'ZOOM_CLIENT_SECRET']);
  });

  test('names every scope that a command asks for, and no other', () => {
    const used = APIS.flatMap(scopesOfCommands).flatMap(({ needs }) => needs.flat());
    const all = new Set([...used, PLAN_USAGE_SCOPE]);
    const named = table(/^\| scopes for/).flatMap(
      (cells) => cells.join(' ').match(/[a-z_]+:[a-z_:]+:admin/g) ?? [],
    );
    expect(new Set(named)).toEqual(all);
  });

  const FORMS = [
    ['im', 'classic', 1],
    ['im', 'granular', 3],
    ['contacts', 'classic', 2],
    ['contacts', 'granular', 3],
  ] as const;
  const rows = table(/^\| scopes for/).map((cells) => ({
    names: [...(cells[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
    cells: cells.map((cell) => [...cell.matchAll(/`([a-z_:]+:admin)`/g)].map(([, scope = '']) => scope)),
  }));

  /** With each command, what is typed on an account that has the group. */
  const TYPED: readonly (readonly [string, ...(readonly string[])[]])[] = [
    ['plan', ['plan', 'new.csv']],
    ['export', ['export']],
    ['apply', ['apply', 'new.csv']],
    ['apply --update', ['apply', 'changed.csv', '--update']],
    ['rollback', ['apply', 'new.csv', '--out', 'run'], ['rollback', 'run', '--yes']],
    ['members', ['members', 'members.csv'], ['members', 'members.csv', '--remove']],
    ['export --members', ['export', '--members']],
    ['doctor', ['doctor']],
  ];

  test.each(FORMS)('names scopes that suffice: --api %s, %s', async (api, form, column) => {
    const cwd = folder();
    writeFileSync(join(cwd, 'new.csv'), 'name,type\nNew,shared\n');
    writeFileSync(join(cwd, 'changed.csv'), 'name,type\nThere,restricted\n');
    writeFileSync(join(cwd, 'members.csv'), 'group,email\nThere,ada.adler@example.com\n');
    expect(rows.flatMap(({ names }) => names)).toEqual(TYPED.map(([name]) => name));
    // A classic scope allows several calls, so two commands need all that the table has.
    const tried = form === 'granular' ? TYPED : TYPED.filter(([name]) => /^(rollback|members)$/.test(name));
    for (const [name, ...typed] of tried) {
      const last = rows.findIndex(({ names }) => names.includes(name));
      const scopes = rows.slice(0, last + 1).flatMap(({ cells }) => cells[column] ?? []);
      const there = { id: 'there', name: 'There', type: 'normal', total_members: 3 } as const;
      const { env } = await startTestSimulator({ groups: [there], scopes });
      for (const args of typed) {
        const ended = await command(args, { cwd, env: { ...env, ZOOM_IM_GROUPS_API: api } });
        expect(ended, `${args.join(' ')}: ${ended.stderr}`).toMatchObject({ code: 0 });
      }
    }
  });

  test('states the rates and daily limits of the plans as they are applied', () => {
    const plans = (values: Readonly<Record<string, number>>): readonly string[] =>
      ['free', 'pro', 'business'].map((plan) => (values[plan] ?? 0).toLocaleString('en-US'));
    const [light, heavy] = [plans(REQUESTS_PER_SECOND.light), plans(REQUESTS_PER_SECOND.heavy)];
    const daily = plans(REQUESTS_PER_DAY.heavy);
    const text = README.replaceAll('\n', ' ');
    expect(text).toContain(`${light[0]}, ${light[1]} or ${light[2]} creates/s`);
    expect(text).toContain(`${heavy[0]}, ${heavy[1]} or ${heavy[2]} writes/s`);
    expect(text).toContain(`${daily[0]}, ${daily[1]} or ${daily[2]} a day`);
  });

  test('names the addresses of government accounts, in the form of the usual ones', () => {
    for (const url of [ZOOM.baseUrl, ZOOM.tokenUrl]) {
      expect(README).toContain(url.replace('zoom.us', 'zoomgov.com'));
    }
  });
});

describe('the tables of the README', () => {
  test('name every status, and whether it is provisioned', () => {
    const rows = table(/^\| `zoom__status`/).flatMap(([cell = '', , provisioned]) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => [name, provisioned] as const),
    );
    const expected = Object.entries(STATUSES).map(([name, status]) => {
      if (name === 'duplicate') return [name, 'as that row'];
      return [name, status.provisioned ? 'yes' : 'no'];
    });
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(expected));
  });

  test('name every exit code', () => {
    const codes = table(/^\| exit code/).flatMap(([cell = '']) => cell.split(', ').map(Number));
    expect(codes).toEqual(Object.values(EXIT));
  });

  test('name every file of a run folder', () => {
    expect(new Set(names(/^\| file \| what/))).toEqual(new Set(Object.values(RUN_FILES)));
  });

  test('name every variable that is read, and no other', () => {
    expect(new Set(names(/^\| variable/))).toEqual(new Set(ZOOM_VARIABLES));
  });

  test('name every column of a groups CSV, and no other', () => {
    const fields = defineGroupInput(true).fields.map(({ name }) => name);
    expect(names(/^\| column \| value/)).toEqual(fields);
  });

  test('name every command', () => {
    for (const name of COMMAND_NAMES) expect(README).toMatch(new RegExp(`\`(zoom-im-groups )?${name}\\b`));
  });
});

test('the columns of the results are named in their order', () => {
  const named = [...README.matchAll(/`(zoom__\w+)`/g)].map(([, name]) => name);
  const start = named.lastIndexOf('zoom__status', named.indexOf('zoom__line'));
  expect(named.slice(start, start + 9)).toEqual(
    createResultsTable({ header: [], delimiter: ',' }, MEMBER_ID_COLUMNS).header.trim().split(','),
  );
});

describe('the options', () => {
  const long = OPTIONS.flatMap(({ flags }) => flags.match(/--[a-z-]+/g) ?? []);

  test('are all in the README, and it names no other', () => {
    const named = README.match(/(?<![\w-])--[a-z][a-z-]+/g);
    expect(new Set(named)).toEqual(new Set(long));
  });

  test('are options of the command that they are shown with', () => {
    const lines = [...blocks('').join('').split('\n'), ...blocks('console').join('').split('\n'), ...INLINE];
    const wrong = lines.flatMap((line) => {
      const [, name, rest = ''] = /^(?:\$ )?(?:zoom-im-groups )?([a-z]+)\b(.*)/.exec(line) ?? [];
      const known = COMMAND_NAMES.find((one) => one === name);
      if (!known) return [];
      return (rest.match(/--[a-z-]+/g) ?? [])
        .filter(
          (flag) =>
            !OPTIONS.some(({ flags, on }) => flags.split(/[ ,]+/).includes(flag) && on.includes(known)),
        )
        .map((flag) => `${name} ${flag}`);
    });
    expect(wrong).toEqual([]);
  });
});

test('the example of a CSV has no problem', async () => {
  const csv = blocks('').find((text) => text.startsWith('name,')) ?? '';
  expect(await command(['validate', file(csv)])).toMatchObject({ code: 0 });
});

test('the example of an export does not write over the groups that are applied', () => {
  expect(INLINE.filter((text) => text.startsWith('export --out'))).not.toContain('export --out groups.csv');
});

test('every link leads to a file', () => {
  const links = [...README.matchAll(/\]\(([^)]+)\)/g)].map(([, to = '']) => to);
  const missing = links.filter((to) => !to.startsWith('https://') && !existsSync(join(ROOT, to)));
  expect(missing).toEqual([]);
});

test('every script of npm that it names exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const named = [...README.matchAll(/npm (?:run )?(test|start|(?<=run )[a-z]+)/g)].map(
    ([, name = '']) => name,
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});
