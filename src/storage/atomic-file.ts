/** A file whole or not at all, private. */
import { randomBytes } from 'node:crypto';
import { lstatSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { FatalError } from '../model/stop.js';
import { type Disk, ignoreErrors, realDisk, writeAll, writeFailure } from './disk.js';

/** A file on its way. Who reads its path sees the old file until `commit`, and the new one after it, both whole. */
export type AtomicFile = {
  /** @throws FatalError (exit 6) */
  readonly write: (piece: Uint8Array | string) => void;
  /** Checks the length, makes the file durable and puts it in its place. @throws FatalError (exit 6) */
  readonly commit: () => void;
  /** Leaves nothing behind of what is not committed. */
  readonly discard: () => void;
};

/** Gathered until a write is worth its call. */
const GATHERED_BYTES = 64 * 1024;

/**
 * Begins a file beside its place; a link that stands there is replaced, never followed.
 * @throws FatalError (exit 6) when it can't be written
 */
export function openAtomicFile(path: string, disk: Disk = realDisk): AtomicFile {
  const folder = dirname(resolve(path));
  const beside = join(folder, `.${randomBytes(8).toString('hex')}.part`);
  const step = <T>(write: () => T): T => {
    try {
      return write();
    } catch (error) {
      throw cantWrite(path, error);
    }
  };
  step(() => {
    refuseForeignLinks(folder);
    // Root may rename over a device.
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false)
      throw new Error('it is no regular file');
  });
  const fd = step(() => disk.create(beside));
  let isOpen = true;
  let isBeside = true;
  let length = 0;
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  const flush = (): void => {
    const bytes = Buffer.concat(gathered);
    gathered = [];
    gatheredBytes = 0;
    writeAll(disk, fd, bytes);
    length += bytes.length;
  };
  return {
    write: (piece) => {
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
      gathered.push(bytes);
      gatheredBytes += bytes.length;
      if (gatheredBytes >= GATHERED_BYTES) step(flush);
    },
    commit: () =>
      step(() => {
        flush();
        const arrived = disk.size(fd);
        if (arrived !== length) throw new Error(`only ${arrived} of ${length} bytes arrived`);
        disk.sync(fd);
        isOpen = false;
        disk.close(fd);
        disk.rename(beside, path);
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
 * Writes a file whole or not at all.
 * @throws FatalError (exit 6) when it can't be written, or what the pieces throw; the old file is untouched by both
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

function cantWrite(path: string, error: unknown): FatalError {
  const hint =
    'Make room or mend the permissions. A run whose journal is there has lost nothing: zoom-im-groups report DIR makes its reports.';
  return writeFailure('file-unwritable', path, error, hint);
}

/**
 * In a folder that everybody may write to, such as /tmp, a link may be somebody's trap: what is written would
 * go where its owner likes. Links of our own and of root are fine.
 */
export function refuseForeignLinks(folder: string): void {
  const uid = process.getuid?.();
  if (uid === undefined) return;
  for (let path = resolve(folder); path !== dirname(path); path = dirname(path)) {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found?.isSymbolicLink() || found.uid === uid || found.uid === 0) continue;
    if ((statSync(dirname(path)).mode & 0o002) === 0) continue;
    throw new Error(`${path} is a link that somebody else made in a shared folder`);
  }
}
