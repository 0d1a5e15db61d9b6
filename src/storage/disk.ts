/** The file system calls behind everything that is written; a test passes in a disk that fails. */
import {
  closeSync,
  fdatasync,
  constants as flags,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { getSystemErrorMap, promisify } from 'node:util';
import { createStop, FatalError, type StopReason } from '../model/stop.js';

/** Each call throws the system's error. */
export type Disk = {
  /** Creates a file that must not exist yet, readable by its owner only; writes append to it. */
  create(path: string): number;
  /** Opens an existing file for reading and appending. */
  open(path: string): number;
  /** Returns how many bytes were written: fewer than given is no error. */
  write(fd: number, bytes: Uint8Array): number;
  size(fd: number): number;
  /** Which file a descriptor or a path leads to; undefined if nothing is there. A link is not followed. */
  identify(file: number | string): string | undefined;
  /** Cuts a file to a length and makes that durable. By path: Windows refuses it on a descriptor that appends. */
  truncate(path: string, length: number): void;
  sync(fd: number): void;
  /** Makes the content durable without blocking the process. */
  syncData(fd: number): Promise<void>;
  close(fd: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Makes what was created, renamed or removed in a folder durable. */
  syncFolder(path: string): void;
  /** Blocks for so many ms. */
  wait(ms: number): void;
};

/** Readable and writable by the owner only. */
const PRIVATE = 0o600;

const NO_FOLLOW = flags.O_NOFOLLOW ?? 0;
const APPEND = flags.O_RDWR | flags.O_APPEND | NO_FOLLOW;

/** The errors of file systems that can't sync a folder; nothing more can be done there. */
const NO_FOLDER_SYNC = new Set(['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM']);

export const realDisk: Disk = {
  create: (path) => openSync(path, APPEND | flags.O_CREAT | flags.O_EXCL, PRIVATE),
  open: (path) => openSync(path, APPEND),
  write: (fd, bytes) => writeSync(fd, bytes),
  size: (fd) => fstatSync(fd).size,
  identify: (file) => {
    // Windows has inode numbers that a double can't hold.
    const found =
      typeof file === 'number'
        ? fstatSync(file, { bigint: true })
        : lstatSync(file, { bigint: true, throwIfNoEntry: false });
    return found && `${found.dev}:${found.ino}`;
  },
  truncate: (path, length) =>
    withFile(path, flags.O_RDWR | NO_FOLLOW, (fd) => {
      ftruncateSync(fd, length);
      fsyncSync(fd);
    }),
  sync: fsyncSync,
  syncData: promisify(fdatasync),
  close: closeSync,
  rename: renameSync,
  remove: unlinkSync,
  syncFolder: (path) => {
    try {
      withFile(path, flags.O_RDONLY, fsyncSync);
    } catch (error) {
      if (!NO_FOLDER_SYNC.has(errorCode(error))) throw error;
    }
  },
  wait: (ms) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
};

function withFile(path: string, mode: number, use: (fd: number) => void): void {
  const fd = openSync(path, mode);
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes all bytes. `fs.writeSync` may write only some of them, and reports that by its count alone. */
export function writeAll(disk: Disk, fd: number, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0; ) {
    const taken = disk.write(fd, rest);
    if (taken === 0) throw new Error('the file takes no more bytes');
    rest = rest.subarray(taken);
  }
}

/** Runs a clean-up after a failure that is reported already, and ignores its errors. */
export function ignoreErrors(cleanUp: () => void): void {
  try {
    cleanUp();
  } catch {}
}

/** The code of a system error, such as `ENOSPC`; empty for any other error. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** A system error in words: `no space left on device` for ENOSPC. */
export function describeError(error: unknown): string {
  const code = errorCode(error);
  // libuv has no name for this one.
  if (code === 'EDQUOT' || /error -122\b/.test(code)) return 'disk quota exceeded';
  if (code === 'EISDIR') return 'it is a folder';
  for (const [name, words] of getSystemErrorMap().values()) if (name === code) return words;
  return error instanceof Error ? error.message : String(error);
}

/** A file that could not be written (exit 6). */
export function writeFailure(reason: StopReason, path: string, error: unknown, hint: string): FatalError {
  return new FatalError(createStop(reason, `${path} could not be written: ${describeError(error)}`, hint));
}
