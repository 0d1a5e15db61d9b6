/** What the README says is what happens: its commands are run, its tables held against the code, both ways. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ZOOM_VARIABLES } from '../../src/cli/options/environment.js';
import { COMMAND_NAMES, OPTIONS } from '../../src/cli/options/option-table.js';
import { EXIT } from '../../src/model/stop.js';
import { resultColumns } from '../../src/reporting/results.js';
import { RUN_FILES } from '../../src/storage/run-folder.js';
import { command, folder } from '../support/command.js';
import { GROUP_ID_COLUMNS } from '../support/page.js';

const ROOT = resolve(import.meta.dirname, '../..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** Blocks of one language. */
function blocks(language: string): readonly string[] {
  return [...README.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, text]) => text ?? '',
  );
}

/** Times, rates and numbers of bytes differ from run to run. */
function steady(line: string): string {
  return line.replace(/\d+(\.\d+)? (requests|s\b)|\d+\.\d+\/s/g, '#').trimEnd();
}

/** The first column of the table below a header line. */
function column(header: RegExp): readonly string[] {
  const lines = README.split('\n');
  const at = lines.findIndex((line) => header.test(line));
  const rows = lines.slice(at + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end).map((line) => line.split('|')[1]?.trim() ?? '');
}

describe('the console of the README', () => {
  test.each(blocks('console'))('%s', async (block) => {
    const [first = '', ...expected] = block.trimEnd().split('\n');
    const words = first.replace(/^\$ zoom-im-groups /, '').split(' ');
    const cwd = folder();
    const args = words.map((word) => (word.startsWith('samples/') ? join(ROOT, word) : word));
    const { stdout } = await command(args, { cwd });
    const got = stdout.replaceAll(`${ROOT}/`, '').trimEnd().split('\n').map(steady);
    const cut = expected.indexOf('…');
    const wanted = (cut < 0 ? expected : expected.slice(0, cut)).map(steady);
    expect(cut < 0 ? got : got.slice(0, wanted.length)).toEqual(wanted);
  });

  test('is there', () => {
    expect(blocks('console').length).toBeGreaterThanOrEqual(3);
  });
});

describe('the tables of the README', () => {
  test('name every status of a provisioning run', () => {
    const named = column(/^\| `zoom__status`/).map((cell) => cell.replaceAll('`', ''));
    const counts = ['created', 'updated', 'already-provisioned', 'duplicate', 'failed', 'unknown'];
    expect(new Set(named)).toEqual(new Set([...counts, 'invalid', 'not-attempted']));
  });

  test('name every exit code', () => {
    const codes = column(/^\| exit code/).flatMap((cell) => cell.split(', ').map(Number));
    expect(new Set(codes)).toEqual(new Set(Object.values(EXIT)));
  });

  test('name every file of a run folder', () => {
    const named = column(/^\| file \| what/).map((cell) => cell.replaceAll('`', ''));
    expect(new Set(named)).toEqual(new Set(Object.values(RUN_FILES)));
  });

  test('name every variable that is read, and no other', () => {
    const named = column(/^\| variable/).flatMap((cell) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    expect(new Set(named)).toEqual(new Set(ZOOM_VARIABLES));
  });

  test('name every command', () => {
    for (const name of COMMAND_NAMES) expect(README).toMatch(new RegExp(`\\b${name}\\b`));
  });
});

test('every option that the README names is one', () => {
  const known = new Set(
    OPTIONS.flatMap(({ flags }) => flags.match(/--[a-z-]+/g) ?? []).concat('--help', '--version'),
  );
  // systemctl's word is not ours.
  const others = new Set(['--now']);
  const named = new Set(README.match(/(?<![\w-])--[a-z][a-z-]+/g));
  expect([...named].filter((name) => !known.has(name) && !others.has(name))).toEqual([]);
});

test('our columns come in the order that scripts rely on', () => {
  expect(resultColumns(GROUP_ID_COLUMNS)).toEqual([
    'zoom__status',
    'zoom__line',
    'zoom__group_id',
    'zoom__http_status',
    'zoom__code',
    'zoom__attempts',
    'zoom__tracking_id',
    'zoom__detail',
  ]);
});
