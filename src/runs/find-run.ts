/** Run folders: what a new one is called, and which unfinished one can be resumed. */
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { EventOf, RunCommand } from '../events/event.js';
import type { RunState } from '../events/run-state.js';
import { readFirstAndLastEvent } from '../journal/reader.js';
import { EXIT, usageError } from '../model/stop.js';
import { type Disk, errorCode, writeFailure } from '../storage/disk.js';
import { makeRunFolder, REPORT_FILES, RUN_FILES } from '../storage/run-folder.js';
import { readRunState } from './stored-input.js';

/** A run to begin, or one to resume. */
export type Run = {
  readonly folder: string;
  /** The input's path; `-` is standard input. */
  readonly file: string;
  /** Of a run that is resumed. */
  readonly state: RunState | undefined;
  /** How long its journal was when the state was read. */
  readonly journalBytes?: number;
  /** The folder was not named with --out: its name may get a number. */
  readonly isUnnamed?: boolean;
};

const RUNS = 'runs';

/** The folder of a new run of that file, by its name and the time. */
export function nameRunFolder(file: string, now: Date): string {
  const stem = file === '-' ? 'stdin' : basename(file).replace(/\.[^.]+$/, '');
  return join(RUNS, `${stem}-${now.toISOString().replace(/[-:]|\.\d+/g, '')}`);
}

/**
 * A new run with its folder made. If runs of one file begin in the same second, each gets a folder of its own: the
 * later ones have a number after the time.
 * @throws FatalError if a folder that was named holds a run already, or none can be made
 */
export function createRun(run: Run, disk?: Disk): Run {
  let { folder } = run;
  if (run.isUnnamed) {
    for (let n = 2; !claimFolder(folder); n += 1) folder = `${run.folder}-${n}`;
  }
  makeRunFolder(folder, REPORT_FILES, disk);
  return { ...run, folder, isUnnamed: false };
}

/** Makes a folder; false if it exists, so that only one process gets it. */
function claimFolder(folder: string): boolean {
  try {
    mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
    mkdirSync(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw writeFailure(
      'folder-unwritable',
      folder,
      error,
      'Nothing was sent. Name another folder: --out DIR',
    );
  }
}

/** An earlier run to resume. @throws FatalError if the folder holds none, or a damaged one */
export function openRun(folder: string, file: string | undefined): Run {
  const bytes = countJournalBytes(folder);
  const state = readRunState(folder);
  const path = file ?? state.runs.at(-1)?.input.path;
  if (path === undefined) throw usageError(`the journal in ${folder} names no input`, 'Name the file too.');
  return { folder, file: path, state, journalBytes: bytes };
}

/** The run with its state read again, if its journal has grown since. */
export function refreshRun(run: Run): Run {
  if (!run.state || run.journalBytes === countJournalBytes(run.folder)) return run;
  return openRun(run.folder, run.file);
}

function countJournalBytes(folder: string): number {
  return statSync(join(folder, RUN_FILES.journal), { throwIfNoEntry: false })?.size ?? 0;
}

export type RunFilter = {
  readonly command: RunCommand;
  /** The input's path; undefined for any. */
  readonly file: string | undefined;
  readonly simulated: boolean;
  /** The parents of run folders to look into, besides `runs`. */
  readonly parents?: readonly string[];
};

/**
 * The newest unfinished run that fits. Only the first and the last record of each journal are read. A run no
 * longer counts if the same work was done later and ended well.
 * @returns undefined if there is none
 */
export function findUnfinishedRun({ command, file, simulated, parents = [] }: RunFilter): string | undefined {
  const places = new Map([RUNS, ...parents].map((parent) => [resolve(parent), parent]));
  const folders = [...places.values()].flatMap(listFolders);
  const journals = folders
    .map((folder) => ({ folder, stat: statSync(join(folder, RUN_FILES.journal), { throwIfNoEntry: false }) }))
    .flatMap(({ folder, stat }) => (stat ? [{ folder, at: stat.mtimeMs }] : []))
    .sort((a, b) => b.at - a.at);
  const finished = new Set<string>();
  for (const { folder } of journals) {
    const ends = readFirstAndLastEvent(folder);
    if (!ends) continue;
    const { first: run, last } = ends;
    if (run.command !== command || run.simulated !== simulated) continue;
    if (file !== undefined && resolve(run.input.path) !== resolve(file)) continue;
    const work = identifyWork(run);
    if (last.type === 'end' && last.exit === EXIT.ok) finished.add(work);
    else if (!finished.has(work) && !finished.has(identifyWork(run, false))) return folder;
  }
  return undefined;
}

function listFolders(parent: string): readonly string[] {
  return existsSync(parent) ? readdirSync(parent).map((name) => join(parent, name)) : [];
}

/** What a run is about: its file, its share of it, and where it creates the groups. */
function identifyWork(
  { input, simulated, target, account, shape }: EventOf<'run'>,
  withShard = true,
): string {
  const place = simulated ? 'simulated' : target.baseUrl;
  const shard = withShard ? shape.dialect.shard : undefined;
  return JSON.stringify([resolve(input.path), shard, place, target.api, account, shape.resource]);
}
