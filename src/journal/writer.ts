/** Appends a run's events durably, and repairs the tail that a crash has torn. */
import { join } from 'node:path';
import type { Event } from '../events/event.js';
import { EXIT, FatalError } from '../model/stop.js';
import { type Disk, errorCode, ignoreErrors, realDisk, writeAll, writeFailure } from '../storage/disk.js';
import { holdsRun, JOURNAL_FILE } from '../storage/run-folder.js';
import { findTornTail } from './reader.js';

/** A sync is due at whichever comes first. In such groups it costs 13 µs a record, alone 283 µs. */
const GROUP = { records: 32, waitMs: 250 } as const;

/** A run's journal, open for writing. */
export type Journal = {
  readonly path: string;
  /**
   * Appends events in one write: all of them or none. The operating system has them when this returns, so a killed
   * process loses nothing; they are durable within 32 records or 250 ms.
   * @throws FatalError (exit 6) if they could not be written, or if the file was found gone at the last sync; what
   * was written before stays readable
   */
  readonly record: (...events: readonly Event[]) => void;
  /** Makes everything durable now. @throws FatalError (exit 6) */
  readonly sync: () => Promise<void>;
  /** Makes everything durable and closes the file. @throws FatalError (exit 6) */
  readonly close: () => Promise<void>;
};

/** Creates a run's journal. @throws FatalError: exit 2 if the folder already holds one, exit 6 if it can't be created */
export function createJournal(folder: string, disk: Disk = realDisk): Journal {
  const path = join(folder, JOURNAL_FILE);
  let fd: number | undefined;
  try {
    fd = disk.create(path);
    disk.syncFolder(folder);
    return new Appender(path, fd, 0, disk);
  } catch (error) {
    if (fd === undefined && errorCode(error) === 'EEXIST') throw holdsRun(folder);
    closeQuietly(disk, fd);
    if (fd !== undefined) ignoreErrors(() => disk.remove(path));
    throw writeError(path, error);
  }
}

/**
 * Opens a run's journal to continue it. A torn last line is saved in a file of its own, `journal.torn-1` and so
 * on, and cut off.
 * @throws FatalError (exit 6) if it can't be opened or repaired
 */
export function reopenJournal(folder: string, disk: Disk = realDisk): Journal {
  const path = join(folder, JOURNAL_FILE);
  let fd: number | undefined;
  try {
    fd = disk.open(path);
    const size = disk.size(fd);
    const { from, bytes } = findTornTail(fd, size);
    if (from < size) {
      saveTornTail(folder, bytes, disk);
      disk.truncate(path, from);
    }
    return new Appender(path, fd, from, disk);
  } catch (error) {
    closeQuietly(disk, fd);
    throw writeError(path, error);
  }
}

class Appender implements Journal {
  readonly path: string;
  readonly #fd: number;
  readonly #identity: string | undefined;
  readonly #disk: Disk;
  /** Bytes of whole lines. */
  #size: number;
  /** Part of a line follows the whole ones: it is cut off before anything else is written. */
  #torn = false;
  #unsynced = 0;
  #timer: NodeJS.Timeout | undefined;
  #syncing: Promise<void> | undefined;
  #failure: FatalError | undefined;
  #isClosed = false;

  constructor(path: string, fd: number, size: number, disk: Disk) {
    this.path = path;
    this.#fd = fd;
    this.#identity = disk.identify(fd);
    this.#size = size;
    this.#disk = disk;
  }

  readonly record = (...events: readonly Event[]): void => {
    if (this.#failure) throw this.#failure;
    if (this.#isClosed) throw new Error(`an event was recorded in a closed journal: ${events[0]?.type}`);
    const lines = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    try {
      if (this.#torn) this.#cutBack();
      this.#torn = true;
      writeAll(this.#disk, this.#fd, lines);
      this.#torn = false;
    } catch (error) {
      ignoreErrors(() => this.#cutBack());
      throw writeError(this.path, error);
    }
    this.#size += lines.length;
    this.#unsynced += events.length;
    if (this.#unsynced >= GROUP.records) this.#syncNow();
    else this.#syncLater();
  };

  readonly sync = async (): Promise<void> => {
    // One that is under way may have begun before the last record.
    await this.#syncing;
    while (this.#unsynced > 0 && !this.#failure) {
      this.#syncNow();
      await this.#syncing;
    }
    if (!this.#isClosed) this.#failure ??= this.#findLoss();
    if (this.#failure) throw this.#failure;
  };

  readonly close = async (): Promise<void> => {
    if (this.#isClosed) return;
    try {
      await this.sync();
    } finally {
      this.#isClosed = true;
      clearTimeout(this.#timer);
      ignoreErrors(() => this.#disk.close(this.#fd));
    }
  };

  #cutBack(): void {
    // By path, so that it must not be another file by now.
    this.#failure ??= this.#findLoss();
    if (this.#failure) throw this.#failure;
    this.#disk.truncate(this.path, this.#size);
    this.#torn = false;
  }

  /** Whether another process has taken the file away since it was opened: no read or write would fail by that. */
  #findLoss(): FatalError | undefined {
    try {
      const identity = this.#disk.identify(this.path);
      if (identity === undefined) return lossError(this.path, 'was deleted, moved or renamed');
      if (identity !== this.#identity) return lossError(this.path, 'was replaced by another file');
      const size = this.#disk.size(this.#fd);
      if (size >= this.#size) return undefined;
      return lossError(this.path, `was cut from ${this.#size} to ${size} bytes`);
    } catch (error) {
      return writeError(this.path, error);
    }
  }

  #syncLater(): void {
    this.#timer ??= setTimeout(() => this.#syncNow(), GROUP.waitMs).unref();
  }

  /** Starts a sync, unless one is under way. After a failed one it is unknown what is on the disk, so it is the last. */
  #syncNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#syncing || this.#failure || this.#isClosed) return;
    this.#failure = this.#findLoss();
    if (this.#failure) return;
    this.#unsynced = 0;
    this.#syncing = this.#disk
      .syncData(this.#fd)
      .catch((error: unknown) => {
        this.#failure = writeError(this.path, error);
      })
      .finally(() => {
        this.#syncing = undefined;
        if (this.#unsynced > 0) this.#syncLater();
      });
  }
}

function closeQuietly(disk: Disk, fd: number | undefined): void {
  if (fd !== undefined) ignoreErrors(() => disk.close(fd));
}

function writeError(path: string, error: unknown): FatalError {
  if (error instanceof FatalError) return error;
  const hint = 'Free some space or fix the permissions, then run the same command with --resume.';
  return writeFailure('journal-unwritable', path, error, hint);
}

function lossError(path: string, what: string): FatalError {
  return new FatalError({
    exit: EXIT.unwritable,
    reason: 'journal-gone',
    message: `${path} ${what} while the run was writing it; requests were sent, and the journal no longer shows all of them`,
    hint: 'Put the file back if you have it and use --resume; otherwise start a new run, which finds in Zoom what this one created.',
  });
}

/** Saves what is cut off: it may show what was about to be sent. */
function saveTornTail(folder: string, bytes: Uint8Array, disk: Disk): void {
  for (let n = 1; ; n += 1) {
    let fd: number;
    try {
      fd = disk.create(join(folder, `journal.torn-${n}`));
    } catch (error) {
      if (errorCode(error) === 'EEXIST') continue;
      throw error;
    }
    try {
      writeAll(disk, fd, bytes);
      disk.sync(fd);
    } finally {
      closeQuietly(disk, fd);
    }
    disk.syncFolder(folder);
    return;
  }
}
