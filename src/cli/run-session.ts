/** A run's work, from the account's lock to the exit code; apply and rollback differ only in what they plan. */
import { basename, resolve } from 'node:path';
import { clock } from '../engine/clock.js';
import { type Job, provision } from '../engine/provision.js';
import { type Event, type EventOf, SCHEMA_VERSION } from '../events/event.js';
import { applyEvent, createRunState, type RunState } from '../events/run-state.js';
import { createJournal, type Journal, reopenJournal } from '../journal/writer.js';
import { EXIT, type ExitCode, FatalError, usageError } from '../model/outcome.js';
import { createProgress, updateProgress } from '../reporting/progress.js';
import type { Summary } from '../reporting/summary.js';
import { createRun, type Run, refreshRun } from '../runs/find-run.js';
import type { InputValidation, ReadOptions } from '../runs/validate-input.js';
import {
  hasSameReadOptions,
  inputEvents,
  openStoredInput,
  storedInput,
  writeReports,
} from '../runs/write-reports.js';
import { type Disk, realDisk } from '../storage/disk.js';
import { hashWhileReading } from '../storage/file-source.js';
import { acquireLock } from '../storage/lock.js';
import { VERSION } from '../storage/version.js';
import { flushStdoutOrWarn } from '../terminal/stdout.js';
import type { Terminal } from '../terminal/terminal.js';
import type { Account } from './account.js';
import { findStateFolder } from './environment.js';
import type { Options } from './options.js';
import { printSummary } from './output.js';
import { findResumeCommand, formatResumeCommand } from './resume-command.js';
import { handleSignals } from './signals.js';

export type RunSession = {
  readonly command: 'apply' | 'rollback';
  readonly run: Run;
  /** The input's bytes, from the first; the same at each call, or the run is refused. */
  readonly bytes: () => AsyncIterable<Uint8Array>;
  readonly reading: ReadOptions;
  readonly surveyed: InputValidation;
  readonly account: Account;
  readonly options: Options;
  readonly terminal: Terminal;
  readonly plan: (history: RunState) => Job['plan'];
  readonly needsListing: string | undefined;
  /** Where the run is written; a test hands in one that fails. */
  readonly disk?: Disk;
};

/** Does the work under the account's lock; the stand-in is nobody else's and needs none. */
export async function runWithLock(given: RunSession): Promise<ExitCode> {
  const { account, command, run, options } = given;
  if (!account.lockScope) return work(await withFolder(given));
  const held = await acquireLock(
    account.lockScope,
    { command, folder: resolve(run.folder) },
    { waitMs: (options.lockTimeout ?? 0) * 1000, stateFolder: findStateFolder(options.stateDir) },
  );
  try {
    return await work(await withFolder(given));
  } finally {
    await held.release();
  }
}

/** A new run gets its folder; somebody may have gone on with an old one while we waited for the lock. */
async function withFolder(given: RunSession): Promise<RunSession> {
  const { run, disk } = given;
  return { ...given, run: run.history ? await refreshRun(run) : createRun(run, disk) };
}

async function work(given: RunSession): Promise<ExitCode> {
  const { run, surveyed, account, options, terminal, disk = realDisk } = given;
  const history = run.history ?? createRunState();
  refuseOtherTarget(history, account);
  const journal = run.history ? reopenJournal(run.folder, disk) : createJournal(run.folder, disk);
  const signals = handleSignals(
    (text) => terminal.say(text),
    () => void account.close(),
  );
  try {
    await keepInput(given, journal, history);
    const { definitions } = surveyed;
    const progress = createProgress(definitions, account.target.perSecond, clock.now(), history.carriedOver);
    terminal.show(progress);
    await provision({
      ...account,
      perSecond: account.target.perSecond,
      rows: async function* () {
        yield* (await openStoredInput(run.folder, history)).rows;
      },
      plan: given.plan(history),
      needsListing: given.needsListing,
      history,
      keep: (...events) => journal.record(...events),
      onEvent: (event) => {
        updateProgress(progress, event);
        terminal.event(event);
      },
      onLost: (event) => terminal.record(event),
      clock,
      dice: Math.random,
      accountPlan: options.accountPlan,
      ...maxFailures(options, surveyed.rows),
      baseline: options.listing ?? true,
      signal: signals.signal,
    });
    terminal.end();
    return await finish(given, journal, history);
  } finally {
    // What goes wrong here has been told: nothing ends well without a sync before.
    await journal.close().catch(() => undefined);
    signals.dispose();
  }
}

/** The header, and the input where the journal does not have it yet. From here on the run may send. */
async function keepInput(given: RunSession, journal: Journal, history: RunState): Promise<void> {
  const { run, bytes, reading, surveyed } = given;
  const header = headerOf(given, history);
  const known = storedInput(history);
  const record = (event: Event): void => {
    journal.record(event);
    applyEvent(history, event);
  };
  record(header);
  if (known && hasSameReadOptions(known, reading) && known.sha256 === surveyed.sha256) return;
  const hashed = hashWhileReading(bytes());
  for await (const event of inputEvents(hashed.source, surveyed.encoding, clock.now)) record(event);
  if (hashed.digest() !== surveyed.sha256) {
    throw usageError(
      `${run.file} changed while it was read`,
      'Nothing was sent. Run it again when the file is complete.',
    );
  }
  record({ e: 'kept', at: clock.now() });
  await journal.sync();
}

function headerOf(
  { command, run, reading, surveyed, account }: RunSession,
  history: RunState,
): EventOf<'run'> {
  const { dialect, shard } = reading;
  return {
    e: 'run',
    at: clock.now(),
    schemaVersion: SCHEMA_VERSION,
    runId: history.runs[0]?.runId ?? basename(resolve(run.folder)),
    toolVersion: VERSION,
    command,
    resumed: run.history !== undefined,
    simulated: account.simulated,
    input: {
      path: run.file,
      sha256: surveyed.sha256,
      rows: surveyed.rows,
      ...(surveyed.problems.length === 0 ? { definitions: surveyed.definitions } : {}),
      dialect,
      ...(shard ? { shard: `${shard.k}/${shard.n}` } : {}),
    },
    target: account.target,
    ...(account.accountMark === undefined ? {} : { account: account.accountMark }),
  };
}

/** A run belongs to one account and one API; a stand-in has a new port each time. */
function refuseOtherTarget({ runs }: RunState, account: Account): void {
  const { target, simulated } = account;
  const before = runs.at(-1);
  if (!before) return;
  const hint = 'Go on with the options it was begun with, or begin a new run without --resume.';
  const same =
    before.simulated === simulated &&
    before.target.api === target.api &&
    (simulated || before.target.baseUrl === target.baseUrl);
  if (!same) {
    const was = before.simulated ? 'simulated' : `for ${before.target.baseUrl}`;
    throw usageError(`this run is ${was} (${before.target.api} groups), and can't go on elsewhere`, hint);
  }
  assertSameAccount(runs, account);
}

/** Groups of another account are none of this one's. @throws FatalError (exit 2) */
export function assertSameAccount(runs: RunState['runs'], { accountMark, simulated }: Account): void {
  const known = runs.find(({ account }) => account !== undefined)?.account;
  if (simulated || known === undefined || accountMark === undefined || known === accountMark) return;
  throw usageError(
    'this run was made on another Zoom account than that of the credentials',
    'Use the credentials of that account, or begin a new run without --resume.',
  );
}

function maxFailures({ maxFailures: most }: Options, rows: number): { maxFailures?: number } {
  if (!most) return {};
  return { maxFailures: most.percent ? Math.max(1, Math.ceil((rows * most.n) / 100)) : most.n };
}

/** The reports, from the journal; and the exit code, once every row that came in has come out. */
async function finish(given: RunSession, journal: Journal, history: RunState): Promise<ExitCode> {
  const { surveyed, options, terminal } = given;
  const run = { ...given.run, history };
  const isWhole = await synced(journal, history);
  const resumeCommand = (draft: Summary) => findResumeCommand(draft, run, options);
  const summary = await writeReports(run.folder, history, { resumeCommand }, given.disk).catch(
    (error: unknown) => {
      const { stop } = history;
      if (stop)
        terminal.say(`${stop.message}\nTo resume, run: ${formatResumeCommand(run, options)}`, {
          always: true,
        });
      throw error;
    },
  );
  if (summary.input.rows !== surveyed.rows) {
    throw new Error(`${surveyed.rows} rows went in and ${summary.input.rows} came out`);
  }
  const { code, reason } = summary.exit;
  if (isWhole) {
    journal.record({ e: 'end', at: clock.now(), exit: code, reason });
    await journal.close();
  }
  printSummary(summary, run.folder, options, terminal);
  return flushStdoutOrWarn(code);
}

/** Reports must not know more than a power cut leaves in the journal; false where the journal lacks something. */
async function synced(journal: Journal, history: RunState): Promise<boolean> {
  try {
    await journal.sync();
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    applyEvent(history, { e: 'stop', at: clock.now(), stop: error.stop });
  }
  return history.stop?.exit !== EXIT.unwritable;
}
