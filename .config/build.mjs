/**
 * Builds dist/ from the sources. `node .config/build.mjs` always does; with `--if-stale` only if dist/ was not built
 * from the sources as they are now. vitest takes `setup` as its global setup, so that no test runs an old build.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
const HASH = join(DIST, '.sources.sha256');
const INPUTS = ['src', '.config', 'package.json', 'package-lock.json', 'tsconfig.json'];

/** By content: times of files mean nothing after a checkout or a copy. */
function hashSources() {
  const hash = createHash('sha256');
  const add = (path) => hash.update(`${path}\0`).update(readFileSync(join(ROOT, path))).update('\0');
  for (const input of INPUTS) {
    if (/\.json$/.test(input)) add(input);
    else {
      const files = readdirSync(join(ROOT, input), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length));
      for (const path of files.sort()) add(path);
    }
  }
  return hash.digest('hex');
}

function isFresh() {
  return existsSync(HASH) && readFileSync(HASH, 'utf8') === hashSources();
}

function run(script, ...args) {
  execFileSync(process.execPath, [join(ROOT, script), ...args], { cwd: ROOT, stdio: 'inherit' });
}

function build() {
  const before = hashSources();
  rmSync(DIST, { recursive: true, force: true });
  const tsc = 'node_modules/typescript/bin/tsc';
  // Declarations keep the comments, which are the library's reference; the program does without them.
  run(tsc, '--emitDeclarationOnly');
  run(tsc, '--declaration', 'false', '--isolatedDeclarations', 'false', '--removeComments');
  run('.config/embed-assets.mjs', 'dist');
  const format = ['format', '--log-level=error', '--config-path=.config/biome.dist.json', '--write', 'dist'];
  run('node_modules/@biomejs/biome/bin/biome', ...format);
  chmodSync(join(DIST, 'cli.js'), 0o755);
  writeFileSync(HASH, before);
}

export function setup() {
  if (!isFresh()) build();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const ifStale = process.argv.includes('--if-stale');
  const isInstalled = existsSync(join(ROOT, 'node_modules/typescript'));
  const hasSources = existsSync(join(ROOT, 'src'));
  if (isInstalled && hasSources) {
    if (!ifStale || !isFresh()) build();
  } else if (!ifStale || !existsSync(join(DIST, 'cli.js'))) {
    // `npm ci --omit=dev` comes here as well.
    console.error('zoom-im-groups is not built, which takes the development packages: npm ci && npm run build');
    process.exitCode = 1;
  }
}
