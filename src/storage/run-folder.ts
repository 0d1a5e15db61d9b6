/** The run folder: the names of its files, and how one is made. */
import { mkdirSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { FatalError, usageError } from '../model/stop.js';
import type { ReportFiles } from '../reporting/summary.js';
import { refuseForeignLinks } from './atomic-file.js';
import { type Disk, realDisk, writeFailure } from './disk.js';

export const JOURNAL_FILE = 'journal.ndjson';

/** The files of a run folder, by what they are. */
export const RUN_FILES: Required<ReportFiles> = {
  journal: JOURNAL_FILE,
  results: 'results.csv',
  failed: 'failed.csv',
  summary: 'summary.json',
  report: 'report.html',
};

/** The files that are made from the journal. */
export const REPORT_FILES: readonly string[] = Object.values(RUN_FILES).filter(
  (name) => name !== JOURNAL_FILE,
);

/**
 * Makes the folder of a new run, and its parents, accessible to its owner only. An existing folder is fine if it
 * holds neither a run nor a file that the run would overwrite.
 * @param reports the files that are not there yet
 * @throws FatalError: exit 2 if the folder holds a run or such a file, exit 6 if it can't be made
 */
export function makeRunFolder(
  dir: string,
  reports: readonly string[] = REPORT_FILES,
  disk: Disk = realDisk,
): void {
  const folder = resolve(dir);
  try {
    refuseForeignLinks(folder);
    const first = mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Each new folder is an entry of its parent; without this, a power cut could lose the run's folder.
    if (first !== undefined) {
      for (let made = folder; made.length >= first.length; made = dirname(made))
        disk.syncFolder(dirname(made));
    }
    const found = new Set(readdirSync(folder));
    if (found.has(JOURNAL_FILE)) throw holdsRun(dir);
    const taken = reports.find((name) => found.has(name));
    if (taken !== undefined) {
      throw usageError(
        `${join(dir, taken)} already exists and would be overwritten`,
        'Name another folder with --out DIR, or move the file.',
      );
    }
  } catch (error) {
    if (error instanceof FatalError) throw error;
    throw writeFailure('folder-unwritable', dir, error, 'Nothing was sent. Name another folder: --out DIR');
  }
}

/** A run is never overwritten (exit 2). */
export function holdsRun(dir: string): FatalError {
  return usageError(
    `${dir} already holds a run, which is never overwritten`,
    `To resume that run: --resume ${dir}. For a new run: another --out DIR.`,
  );
}
