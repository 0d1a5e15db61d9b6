/** `apply`: the file is checked, the account locked, every row kept before it is sent, and all of it reported. */
import { rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type Account, openAccount } from '../account.js';
import { clock } from '../clock.js';
import { type Options, stateFolder } from '../config.js';
import { type Event, type EventOf, type Input, SCHEMA_VERSION } from '../core/event.js';
import type { Group } from '../core/group.js';
import { emptyHistory, fold, type History } from '../core/history.js';
import { type ExitCode, usage } from '../core/outcome.js';
import { plan } from '../core/plan.js';
import { advance, newProgress } from '../core/progress.js';
import { type Reading, type Survey, survey } from '../input.js';
import { hashing, makeRunFolder, readBytes, writeWhole } from '../io/files.js';
import { createJournal, type Journal, reopenJournal } from '../io/journal.js';
import { lock } from '../io/lock.js';
import type { Terminal } from '../io/terminal.js';
import { provision } from '../provision.js';
import { inputEvents, openKept, readingOf, writeReports } from '../reports.js';
import { chooseRun, type Run } from '../runs.js';
import { interrupts } from '../signals.js';
import { VERSION } from '../version.js';
import { openTerminal, printProblems, printSummary, readingFrom } from './shown.js';

const CONTACTS_MAY_REPEAT = 'contact groups may share a name, so a second run would make each twice';

/** Where standard input is kept, so that a run of it can be gone on with. */
const KEPT_INPUT = 'input.csv';

/** `apply FILE`. @throws Halt where nothing was begun; what stops a run is in its journal and its exit code */
export async function apply([file]: readonly string[], options: Options): Promise<ExitCode> {
  if (options.dryRun) return (await import('./plan.js')).planFile(file === undefined ? [] : [file], options);
  const run = await chooseRun(file, options, new Date());
  const path = await inputPath(run);
  const reading = readingFrom(options);
  const surveyed = await survey(readBytes(path), reading);
  if (surveyed.problems.length > 0 && (surveyed.broken || !options.skipInvalid)) {
    if (run.file === '-' && !run.history) rmSync(run.folder, { recursive: true });
    return printProblems(run.file, surveyed, options);
  }
  const terminal = openTerminal(options);
  try {
    const account = await openAccount(options, terminal, createdIn(run.history));
    terminal.hide(account.secrets);
    try {
      return await locked(account, options, run, () =>
        work({ run, path, reading, surveyed, account, options, terminal }),
      );
    } finally {
      await account.close();
    }
  } finally {
    terminal.end();
  }
}

type Work = {
  readonly run: Run;
  readonly path: string;
  readonly reading: Reading;
  readonly surveyed: Survey;
  readonly account: Account;
  readonly options: Options;
  readonly terminal: Terminal;
};

/** Standard input is kept in the run folder first: it can't be read twice, and a resume needs it. */
async function inputPath(run: Run): Promise<string> {
  if (run.file !== '-') return run.file;
  const kept = join(run.folder, KEPT_INPUT);
  if (run.history) return kept;
  makeRunFolder(run.folder);
  await writeWhole(kept, process.stdin);
  return kept;
}

/** What a stand-in must have for a simulated run to go on: all that the run has made so far. */
function createdIn(history: History | undefined): readonly Group[] {
  const groups: Group[] = [];
  for (const [name, { createdId }] of history?.rows ?? []) {
    if (createdId !== undefined) groups.push({ id: createdId, name, members: 0 });
  }
  return groups;
}

/** Does the work under the account's lock; the stand-in is nobody else's and needs none. */
async function locked<T>(account: Account, options: Options, run: Run, work: () => Promise<T>): Promise<T> {
  if (!account.lockScope) return work();
  const held = await lock(
    account.lockScope,
    { command: 'apply', folder: run.folder },
    { waitMs: options.lockWait * 1000, stateFolder: stateFolder() },
  );
  try {
    return await work();
  } finally {
    await held.release();
  }
}

async function work(given: Work): Promise<ExitCode> {
  const { run, surveyed, account, options, terminal } = given;
  const history = run.history ?? emptyHistory();
  refuseOtherTarget(history, account);
  if (!run.history && run.file !== '-') makeRunFolder(run.folder);
  const journal = run.history ? reopenJournal(run.folder) : createJournal(run.folder);
  const signals = interrupts(
    (text) => terminal.say(text),
    () => void account.close(),
  );
  const progress = newProgress(surveyed.rows, account.target.perSecond, Date.now());
  const onEvent = (event: Event): void => {
    advance(progress, event);
    terminal.event(event);
  };
  try {
    terminal.show(progress);
    await keepInput(given, journal, history);
    await provision({
      ...account,
      perSecond: account.target.perSecond,
      rows: async function* () {
        yield* (await openKept(run.folder, history)).rows;
      },
      history,
      keep: (event) => journal.record(event),
      onEvent,
      onLost: (event) => terminal.say(JSON.stringify(event), 'always'),
      clock,
      dice: Math.random,
      accountPlan: options.accountPlan,
      ...maxFailures(options, surveyed.rows),
      baseline: options.baseline,
      plan: (row, now) => plan(row, { now, history, update: options.update ?? false }),
      needsListing: account.target.api === 'contacts' ? CONTACTS_MAY_REPEAT : undefined,
      signal: signals.signal,
    });
    terminal.end();
    return await finish(given, journal, history);
  } finally {
    signals.dispose();
  }
}

/** The header, and the input where the journal does not have it yet. From here on the run may send. */
async function keepInput(given: Work, journal: Journal, history: History): Promise<void> {
  const { path, surveyed } = given;
  const header = headerOf(given, history);
  const known = history.kept === undefined ? undefined : readingOf(history).input;
  const record = (event: Event): void => {
    journal.record(event);
    fold(history, event);
  };
  record(header);
  if (known && sameInput(known, header.input)) return;
  const bytes = hashing(readBytes(path));
  for await (const event of inputEvents(bytes.source, surveyed.encoding, clock.now)) record(event);
  if (bytes.digest() !== surveyed.sha256) {
    throw usage(
      `${path} changed while it was read`,
      'Nothing was sent. Run it again when the file is complete.',
    );
  }
  record({ e: 'kept', at: clock.now() });
  await journal.sync();
}

function headerOf({ run, reading, surveyed, account }: Work, history: History): EventOf<'run'> {
  const { dialect, shard } = reading;
  return {
    e: 'run',
    at: clock.now(),
    schemaVersion: SCHEMA_VERSION,
    runId: history.runs[0]?.runId ?? basename(resolve(run.folder)),
    toolVersion: VERSION,
    command: 'apply',
    resumed: run.history !== undefined,
    simulated: account.simulated,
    input: {
      path: run.file,
      sha256: surveyed.sha256,
      rows: surveyed.rows,
      dialect,
      ...(shard ? { shard: `${shard.k}/${shard.n}` } : {}),
    },
    target: account.target,
  };
}

function sameInput(known: Input, given: Input): boolean {
  return (
    known.sha256 === given.sha256 &&
    known.shard === given.shard &&
    JSON.stringify(known.dialect) === JSON.stringify(given.dialect)
  );
}

/** A run belongs to one account and one API; a stand-in has a new port each time. */
function refuseOtherTarget(history: History, { target, simulated }: Account): void {
  const before = history.runs.at(-1);
  if (!before) return;
  const same =
    before.simulated === simulated &&
    before.target.api === target.api &&
    (simulated || before.target.baseUrl === target.baseUrl);
  if (same) return;
  const was = before.simulated ? 'simulated' : `for ${before.target.baseUrl}`;
  throw usage(
    `this run is ${was} (${before.target.api} groups), and can't go on elsewhere`,
    'Go on with the options it was begun with, or begin a new run without --resume.',
  );
}

function maxFailures({ maxFailures: most }: Options, rows: number): { maxFailures?: number } {
  if (!most) return {};
  return { maxFailures: most.percent ? Math.max(1, Math.ceil((rows * most.n) / 100)) : most.n };
}

/** The reports, from the journal; and the exit code, once every row that came in has come out. */
async function finish(given: Work, journal: Journal, history: History): Promise<ExitCode> {
  const { run, surveyed, options, terminal } = given;
  const summary = await writeReports(run.folder, history);
  if (summary.input.rows !== surveyed.rows) {
    throw new Error(`${surveyed.rows} rows went in and ${summary.input.rows} came out`);
  }
  const { code, reason } = summary.exit;
  journal.record({ e: 'end', at: clock.now(), exit: code, reason });
  await journal.close();
  if (history.stop) terminal.explain(history.stop);
  printSummary(summary, run, options, terminal);
  return code;
}
