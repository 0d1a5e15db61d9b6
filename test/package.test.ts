/** What somebody who installs the package gets, and what they do not. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { beforeAll, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

type Packed = {
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
};
let packed: Packed;
beforeAll(() => {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  [packed] = JSON.parse(execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' }));
});

test('holds the program, the samples and what is to be read, and nothing else', () => {
  const others = packed.files
    .map(({ path }) => path)
    .filter((path) => !/^(dist\/.+\.(js|d\.ts)|samples\/.+|README\.md|LICENSE|package\.json)$/.test(path));
  expect(others).toEqual([]);
  const paths = packed.files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining(['dist/cli.js', 'dist/index.js', 'dist/index.d.ts', 'LICENSE']),
  );
  expect(paths.filter((path) => /test|\.env$|\.ts$/.test(path) && !path.endsWith('.d.ts'))).toEqual([]);
  // A sample must not bring credentials or what a run left behind.
  const tracked = execFileSync('git', ['ls-files', '-z', 'samples'], { cwd: ROOT, encoding: 'utf8' });
  const samples = paths.filter((path) => path.startsWith('samples/'));
  expect(samples.sort()).toEqual(tracked.split('\0').filter(Boolean).sort());
});

test('brings the types of the library, with their docstrings, and all that they lead to', () => {
  const paths = new Set(packed.files.map(({ path }) => path));
  const seen = new Set<string>();
  const follow = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const text = readFileSync(join(ROOT, path), 'utf8');
    for (const [, to] of text.matchAll(/(?:from |import\()["'](\.[^"']+)\.js["']/g)) {
      follow(`${join(dirname(path), to ?? '')}.d.ts`);
    }
  };
  follow('dist/index.d.ts');
  expect([...seen].filter((path) => !paths.has(path))).toEqual([]);
  const texts = [...seen].map((path) => readFileSync(join(ROOT, path), 'utf8'));
  expect(texts.join('')).toContain('Creates every group');
});

test('is under 1 MB unpacked', () => {
  expect(packed.unpackedSize).toBeLessThan(1024 * 1024);
});

test('brings a command that the system can run', () => {
  const { bin } = manifest;
  const main = packed.files.find(({ path }) => path === bin['zoom-im-groups']);
  expect((main?.mode ?? 0) & 0o111).toBe(0o111);
  expect(readFileSync(join(ROOT, bin['zoom-im-groups']), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test('is as publint would have it', async () => {
  const { messages } = await publint({ pkgDir: ROOT, strict: true, pack: false });
  expect(messages.map((message) => formatMessage(message, manifest))).toEqual([]);
});

test('depends on six packages, and on Redis only where it is wanted', () => {
  const wanted = ['bottleneck', 'commander', 'csv-parse', 'p-limit', 'pino', 'undici'];
  expect(Object.keys(manifest.dependencies)).toEqual(wanted);
  expect(manifest.peerDependenciesMeta).toEqual({ ioredis: { optional: true } });
});

test('has a lockfile that names no host', () => {
  const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
  const { packages } = JSON.parse(lock) as { packages: Record<string, Record<string, unknown>> };
  const resolved = Object.entries(packages).filter(([, entry]) => 'resolved' in entry);
  expect(resolved.map(([name]) => name)).toEqual([]);
  const whole = Object.entries(packages).filter(([name]) => name !== '');
  expect(whole.filter(([, { integrity }]) => !integrity).map(([name]) => name)).toEqual([]);
  expect(lock).not.toMatch(/registry\.|verdaccio|artifactory/i);
});

test('names no place of the machine that it was written on', () => {
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' })
    .split('\0')
    .filter(Boolean);
  const built = packed.files.map(({ path }) => path);
  const places = [ROOT, homedir(), hostname()].filter((place) => place.length > 5);
  const named = [...new Set([...tracked, ...built])].filter((path) => {
    const text = readFileSync(join(ROOT, path), 'utf8');
    return places.some((place) => text.includes(place));
  });
  expect(named).toEqual([]);
});
