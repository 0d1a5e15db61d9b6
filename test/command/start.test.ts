/** How the command starts: on a Node that is too old, and with the words that ask for help or the version. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CLI, command } from '../support/command.js';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const floor: string = manifest.engines.node.replace('>=', '');

/** Runs the command on this Node, which claims another version. */
function runAs(version: string): { status: number | null; stdout: string; stderr: string } {
  const claim = `Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`;
  const args = ['--import', `data:text/javascript,${encodeURIComponent(claim)}`, CLI, '--version'];
  return spawnSync(process.execPath, args, { encoding: 'utf8' });
}

describe('a Node that is too old', () => {
  test.each(['16.20.2', '18.20.8', '20.18.0', '9.0.0'])('%s gets one line and exit 2', (version) => {
    const done = runAs(version);
    expect(done).toMatchObject({ status: 2, stdout: '' });
    expect(done.stderr).toMatch(/^[^\n]+\n$/);
    expect(done.stderr).toContain(`needs Node.js ${floor} or later, this is ${version}`);
    expect(done.stderr).toContain('https://nodejs.org');
  });

  test.each([floor, '20.19.0', '22.0.0', '100.0.0'])('%s is new enough', (version) => {
    expect(runAs(version)).toMatchObject({ status: 0, stdout: `${manifest.version}\n` });
  });

  test('loads nothing before it is told: the first module imports the others only when it runs', () => {
    const code = readFileSync(CLI, 'utf8');
    const imports = [...code.matchAll(/^import .*from\s*['"]([^'"]+)['"]/gm)].map(([, name]) => name);
    expect(imports).toEqual(['node:module']);
    // Node 14 parses neither of these; what old ones parse is all that may stand here.
    expect(code).not.toMatch(/\?\?=|\|\|=|&&=|#\w|\bstatic\s*\{|^\s*await\b|\.at\(|with\s*\{/m);
  });
});

describe('words', () => {
  test.each([['-v'], ['--version'], ['version']])('%s prints the version', async (word) => {
    expect(await command([word])).toEqual({
      code: 0,
      signal: null,
      stdout: `${manifest.version}\n`,
      stderr: '',
    });
  });

  test.each([
    ['help'],
    ['--help'],
    ['-h'],
  ])('%s shows examples before anything else, and where to turn', async (word) => {
    const { code, stdout, stderr } = await command([word]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.indexOf('Examples:')).toBeLessThan(stdout.indexOf('Commands:'));
    for (const part of [
      'ZOOM_CLIENT_SECRET',
      'Exit codes:',
      '130',
      'Report a bug',
      'doctor --json',
      'summary.json',
    ])
      expect(stdout).toContain(part);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  test('the options of a command come in groups, after its examples', async () => {
    const { stdout } = await command(['help', 'apply']);
    const headings = stdout.match(/^[A-Z][A-Za-z ]+:$/gm);
    expect(headings).toEqual([
      'Examples:',
      'What to do:',
      'Rate and locks:',
      'Reading the CSV:',
      'Simulator:',
      'Settings and output:',
    ]);
  });
});
