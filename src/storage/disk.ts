/** The few calls with which anything is written; a test hands in a disk that fails. */
import {
  closeSync,
  fdatasync,
  constants as flags,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { getSystemErrorMap, promisify } from 'node:util';
import { EXIT, FatalError } from '../model/stop.js';

/** Each call throws the system's error. */
export type Disk = {
  /** Makes a file that must not exist yet, readable by its owner only; what is written goes to its end. */
  create(path: string): number;
  /** Opens an existing file, to write at its end. */
  open(path: string): number;
  /** Returns how many bytes were taken: fewer than given is no error. */
  write(fd: number, bytes: Uint8Array): number;
  size(fd: number): number;
  truncate(fd: number, length: number): void;
  sync(fd: number): void;
  /** Makes the content durable without holding up the process. */
  syncData(fd: number): Promise<void>;
  close(fd: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Makes what was created, renamed or removed in a folder durable. */
  syncFolder(path: string): void;
};

/** The owner may read and write, nobody else may anything. */
const PRIVATE = 0o600;

const WRITE = flags.O_RDWR | flags.O_APPEND | (flags.O_NOFOLLOW ?? 0);

/** What file systems say that can't sync a folder; their names are as durable as they get. */
const NO_FOLDER_SYNC = new Set(['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM']);

/** The real one. */
export const realDisk: Disk = {
  create: (path) => openSync(path, WRITE | flags.O_CREAT | flags.O_EXCL, PRIVATE),
  open: (path) => openSync(path, WRITE),
  write: (fd, bytes) => writeSync(fd, bytes),
  size: (fd) => fstatSync(fd).size,
  truncate: ftruncateSync,
  sync: fsyncSync,
  syncData: promisify(fdatasync),
  close: closeSync,
  rename: renameSync,
  remove: unlinkSync,
  syncFolder: (path) => {
    try {
      const fd = openSync(path, flags.O_RDONLY);
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      if (!NO_FOLDER_SYNC.has(errorCode(error))) throw error;
    }
  },
};

/** Writes all bytes. `fs.writeSync` may take only some of them, and says so by nothing but its count. */
export function writeAll(disk: Disk, fd: number, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0; ) {
    const taken = disk.write(fd, rest);
    if (taken === 0) throw new Error('the file takes no more bytes');
    rest = rest.subarray(taken);
  }
}

/** Does it, and lets what goes wrong pass: for tidying up behind a failure that is told already. */
export function ignoreErrors(tidy: () => void): void {
  try {
    tidy();
  } catch {}
}

/** `ENOSPC` and its like; empty for what is no system error. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** A system error in words: `no space left on device` for ENOSPC. */
export function describeError(error: unknown): string {
  const code = errorCode(error);
  // libuv has no name for it.
  if (code === 'EDQUOT' || /error -122\b/.test(code)) return 'disk quota exceeded';
  if (code === 'EISDIR') return 'it is a folder';
  for (const [name, words] of getSystemErrorMap().values()) if (name === code) return words;
  return error instanceof Error ? error.message : String(error);
}

/** Exit 6: a file that could not be written. */
export function writeFailure(reason: string, path: string, error: unknown, hint: string): FatalError {
  return new FatalError({
    exit: EXIT.unwritable,
    reason,
    message: `${path} could not be written: ${describeError(error)}`,
    hint,
  });
}
