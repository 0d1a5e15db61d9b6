/** Appends a run's events durably, and mends the tail that a crash has torn. */
import { join } from 'node:path';
import type { Event } from '../events/event.js';
import type { FatalError } from '../model/stop.js';
import { type Disk, errorCode, ignoreErrors, realDisk, writeAll, writeFailure } from '../storage/disk.js';
import { holdsRun, JOURNAL_FILE } from '../storage/run-folder.js';
import { findTornTail } from './reader.js';

/** Whichever comes first. A sync costs 13 µs a record in groups like these, and 283 µs alone. */
const GROUP = { records: 32, waitMs: 250 } as const;

/** The record of a run, to write. */
export type Journal = {
  readonly path: string;
  /**
   * Keeps events, in one write: all of them or none. The operating system has them when this returns, so a killed
   * process loses nothing; they are durable within 32 records or 250 ms.
   * @throws FatalError (exit 6) when they could not be kept; what was kept before stays readable
   */
  readonly record: (...events: readonly Event[]) => void;
  /** Makes everything durable now. @throws FatalError (exit 6) */
  readonly sync: () => Promise<void>;
  /** Makes everything durable and closes the file. @throws FatalError (exit 6) */
  readonly close: () => Promise<void>;
};

/** Begins a run's journal. @throws FatalError: exit 2 where the folder holds one already, exit 6 where it can't be made */
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
    throw cantKeep(path, error);
  }
}

/**
 * Opens a run's journal to go on with it. A torn last line is put into a file of its own, `journal.torn-1` and
 * so on, and cut off.
 * @throws FatalError (exit 6) when it can't be opened or mended
 */
export function reopenJournal(folder: string, disk: Disk = realDisk): Journal {
  const path = join(folder, JOURNAL_FILE);
  let fd: number | undefined;
  try {
    fd = disk.open(path);
    const size = disk.size(fd);
    const { from, bytes } = findTornTail(fd, size);
    if (from < size) {
      putAside(folder, bytes, disk);
      disk.truncate(fd, from);
      disk.sync(fd);
    }
    return new Appender(path, fd, from, disk);
  } catch (error) {
    closeQuietly(disk, fd);
    throw cantKeep(path, error);
  }
}

class Appender implements Journal {
  readonly path: string;
  readonly #fd: number;
  readonly #disk: Disk;
  /** Bytes of whole lines. */
  #size: number;
  /** Part of a line follows the whole ones: it has to go before anything else is written. */
  #torn = false;
  #unsynced = 0;
  #timer: NodeJS.Timeout | undefined;
  #syncing: Promise<void> | undefined;
  #failure: FatalError | undefined;
  #isClosed = false;

  constructor(path: string, fd: number, size: number, disk: Disk) {
    this.path = path;
    this.#fd = fd;
    this.#size = size;
    this.#disk = disk;
  }

  readonly record = (...events: readonly Event[]): void => {
    if (this.#failure) throw this.#failure;
    if (this.#isClosed) throw new Error(`a closed journal was given an event: ${events[0]?.type}`);
    const lines = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    try {
      if (this.#torn) this.#cutBack();
      this.#torn = true;
      writeAll(this.#disk, this.#fd, lines);
      this.#torn = false;
    } catch (error) {
      ignoreErrors(() => this.#cutBack());
      throw cantKeep(this.path, error);
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
    this.#disk.truncate(this.#fd, this.#size);
    this.#torn = false;
  }

  #syncLater(): void {
    this.#timer ??= setTimeout(() => this.#syncNow(), GROUP.waitMs).unref();
  }

  /** Begins a sync, unless one is under way. After a failed one nobody knows what the disk has: it is the last. */
  #syncNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#syncing || this.#failure || this.#isClosed) return;
    this.#unsynced = 0;
    this.#syncing = this.#disk
      .syncData(this.#fd)
      .catch((error: unknown) => {
        this.#failure = cantKeep(this.path, error);
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

function cantKeep(path: string, error: unknown): FatalError {
  const hint = 'Make room or mend the permissions, then run the same command with --resume.';
  return writeFailure('journal-unwritable', path, error, hint);
}

/** Keeps what is cut off: it may tell a person what was about to be sent. */
function putAside(folder: string, bytes: Uint8Array, disk: Disk): void {
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
