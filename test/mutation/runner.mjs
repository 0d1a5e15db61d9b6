/**
 * How vitest runs a test here: at first as it is, to see which mutants it comes across; then once for each of these that
 * is not noticed yet. Mutants are switched on at run time, so the modules are loaded once. Only one in code that runs
 * while a module is loaded, such as a table, has to be on from the start.
 */
import { setMaxListeners } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { inject, TestRunner } from 'vitest';
import { openLog } from './log.mjs';

/** `reached`: what each test comes across, absent in the first run. `fromStart`: the mutant that is on all the time. */
const { folder, reached, fromStart } = inject('mutation');
const log = openLog(folder);

let active = fromStart;
let hits = new Set();
globalThis.__mutant = (id) => {
  hits.add(id);
  return id === active;
};
// That a test fails is enough: its smallest counterexample is of no interest.
fc.configureGlobal({ endOnFailure: true });
// Each repetition of a test adds one.
setMaxListeners(0);

export default class MutationRunner extends TestRunner {
  #report = { path: '', whileLoading: [], reached: {} };
  /** The mutants to try with the present test. */
  #queue = [];

  onCollected([{ filepath }]) {
    this.#report.path = filepath;
    this.#report.whileLoading = [...hits];
  }

  async onBeforeRunTask(test) {
    await super.onBeforeRunTask(test);
    if (!reached || fromStart !== undefined) return;
    this.#queue = reached[test.id].hits.filter((id) => log.isOpen(id, test.id));
    if (this.#queue.length === 0) test.mode = 'skip';
    // Once more without a mutant: if that fails, the test depends on what ran before it.
    test.repeats = this.#queue.length;
  }

  onBeforeTryTask(test, { repeats }) {
    super.onBeforeTryTask(test);
    hits = new Set();
    if (!reached) return;
    if (fromStart === undefined) active = this.#queue[repeats];
    if (active !== undefined) log.begin(active, test.id, 5_000 + 20 * reached[test.id].durationMs);
  }

  onAfterRetryTask(test) {
    if (active === undefined) return;
    if (test.result.state !== 'fail') return log.survive(active);
    log.notice(active);
    if (fromStart !== undefined) return;
    test.result.state = 'run';
    test.result.errors = undefined;
  }

  async onAfterRunTask(test) {
    await super.onAfterRunTask(test);
    this.#report.reached[test.id] = { hits: [...hits], durationMs: test.result.duration };
  }

  onAfterRunFiles(files) {
    super.onAfterRunFiles();
    if (!reached) writeFileSync(join(folder, `${files[0].id}.json`), JSON.stringify(this.#report));
  }
}
