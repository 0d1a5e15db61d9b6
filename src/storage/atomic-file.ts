/** Writes a file completely or not at all, readable by its owner only. */
import { randomBytes } from 'node:crypto';
import { lstatSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createStop, FatalError } from '../model/stop.js';
import {
  type Disk,
  describeError,
  errorCode,
  ignoreErrors,
  realDisk,
  writeAll,
  writeFailure,
} from './disk.js';

/** A file being written. A reader of its path sees the old file until `commit` and the new one after it, each complete. */
export type AtomicFile = {
  /** @throws FatalError (exit 6) */
  readonly write: (piece: Uint8Array | string) => void;
  /** Checks the length, makes the file durable and renames it to its path. @throws FatalError (exit 6) */
  readonly commit: () => void;
  /** Removes what is not committed. */
  readonly discard: () => void;
};

/** Pieces are buffered up to this size, to save system calls. */
const BUFFER_BYTES = 64 * 1024;

/**
 * Opens a temporary file beside the path; a link at the path is replaced, never followed.
 * @throws FatalError (exit 6) if it can't be written
 */
export function openAtomicFile(path: string, disk: Disk = realDisk): AtomicFile {
  const folder = dirname(resolve(path));
  const beside = join(folder, `.${randomBytes(8).toString('hex')}.part`);
  const step = <T>(write: () => T): T => {
    try {
      return write();
    } catch (error) {
      throw error instanceof FatalError ? error : writeError(path, error);
    }
  };
  step(() => {
    refuseForeignLinks(folder);
    // Root may rename over a device.
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false)
      throw new Error('it is not a regular file');
  });
  const fd = step(() => disk.create(beside));
  let isOpen = true;
  let isBeside = true;
  let length = 0;
  let buffered: Uint8Array[] = [];
  let bufferedBytes = 0;
  const flush = (): void => {
    const bytes = Buffer.concat(buffered);
    buffered = [];
    bufferedBytes = 0;
    writeAll(disk, fd, bytes);
    length += bytes.length;
  };
  return {
    write: (piece) => {
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
      buffered.push(bytes);
      bufferedBytes += bytes.length;
      if (bufferedBytes >= BUFFER_BYTES) step(flush);
    },
    commit: () =>
      step(() => {
        flush();
        const size = disk.size(fd);
        if (size !== length) throw new Error(`only ${size} of ${length} bytes were written`);
        disk.sync(fd);
        isOpen = false;
        disk.close(fd);
        replaceFile(beside, path, disk);
        isBeside = false;
        disk.syncFolder(folder);
      }),
    discard: () => {
      if (isOpen) ignoreErrors(() => disk.close(fd));
      isOpen = false;
      if (isBeside) ignoreErrors(() => disk.remove(beside));
      isBeside = false;
    },
  };
}

/**
 * Writes a file completely or not at all.
 * @throws FatalError (exit 6) if it can't be written, or what `pieces` throws; the old file stays as it was
 */
export async function writeAtomically(
  path: string,
  pieces: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>,
  disk: Disk = realDisk,
): Promise<void> {
  const file = openAtomicFile(path, disk);
  try {
    for await (const piece of pieces) file.write(piece);
    file.commit();
  } finally {
    file.discard();
  }
}

/** Windows refuses to replace a file that another program, such as Excel, has open. */
const IN_USE = new Set(['EPERM', 'EACCES', 'EBUSY']);

/** Virus scanners and indexers let go of a file within a second; a user needs longer. */
const RENAME_WAITS_MS: readonly number[] = [50, 100, 200, 400, 800, 1_600, 1_600];

function replaceFile(from: string, to: string, disk: Disk): void {
  for (const waitMs of [...RENAME_WAITS_MS, undefined]) {
    try {
      return disk.rename(from, to);
    } catch (error) {
      if (!IN_USE.has(errorCode(error))) throw error;
      if (waitMs === undefined) throw inUseError(to, error);
      disk.wait(waitMs);
    }
  }
}

function inUseError(path: string, error: unknown): FatalError {
  const message = `${path} could not be replaced: ${describeError(error)}; another program may have it open`;
  return new FatalError(createStop('file-in-use', message, `Close it there. ${REPORT_HINT}`));
}

const REPORT_HINT =
  'If a run was writing it, nothing is lost: zoom-im-groups report DIR makes the reports again from its journal.';

function writeError(path: string, error: unknown): FatalError {
  const hint = `Free some space or fix the permissions. ${REPORT_HINT}`;
  return writeFailure('file-unwritable', path, error, hint);
}

/**
 * Refuses a link that another user has made in a folder that everyone can write to, such as /tmp: it may redirect
 * what is written. This user's links and root's are fine.
 */
export function refuseForeignLinks(folder: string): void {
  const uid = process.getuid?.();
  if (uid === undefined) return;
  for (let path = resolve(folder); path !== dirname(path); path = dirname(path)) {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found?.isSymbolicLink() || found.uid === uid || found.uid === 0) continue;
    if ((statSync(dirname(path)).mode & 0o002) === 0) continue;
    throw new Error(`${path} is a link that another user made in a shared folder`);
  }
}
