/**
 * `npm run mutate -- [--minutes N] [src/PATH…]`: makes small wrong changes to the code that decides, one at a time in a
 * random order, and runs the tests that come across it. A change that no test notices is listed. Files are never
 * changed on the disk.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createVitest } from 'vitest/node';
import { mutate } from './mutants.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TARGETS = ['src/resilience', 'src/events', 'src/zoom/response-classifier.ts', 'src/resources'];
/** Tests that are quick, and near what is changed. */
const TESTS = [
  'test/resilience/',
  'test/events/',
  'test/resources/',
  'test/zoom/response-classifier',
  'test/engine/',
  'test/validation/',
];
/** A change may make a loop endless: then it was noticed. */
const HANG_MS = 150_000;

const { values, positionals: targets } = parseArgs({
  options: { minutes: { type: 'string', default: '20' } },
  allowPositionals: true,
});
const until = Date.now() + Number(values.minutes) * 60_000;

const files = findSources(targets.length > 0 ? targets : TARGETS);
const mutated = new Map();
const mutants = [];
for (const path of files) {
  const { code, mutants: found } = mutate(path, readFileSync(join(ROOT, path), 'utf8'), mutants.length);
  mutated.set(join(ROOT, path), code);
  mutants.push(...found);
}

if (process.send) await runWorker();
else await runAll();

function findSources(paths) {
  return paths
    .flatMap((path) =>
      path.endsWith('.ts')
        ? [path]
        : readdirSync(join(ROOT, path), { recursive: true, encoding: 'utf8' }).map((name) =>
            join(path, name),
          ),
    )
    .filter((path) => path.endsWith('.ts'))
    .sort();
}

/** Starts workers one after another: one that hangs is ended, and the next goes on after its mutant. */
async function runAll() {
  const folder = mkdtempSync(join(tmpdir(), 'mutate-'));
  const order = shuffle(mutants.map(({ id }) => id));
  const results = new Map();
  let next = 0;
  try {
    while (next < order.length && Date.now() < until) {
      next = await runOneWorker(folder, order, next, (id, result) => results.set(id, result));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  print(results);
}

function runOneWorker(folder, order, from, onResult) {
  return new Promise((done, failed) => {
    const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2), {
      env: { ...process.env, HITS: folder },
    });
    let next = from;
    let timer;
    const watch = (ms) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        onResult(order[next], 'killed');
        next += 1;
        child.kill('SIGKILL');
      }, ms);
    };
    // The first run is that of all tests, without a mutant.
    watch(10 * HANG_MS);
    child.on('message', ({ type, result, message }) => {
      if (type === 'broken') return failed(new Error(message));
      if (type === 'result') {
        onResult(order[next], result);
        next += 1;
      }
      if (next >= order.length || Date.now() >= until) {
        clearTimeout(timer);
        return child.kill('SIGKILL');
      }
      watch(HANG_MS);
      child.send(order[next]);
    });
    child.once('exit', () => {
      clearTimeout(timer);
      done(next);
    });
  });
}

async function runWorker() {
  const hitsFolder = process.env.HITS;
  const plugin = {
    name: 'mutate',
    enforce: 'pre',
    transform: (_, id) => mutated.get(id),
  };
  const vitest = await createVitest(
    'test',
    {
      config: join(ROOT, '.config/vitest.config.ts'),
      root: ROOT,
      watch: false,
      globalSetup: [],
      reporters: [{}],
      setupFiles: [join(ROOT, 'test/mutation/setup.mjs')],
      maxWorkers: 2,
      pool: 'threads',
      // A machine that does other work is no reason to count a change as noticed.
      testTimeout: 120_000,
    },
    { plugins: [plugin], logLevel: 'silent' },
  );
  const project = vitest.getRootProject();
  project.provide('hitsFolder', hitsFolder);
  project.provide('mutant', -1);
  const specifications = await vitest.globTestSpecifications(TESTS);
  if (readdirSync(hitsFolder).length === 0) {
    const { testModules } = await vitest.runTestSpecifications(specifications);
    const broken = testModules.filter((one) => !one.ok()).map((one) => relative(ROOT, one.moduleId));
    if (broken.length > 0)
      return process.send({ type: 'broken', message: `fails already: ${broken.join(', ')}` });
  }
  // From here on the first failure is enough.
  project.config.bail = 1;
  const hitBy = new Map();
  for (const name of readdirSync(hitsFolder)) {
    const { testPath, hits } = JSON.parse(readFileSync(join(hitsFolder, name), 'utf8'));
    for (const id of hits) hitBy.set(id, [...(hitBy.get(id) ?? []), testPath]);
  }
  process.on('message', async (id) => {
    const paths = new Set(hitBy.get(id) ?? []);
    const chosen = specifications.filter(({ moduleId }) => paths.has(moduleId));
    if (chosen.length === 0) return process.send({ type: 'result', result: 'not reached' });
    project.provide('mutant', id);
    const { testModules, unhandledErrors } = await vitest.runTestSpecifications(chosen);
    const isNoticed = unhandledErrors.length > 0 || testModules.some((one) => !one.ok());
    process.send({ type: 'result', result: isNoticed ? 'killed' : 'survived' });
  });
  process.send({ type: 'ready' });
}

function shuffle(items) {
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i -= 1) {
    const j = Math.floor(Math.random() * (i + 1));
    [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
  }
  return shuffled;
}

function print(results) {
  const shorten = (text) => {
    const line = text.replace(/\s+/g, ' ');
    return line.length > 90 ? `${line.slice(0, 90)}…` : line;
  };
  for (const { id, path, line, before, after } of mutants) {
    const result = results.get(id);
    if (result === 'killed' || result === undefined) continue;
    console.log(`${path}:${line} ${result}: ${shorten(before)}  →  ${shorten(after)}`);
  }
  console.log(
    '\n| file | changes tried | of | noticed | survived | not reached |\n|---|---|---|---|---|---|',
  );
  for (const path of [...files, 'all']) {
    const own = mutants.filter((one) => path === 'all' || one.path === path);
    const count = (wanted) => own.filter(({ id }) => results.get(id) === wanted).length;
    const tried = own.filter(({ id }) => results.has(id)).length;
    if (tried === 0) continue;
    console.log(
      `| ${path} | ${tried} | ${own.length} | ${count('killed')} | ${count('survived')} | ${count('not reached')} |`,
    );
  }
}
