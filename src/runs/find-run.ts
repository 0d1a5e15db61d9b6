/** Run folders: what a new one is called, and which one --resume means. */
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { RunState } from '../events/run-state.js';
import { EXIT, type FatalError, usageError } from '../model/outcome.js';
import { errorCode, type Disk, writeFailure } from '../storage/disk.js';
import { isSameFile } from '../storage/file-source.js';
import { RUN_FILES, makeRunFolder, REPORT_FILES } from '../storage/run-folder.js';
import type { Options } from '../cli/options.js';
import { readRunState } from './write-reports.js';

/** A run to begin, or one to go on with. */
export type Run = {
  readonly folder: string;
  /** The input's path; `-` is standard input. */
  readonly file: string;
  /** Of a run that goes on. */
  readonly history: RunState | undefined;
  /** How long its journal was when the history was read. */
  readonly journalBytes?: number;
  /** The folder's name is ours to choose: nobody gave one with --out. */
  readonly isUnnamed?: boolean;
};

/**
 * A new run with its folder made. Of runs of one file that begin in one second, each gets its own: the later
 * ones have a number behind the time.
 * @throws FatalError where a folder that was named holds a run already, or none can be made
 */
export function createRun(run: Run, disk?: Disk): Run {
  let { folder } = run;
  if (run.isUnnamed) {
    for (let n = 2; !isClaimed(folder); n += 1) folder = `${run.folder}-${n}`;
  }
  makeRunFolder(folder, [RUN_FILES.journal, ...REPORT_FILES], disk);
  return { ...run, folder, isUnnamed: false };
}

/** Makes a folder that only one can make. */
function isClaimed(folder: string): boolean {
  try {
    mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
    mkdirSync(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw writeFailure('folder-unwritable', folder, error, 'Nothing was sent. Name another folder: --out DIR');
  }
}

/** The run with its history read again, where its journal has grown since. */
export async function refreshRun(run: Run): Promise<Run> {
  if (!run.history || run.journalBytes === journalBytes(run.folder)) return run;
  return openRun(run.folder, run.file);
}

/** An earlier run to go on with. @throws FatalError where it holds none, or a damaged one */
export async function openRun(folder: string, file: string | undefined): Promise<Run> {
  const bytes = journalBytes(folder);
  const history = await readRunState(folder);
  return { folder, file: file ?? pathIn(history), history, journalBytes: bytes };
}

function journalBytes(folder: string): number {
  return statSync(join(folder, RUN_FILES.journal), { throwIfNoEntry: false })?.size ?? 0;
}

const RUNS = 'runs';

/** The folder of a new run of that file, by its name and the time. */
export function nameRunFolder(file: string, now: Date): string {
  const stem = file === '-' ? 'stdin' : basename(file).replace(/\.[^.]+$/, '');
  return join(RUNS, `${stem}-${now.toISOString().replace(/[-:]|\.\d+/g, '')}`);
}

/**
 * The run that the options mean.
 * @throws FatalError (exit 2) where there is nothing to go on with, or no file to begin with
 */
export async function chooseRun(given: string | undefined, options: Options, now: Date): Promise<Run> {
  const { resume, out } = options;
  // `--resume groups.csv` reads as a folder to the option parser; what is meant is plain.
  if (
    given === undefined &&
    typeof resume === 'string' &&
    statSync(resume, { throwIfNoEntry: false })?.isFile()
  ) {
    return chooseRun(resume, { ...options, resume: true }, now);
  }
  if (resume !== undefined) {
    const folder = typeof resume === 'string' ? resume : (out ?? (await newestUnfinished('apply', given)));
    const run = await openRun(folder, given);
    refuseOwnReport(run);
    return run;
  }
  if (given === undefined) throw missingFileError();
  const isUnnamed = out === undefined;
  return { folder: out ?? nameRunFolder(given, now), file: given, history: undefined, isUnnamed };
}

/** Exit 2: there is nothing to begin with. */
export function missingFileError(): FatalError {
  return usageError('apply needs a file', 'For example: zoom-im-groups apply groups.csv');
}

/** The run's reports are made anew at its end, also the one that is its input. */
function refuseOwnReport({ folder, file }: Run): void {
  const own = REPORT_FILES.map((name) => join(folder, name)).find((path) => isSameFile(path, file));
  if (own === undefined) return;
  throw usageError(
    `${own} is the input, and this run would write it anew`,
    'Put a copy of it elsewhere and name that; or begin a new run, without --resume.',
  );
}

function pathIn(history: RunState): string {
  const path = history.runs.at(-1)?.input.path;
  if (path === undefined) throw usageError('the journal names no input', 'Name the file: apply FILE --resume DIR');
  return path;
}

const ROLLBACK_OF = 'rollback of ';

/** What stands for the input's path in a rollback, whose rows come out of another run. */
export function describeRollbackInput(source: string): string {
  return `${ROLLBACK_OF}${source}`;
}

/** The run that a rollback takes back. */
export function rollbackSource({ file }: Run): string {
  return file.startsWith(ROLLBACK_OF) ? file.slice(ROLLBACK_OF.length) : file;
}

/** The newest rollback of that run that did not end well. @throws FatalError (exit 2) where there is none */
export async function findUnfinishedRollback(file: string): Promise<string> {
  return newestUnfinished('rollback', file);
}

/** What a run is about: its file, that share of it, and where it makes the groups. */
function workOf({ input, simulated, target, account }: RunState['runs'][number], shard?: string): string {
  const place = simulated ? 'simulated' : target.baseUrl;
  return JSON.stringify([resolve(input.path), shard, place, target.api, account]);
}

/**
 * The newest come first, so that the old ones are not even read. One is moot where the same was done later, and ended
 * well.
 */
async function newestUnfinished(command: 'apply' | 'rollback', file: string | undefined): Promise<string> {
  const folders = existsSync(RUNS) ? readdirSync(RUNS).map((name) => join(RUNS, name)) : [];
  const journals = folders
    .filter((folder) => existsSync(join(folder, RUN_FILES.journal)))
    .map((folder) => ({ folder, at: statSync(join(folder, RUN_FILES.journal)).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  const endedWell = new Map<string, string>();
  for (const { folder } of journals) {
    const history = await readRunState(folder).catch(() => undefined);
    const run = history?.runs.at(-1);
    if (run?.command !== command || (file !== undefined && resolve(run.input.path) !== resolve(file)))
      continue;
    const what = workOf(run, run.input.shard);
    if (history?.end?.exit === EXIT.ok) endedWell.set(what, endedWell.get(what) ?? folder);
    else if (!endedWell.has(what) && !endedWell.has(workOf(run))) return folder;
  }
  const [newest] = endedWell.values();
  if (file !== undefined && newest !== undefined) {
    throw usageError(
      `the newest run of ${file}, ${newest}, ended well: nothing to go on with`,
      'Run it without --resume, or name an older run folder all the same: --resume DIR',
    );
  }
  throw usageError(
    `no unfinished run${file === undefined ? '' : ` of ${file}`} in ${resolve(RUNS)}`,
    'Run it without --resume, or name the run folder: --resume DIR',
  );
}
