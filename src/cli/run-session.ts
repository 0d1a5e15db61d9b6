/** One run, from the locks to the exit code: `apply`, `members` and `rollback` differ only in what they do. */
import { basename, resolve } from 'node:path';
import { clock } from '../engine/clock.js';
import { provision } from '../engine/provision.js';
import type { Event, EventOf, RunCommand, RunShape } from '../events/event.js';
import { applyEvent, createRunState, type RunState } from '../events/run-state.js';
import { createJournal, type Journal, reopenJournal } from '../journal/writer.js';
import { EXIT, type ExitCode, FatalError, usageError } from '../model/stop.js';
import { createProgress, updateProgress } from '../reporting/progress.js';
import { countRows, type Summary } from '../reporting/summary.js';
import type { Resource, Session } from '../resources/resource.js';
import { createRun, type Run, refreshRun } from '../runs/find-run.js';
import { isSameDialect, toInputEvents } from '../runs/stored-input.js';
import { type InputValidation, openInput } from '../runs/validate-input.js';
import { writeReports } from '../runs/write-reports.js';
import { type Disk, realDisk } from '../storage/disk.js';
import { hashWhileReading } from '../storage/file-source.js';
import { acquireRunFolderLock } from '../storage/lock.js';
import { VERSION } from '../storage/version.js';
import { flushStdoutOrWarn } from '../terminal/stdout.js';
import type { Terminal } from '../terminal/terminal.js';
import { formatCount } from '../text/format.js';
import type { ValidatedRow } from '../validation/row.js';
import { type Account, lockAccount } from './account.js';
import { formatNextCommand } from './command-line.js';
import { limitHeapGrowth } from './heap-growth.js';
import type { Options } from './options/options.js';
import { printSummary } from './output.js';
import type { Signals } from './signals.js';

/** How long what is in flight may take after the first signal: an answer that is lost leaves a doubt. */
const WRITE_GRACE_MS = 30_000;

export type RunSession = {
  readonly command: RunCommand;
  readonly run: Run;
  readonly resource: Resource;
  readonly shape: RunShape;
  /** The input's bytes, from the first; the same at each call, or the run is refused. */
  readonly bytes: () => AsyncIterable<Uint8Array>;
  readonly validation: InputValidation;
  readonly account: Account;
  readonly options: Options;
  readonly terminal: Terminal;
  readonly signals: Signals;
  /** Looks at what the run would do before anything is sent; throws if it is not to be done. */
  readonly review?: (session: Session) => Promise<void>;
  /** Where the run is written; a test hands in one that fails. */
  readonly disk?: Disk;
};

/** Runs under the lock of the account, if it has one, and under that of the run folder. */
export async function runWithLock(given: RunSession): Promise<ExitCode> {
  const { account, command, run, options } = given;
  limitHeapGrowth(given.validation.rows);
  const lock = await lockAccount(account, command, run.folder, options);
  try {
    return await runInFolder(given);
  } finally {
    lock?.release();
  }
}

/** A run that is resumed is locked before its state is read; a new one gets its folder after the review. */
async function runInFolder(given: RunSession): Promise<ExitCode> {
  const { command, disk, review } = given;
  const lock = given.run.state ? await acquireRunFolderLock(given.run.folder, command) : undefined;
  try {
    const known = refreshRun(given.run);
    const state = known.state ?? createRunState();
    const session = openSession(given, state);
    if (review) {
      await review(session);
      session.restart();
    }
    if (lock) return await performRun({ ...given, run: known }, state, session);
    const run = createRun(known, disk);
    const own = await acquireRunFolderLock(run.folder, command);
    try {
      return await performRun({ ...given, run }, state, session);
    } finally {
      own.release();
    }
  } finally {
    lock?.release();
  }
}

async function performRun(given: RunSession, state: RunState, session: Session): Promise<ExitCode> {
  const { run, validation, account, options, terminal, signals, disk = realDisk } = given;
  const journal = run.state ? reopenJournal(run.folder, disk) : createJournal(run.folder, disk);
  signals.react({
    hint: 'Resume it to continue.',
    announce: (name) =>
      terminal.say(
        `${name}: requests in flight are finished, then the reports are written; again: stops at once`,
        { always: true },
      ),
    cutOff: { afterMs: WRITE_GRACE_MS, run: () => void account.close() },
  });
  try {
    await storeInput(given, journal, state);
    const { perSecond } = account.target;
    const progress = createProgress(validation.items, perSecond, state);
    terminal.show(progress);
    await provision({
      session,
      state,
      ...account.ports,
      keep: (...events) => journal.record(...events),
      onEvent: (event) => {
        updateProgress(progress, event);
        terminal.event(event);
      },
      onLost: (event) => terminal.record(event),
      ...toMaxFailures(options, validation.rows),
    });
    terminal.end();
    return await finish(given, journal, state);
  } finally {
    // What fails here was reported already: nothing ends well without a sync before.
    await journal.close().catch(() => undefined);
  }
}

/** What a session works on. */
type RowSource = Pick<RunSession, 'resource' | 'run' | 'options' | 'shape' | 'bytes' | 'validation'>;

/** Opens the work of a run on its input's rows. */
export function openSession(source: RowSource, state: RunState): Session {
  const { resource, shape, options } = source;
  return resource.open({
    rows: () => readRows(source),
    state,
    now: clock.now,
    options: shape.options,
    ...(options.limit === undefined ? {} : { limit: options.limit }),
  });
}

/** The rows, from bytes that are compared with those that were validated. */
async function* readRows({
  resource,
  run,
  shape,
  bytes,
  validation,
}: RowSource): AsyncGenerator<readonly ValidatedRow[]> {
  const hashed = hashWhileReading(bytes());
  const hasUniqueKeys = validation.items === validation.rows;
  const input = resource.input(shape.options);
  const { rows } = await openInput(hashed.source, { dialect: shape.dialect, input, hasUniqueKeys });
  const keys = new Set<string>();
  for await (const batch of rows) {
    // Where names may repeat, a key that comes twice would create a group twice before the hash shows the change.
    for (const row of hasUniqueKeys ? batch : []) {
      if (row.type !== 'item') continue;
      if (keys.has(row.key)) throw fileChanged(run.file);
      keys.add(row.key);
    }
    yield batch;
  }
  if (hashed.digest() !== validation.sha256) throw fileChanged(run.file);
}

function fileChanged(file: string): FatalError {
  return usageError(`${file} changed while it was read`, 'Run the command again when the file is complete.');
}

/** The header, and the input if the journal does not have it yet. From here on the run may send. */
async function storeInput(given: RunSession, journal: Journal, state: RunState): Promise<void> {
  const { run, bytes, shape, validation } = given;
  const header = toHeader(given, state);
  const stored = state.storedInput === undefined ? undefined : state.runs[state.storedInput];
  const record = (event: Event): void => {
    journal.record(event);
    applyEvent(state, event);
  };
  record(header);
  given.terminal.event(header);
  const isStored = stored && isSameDialect(stored.shape.dialect, shape.dialect);
  if (isStored && stored.input.sha256 === validation.sha256) return;
  const hashed = hashWhileReading(bytes());
  for await (const event of toInputEvents(hashed.source, validation.encoding, clock.now)) record(event);
  if (hashed.digest() !== validation.sha256) throw fileChanged(run.file);
  record({ type: 'input-complete', at: clock.now() });
  await journal.sync();
}

function toHeader(given: RunSession, state: RunState): EventOf<'run'> {
  const { command, run, shape, validation, account } = given;
  const { sha256, rows, items, problems } = validation;
  return {
    type: 'run',
    at: clock.now(),
    schemaVersion: 2,
    runId: state.runs[0]?.runId ?? basename(resolve(run.folder)),
    toolVersion: VERSION,
    command,
    resumed: run.state !== undefined,
    simulated: account.simulated,
    input: { path: run.file, sha256, rows, items, isClean: problems.length === 0 },
    target: account.target,
    shape,
    ...(account.accountMark === undefined ? {} : { account: account.accountMark }),
  };
}

function toMaxFailures({ maxFailures: most }: Options, rows: number): { maxFailures?: number } {
  if (!most) return {};
  return { maxFailures: most.percent ? Math.max(1, Math.ceil((rows * most.n) / 100)) : most.n };
}

/** The reports, from the journal; and the exit code, once every row that went in has come out. */
async function finish(given: RunSession, journal: Journal, state: RunState): Promise<ExitCode> {
  const { run, validation, options, terminal, disk } = given;
  const header = state.runs.at(-1);
  if (!header) throw new Error('a run without a header');
  const isComplete = await syncJournal(journal, state);
  const nextCommand = formatNextCommand(header, run.folder, options, state.stop);
  const summary = await writeReports(
    run.folder,
    state,
    { resumeCommand: (draft) => (canResume(draft) ? nextCommand : undefined) },
    disk,
  ).catch((error: unknown) => {
    const { stop } = state;
    if (stop?.reason === 'journal-gone') {
      // Without a journal there are no reports: standard error is the last place for what this run did.
      printEffects(state, terminal);
    } else if (stop) {
      terminal.say([stop.message, `To resume, run: ${nextCommand}`], { always: true });
    }
    throw stop?.exit === EXIT.unwritable ? new FatalError(stop) : error;
  });
  if (summary.input.rows < validation.rows) {
    throw new Error(`${validation.rows} rows went in and ${summary.input.rows} came out`);
  }
  const { code, reason } = summary.exit;
  if (isComplete) {
    journal.record({ type: 'end', at: clock.now(), exit: code, reason });
    await journal.close();
  }
  printSummary(summary, run.folder, options, terminal);
  return flushStdoutOrWarn(code);
}

function printEffects({ rows }: RunState, terminal: Terminal): void {
  const done = [...rows.values()].flatMap(({ effects = [] }) => effects);
  if (done.length === 0) return;
  terminal.say(`What this run did in Zoom, ${formatCount(done.length, 'change')}:`, { always: true });
  for (const { operation, name, ids } of done) {
    const all = Object.values(ids).join(' ');
    terminal.say(`${operation}  ${name}${all === '' ? '' : `  ${all}`}`, { always: true });
  }
}

/** Whether a resume would send something: a stopped run goes on, and failed rows are tried again. */
export function canResume({ exit, counts }: Summary): boolean {
  if (exit.code === EXIT.ok || exit.code === EXIT.usage) return false;
  return (
    exit.code !== EXIT.unprovisioned || countRows({ counts }, 'failed') + countRows({ counts }, 'unknown') > 0
  );
}

/** Reports must not know more than a power cut leaves in the journal; false if the journal lacks something. */
async function syncJournal(journal: Journal, state: RunState): Promise<boolean> {
  try {
    await journal.sync();
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    applyEvent(state, { type: 'stop', at: clock.now(), stop: error.stop });
  }
  return state.stop?.exit !== EXIT.unwritable;
}
