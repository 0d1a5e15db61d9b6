/** A run's folder: the names of its files, and making one. */
import { mkdirSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { FatalError, usageError } from '../model/outcome.js';
import type { ReportFiles } from '../reporting/summary.js';
import { refuseForeignLinks } from './atomic-file.js';
import { type Disk, realDisk, writeFailure } from './disk.js';

/** The journal's name in a run folder. */
export const JOURNAL_FILE = 'journal.ndjson';

/** The files of a run folder, by what they are. */
export const FILES: Required<ReportFiles> = {
  journal: JOURNAL_FILE,
  results: 'results.csv',
  failed: 'failed.csv',
  summary: 'summary.json',
  report: 'report.html',
};

/** What is made from the journal. */
export const REPORTS: readonly string[] = [FILES.results, FILES.failed, FILES.summary, FILES.report];

/**
 * Makes the folder of a new run, its owner's alone; parents too. An existing one is fine as long as it holds no
 * run, and no file that the run would write over.
 * @param names the run's files; by the first of them a folder holds a run
 * @throws FatalError: exit 2 where the folder holds a run or such a file, exit 6 where it can't be made
 */
export function makeRunFolder(
  dir: string,
  names: readonly [journal: string, ...reports: string[]],
  disk: Disk = realDisk,
): void {
  const folder = resolve(dir);
  try {
    refuseForeignLinks(folder);
    const first = mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Each new folder is a name in its parent; without this a power cut could take the run's folder with it.
    if (first !== undefined) {
      for (let made = folder; made.length >= first.length; made = dirname(made))
        disk.syncFolder(dirname(made));
    }
    const found = new Set(readdirSync(folder));
    if (found.has(names[0])) throw holdsRun(dir);
    const taken = names.find((name) => found.has(name));
    if (taken !== undefined) throw holdsFile(join(dir, taken));
  } catch (error) {
    if (error instanceof FatalError) throw error;
    throw writeFailure('folder-unwritable', dir, error, 'Nothing was sent. Name another folder: --out DIR');
  }
}

/** Exit 2: a run is never written over. */
export function holdsRun(dir: string): FatalError {
  return usageError(
    `${dir} holds a run already, and nothing is written over it`,
    `To go on with that run: --resume ${dir}. For a new one: another --out DIR`,
  );
}

/** Exit 2: what a person has put there is not written over. */
function holdsFile(path: string): FatalError {
  return usageError(
    `${path} is there already, and would be written over`,
    'Name another folder with --out DIR, or put the file elsewhere.',
  );
}
