/**
 * `npm run mutate -- [src/PATH…]`: makes small wrong changes to the code that decides, one at a time, and runs the
 * tests that come across it, the quickest first. A change that no test notices is listed. Files are never changed on
 * the disk.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createVitest } from 'vitest/node';
import { openLog } from './log.mjs';
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
/** A third of the time, for one change of 1,975 that only it noticed. */
const SLOW = /random-faults/;

const targets = process.argv.slice(2);
const files = findSources(targets.length > 0 ? targets : TARGETS);
const mutated = new Map();
const mutants = [];
for (const path of files) {
  const { code, mutants: found } = mutate(path, readFileSync(join(ROOT, path), 'utf8'), mutants.length);
  mutated.set(join(ROOT, path), code);
  mutants.push(...found);
}

const folder = mkdtempSync(join(tmpdir(), 'mutate-'));
const vitest = await startVitest();
try {
  print(await tryAll());
} finally {
  await vitest.close();
  rmSync(folder, { recursive: true });
}

function findSources(paths) {
  const list = (path) => readdirSync(join(ROOT, path), { recursive: true }).map((name) => join(path, name));
  return paths
    .flatMap((path) => (path.endsWith('.ts') ? [path] : list(path)))
    .filter((path) => path.endsWith('.ts'))
    .sort();
}

function startVitest() {
  const plugin = { name: 'mutate', enforce: 'pre', transform: (_, id) => mutated.get(id) };
  const options = {
    config: join(ROOT, '.config/vitest.config.ts'),
    root: ROOT,
    watch: false,
    globalSetup: [],
    reporters: [{}],
    runner: join(ROOT, 'test/mutation/runner.mjs'),
    // A machine that does other work is no reason to count a change as noticed.
    testTimeout: 0,
  };
  return createVitest('test', options, { plugins: [plugin], logLevel: 'silent' });
}

/** @returns for each mutant: `noticed`, `survived` or `not reached` */
async function tryAll() {
  const found = await vitest.globTestSpecifications(TESTS);
  const tests = await findReached(found.filter(({ moduleId }) => !SLOW.test(moduleId)));
  for (const { specification, reached } of tests) {
    const failed = await run([specification], { reached });
    if (failed.length > 0) throw new Error(`what ran before decides how these end:\n${failed.join('\n')}`);
  }
  // One failure is enough.
  vitest.getRootProject().config.bail = 1;
  const results = new Map();
  for (const { id } of mutants) {
    const loading = tests.filter(({ whileLoading }) => whileLoading.has(id));
    if (loading.length > 0 && !openLog(folder).noticed.has(id)) await tryFromStart(id, loading);
    const isReached = loading.length > 0 || tests.some(({ hits }) => hits.has(id));
    results.set(id, isReached ? 'survived' : 'not reached');
  }
  for (const id of openLog(folder).noticed) results.set(id, 'noticed');
  return results;
}

/** Runs all tests as they are. @returns for each file what it comes across, the quickest first */
async function findReached(specifications) {
  const failed = await run(specifications, {});
  if (failed.length > 0) throw new Error(`these fail already:\n${failed.join('\n')}`);
  const reports = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
  return reports
    .map(({ path, whileLoading, reached }) => ({
      specification: specifications.find(({ moduleId }) => moduleId === path),
      reached,
      whileLoading: new Set(whileLoading),
      hits: new Set(Object.values(reached).flatMap(({ hits }) => hits)),
      durationMs: Object.values(reached).reduce((sum, { durationMs }) => sum + durationMs, 0),
    }))
    .sort((a, b) => a.durationMs - b.durationMs);
}

async function tryFromStart(id, loading) {
  const reached = Object.assign({}, ...loading.map((one) => one.reached));
  const specifications = loading.map(({ specification }) => specification);
  const failed = await run(specifications, { reached, fromStart: id });
  if (failed.length > 0) openLog(folder).notice(id);
}

/** Runs test files; after an endless loop, those go on with the next mutant. @returns the tests that fail */
async function run(specifications, mutation) {
  vitest.getRootProject().provide('mutation', { folder, ...mutation });
  const watch = watchForHang();
  const { testModules } = await vitest.runTestSpecifications(specifications);
  if (watch.stop() && mutation.fromStart === undefined) return run(specifications, mutation);
  const chosen = new Set(specifications.map(({ moduleId }) => moduleId));
  // The others are from an earlier run.
  return testModules.filter((one) => chosen.has(one.moduleId) && !one.ok()).flatMap(listFailures);
}

function listFailures({ moduleId, children }) {
  const path = relative(ROOT, moduleId);
  const tests = [...children.allTests('failed')].map(({ fullName }) => `${path}: ${fullName}`);
  return tests.length > 0 ? tests : [path];
}

/** A change may make a loop endless: then it was noticed. */
function watchForHang() {
  let isHung = false;
  let last = '';
  let since = 0;
  const timer = setInterval(() => {
    const log = openLog(folder);
    const { line, isBegin, id, pid, limitMs } = log.readLast();
    if (line !== last) [last, since] = [line, Date.now()];
    if (!isBegin || Date.now() - since < limitMs) return;
    isHung = true;
    log.notice(id);
    process.kill(pid, 'SIGKILL');
  }, 250);
  return {
    stop() {
      clearInterval(timer);
      return isHung;
    },
  };
}

function print(results) {
  const shorten = (text) => {
    const line = text.replace(/\s+/g, ' ');
    return line.length > 90 ? `${line.slice(0, 90)}…` : line;
  };
  for (const { id, path, line, before, after } of mutants) {
    const result = results.get(id);
    if (result === 'noticed') continue;
    console.log(`${path}:${line} ${result}: ${shorten(before)}  →  ${shorten(after)}`);
  }
  console.log('\n| file | changes | noticed | survived | not reached |\n|---|---|---|---|---|');
  for (const path of [...files, 'all']) {
    const own = mutants.filter((one) => path === 'all' || one.path === path);
    const count = (wanted) => own.filter(({ id }) => results.get(id) === wanted).length;
    const counts = [own.length, ...['noticed', 'survived', 'not reached'].map(count)];
    console.log(`| ${path} | ${counts.join(' | ')} |`);
  }
}
