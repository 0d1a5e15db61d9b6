/** The ways to have the command on a machine: each works, or says in one line what to do. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { folder } from './support/command.js';

const ROOT = resolve(import.meta.dirname, '..');

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** With an empty environment besides PATH, in that folder. */
function run(command: string, args: readonly string[], cwd: string, env: Record<string, string> = {}): Ended {
  const { PATH = '' } = process.env;
  const ended = spawnSync(command, args, { cwd, env: { PATH, ...env }, encoding: 'utf8' });
  return { code: ended.status, stdout: ended.stdout, stderr: ended.stderr };
}

/** Creates two groups in the simulator. */
function apply(command: string, args: readonly string[], env: Record<string, string> = {}): Ended {
  const cwd = folder();
  writeFileSync(join(cwd, 'groups.csv'), 'name\nSales\nMarketing\n');
  const given = [...args, 'apply', 'groups.csv', '--simulate', '--out', 'run'];
  const ended = run(command, given, cwd, { XDG_STATE_HOME: cwd, ...env });
  const results = readFileSync(join(cwd, 'run/results.csv'), 'utf8');
  expect(results.match(/^created,/gm), ended.stderr).toHaveLength(2);
  return ended;
}

/** The packed package and what it depends on, and nothing else, below a folder with a blank in its name. */
function install(): string {
  const home = join(folder(), 'my tools');
  const target = join(home, 'node_modules/zoom-im-groups');
  mkdirSync(target, { recursive: true });
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', home];
  const [{ filename }] = JSON.parse(
    execFileSync('npm', pack, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' }),
  );
  execFileSync('tar', ['-xzf', join(home, filename), '-C', target, '--strip-components=1']);
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
  };
  for (const [path, { dev, devOptional }] of Object.entries(packages)) {
    if (path === '' || dev || devOptional) continue;
    mkdirSync(dirname(join(home, path)), { recursive: true });
    cpSync(join(ROOT, path), join(home, path), { recursive: true });
  }
  return target;
}

test('the packed package runs with its own dependencies only, from a folder with a blank in its name', () => {
  const target = install();
  expect(apply(process.execPath, [join(target, 'dist/cli.js')])).toMatchObject({ code: 0 });
  const script =
    "import('zoom-im-groups').then(({ provision, plan }) => console.log(typeof provision, typeof plan))";
  writeFileSync(join(dirname(dirname(target)), 'use.mjs'), script);
  const used = run(process.execPath, ['use.mjs'], dirname(dirname(target)));
  expect(used).toMatchObject({ code: 0, stdout: 'function function\n' });
});

test('a link to the command runs it, as a global install makes one', () => {
  const prefix = folder();
  execFileSync('npm', ['install', '--global', '--prefix', prefix, '--ignore-scripts', '--offline', ROOT], {
    stdio: 'pipe',
  });
  expect(apply(join(prefix, 'bin/zoom-im-groups'), [])).toMatchObject({ code: 0 });
});

test('a simulated run needs no home folder', () => {
  const cli = join(ROOT, 'dist/cli.js');
  expect(apply(process.execPath, [cli], { HOME: '/dev/null', XDG_STATE_HOME: '' })).toMatchObject({
    code: 0,
  });
});

test('the bundle runs from an empty folder with nothing but Node, and has the licences of what is inside', () => {
  const target = folder();
  execFileSync(process.execPath, ['.config/bundle.mjs', target], { cwd: ROOT, stdio: 'pipe' });
  expect(readdirSync(target).sort()).toEqual(['zoom-im-groups.cjs', 'zoom-im-groups.cjs.LICENSES.txt']);
  const cli = join(target, 'zoom-im-groups.cjs');
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(run(process.execPath, [cli, '--version'], target)).toMatchObject({
    code: 0,
    stdout: `${version}\n`,
  });
  const applied = apply(process.execPath, [cli]);
  expect(applied).toMatchObject({ code: 0 });
  expect(applied.stderr).not.toMatch(/Warning/);
  const licences = readFileSync(`${cli}.LICENSES.txt`, 'utf8');
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) expect(licences).toMatch(new RegExp(`^${name} \\d`, 'm'));
});

test('npm ci --omit=dev in a checkout that was never built says in one line what is missing', () => {
  const checkout = folder();
  cpSync(join(ROOT, '.config'), join(checkout, '.config'), { recursive: true });
  cpSync(join(ROOT, 'src/cli.ts'), join(checkout, 'src/cli.ts'));
  const ended = run(process.execPath, ['.config/build.mjs', '--if-stale'], checkout);
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/^zoom-im-groups is not built, [^\n]*npm ci && npm run build\n$/);
  // Built before, as in an image that only drops the development packages: nothing to do.
  cpSync(join(ROOT, 'dist/cli.js'), join(checkout, 'dist/cli.js'));
  expect(run(process.execPath, ['.config/build.mjs', '--if-stale'], checkout)).toMatchObject({ code: 0 });
  expect(existsSync(join(checkout, 'dist/index.js'))).toBe(false);
});
