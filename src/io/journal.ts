/** The journal: events appended durably, a torn tail mended, all of it replayed. */
import fs from 'node:fs';
import { join } from 'node:path';
import { type Event, SCHEMA_VERSION } from '../core/event.js';
import { EXIT, Halt, usage } from '../core/outcome.js';
import { type Disk, syncFolder, unwritable, writeAll } from './files.js';

/** Its name in a run folder. */
export const JOURNAL = 'journal.ndjson';

export type Journal = {
  readonly path: string;
  /**
   * Appends one event. When it returns the line is with the operating system: a killed process loses nothing.
   * A power cut may take what was written in the last quarter of a second.
   * @throws Halt (exit 6); the journal then ends with its last whole line
   */
  record(event: Event): void;
  /** Makes durable what was recorded. @throws Halt (exit 6) */
  sync(): Promise<void>;
  close(): Promise<void>;
};

/** A group of lines is synced together: alone each costs 20 times as much. */
const SYNC = { lines: 32, afterMs: 250 } as const;

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_RDWR } = fs.constants;

/** Begins a journal. @throws Halt where there is one already, or the disk refuses */
export function createJournal(folder: string, disk: Disk = fs): Journal {
  const path = join(folder, JOURNAL);
  try {
    const fd = disk.openSync(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, 0o600);
    syncFolder(folder, disk);
    return appender(path, fd, 0, disk);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw usage(`${folder} holds a run already`, `Go on with it: --resume ${folder}`);
    }
    throw unwritable(path, error);
  }
}

/** Goes on with a journal. A torn last line is kept aside, in a file of its own, and cut off. */
export function reopenJournal(folder: string, disk: Disk = fs): Journal {
  const path = join(folder, JOURNAL);
  try {
    const fd = disk.openSync(path, O_RDWR | O_APPEND | O_NOFOLLOW, 0o600);
    return appender(path, fd, mendTail(folder, fd, disk), disk);
  } catch (error) {
    throw error instanceof Halt ? error : unwritable(path, error);
  }
}

/** Cuts off what follows the last line end; returns the length that is left. */
function mendTail(folder: string, fd: number, disk: Disk): number {
  const { size } = disk.fstatSync(fd);
  const whole = wholeLength(fd, size);
  if (whole === size) return size;
  const torn = Buffer.alloc(size - whole);
  fs.readSync(fd, torn, 0, torn.length, whole);
  const aside = disk.openSync(join(folder, `journal.torn-${whole}`), 'w', 0o600);
  try {
    writeAll(disk, aside, torn);
    disk.fsyncSync(aside);
  } finally {
    disk.closeSync(aside);
  }
  disk.ftruncateSync(fd, whole);
  disk.fsyncSync(fd);
  return whole;
}

const LINE_END = 0x0a;

/** The offset behind the last line end: a line without one was torn in the writing. */
function wholeLength(fd: number, size: number): number {
  const piece = Buffer.alloc(64 * 1024);
  for (let end = size; end > 0; ) {
    const from = Math.max(0, end - piece.length);
    const n = fs.readSync(fd, piece, 0, end - from, from);
    const at = piece.subarray(0, n).lastIndexOf(LINE_END);
    if (at >= 0) return from + at + 1;
    end = from;
  }
  return 0;
}

function appender(path: string, fd: number, from: number, disk: Disk): Journal {
  let length = from;
  let unsynced = 0;
  let timer: NodeJS.Timeout | undefined;
  let failure: Halt | undefined;

  const syncNow = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (unsynced === 0) return;
    unsynced = 0;
    disk.fdatasyncSync(fd);
  };
  const syncLater = (): void => {
    timer ??= setTimeout(() => {
      try {
        syncNow();
      } catch (error) {
        failure = unwritable(path, error);
      }
    }, SYNC.afterMs).unref();
  };
  /** What was written of a torn line is taken back, so that the journal stays readable. */
  const takeBack = (): void => {
    try {
      disk.ftruncateSync(fd, length);
    } catch {
      // A torn tail is mended when the journal is opened again.
    }
  };

  return {
    path,
    record: (event) => {
      if (failure) throw failure;
      const line = Buffer.from(`${JSON.stringify(event)}\n`);
      try {
        writeAll(disk, fd, line);
        length += line.length;
        unsynced += 1;
        if (unsynced >= SYNC.lines) syncNow();
        else syncLater();
      } catch (error) {
        failure = unwritable(path, error);
        takeBack();
        throw failure;
      }
    },
    sync: async () => {
      if (failure) throw failure;
      try {
        syncNow();
      } catch (error) {
        failure = unwritable(path, error);
        throw failure;
      }
    },
    close: async () => {
      clearTimeout(timer);
      try {
        if (!failure) disk.fdatasyncSync(fd);
      } catch (error) {
        throw unwritable(path, error);
      } finally {
        disk.closeSync(fd);
      }
    },
  };
}

/**
 * The events of a run folder's journal, in batches. A torn last line is left out.
 * @throws Halt (exit 2) where there is no journal, where a line in it is damaged, or where it is a newer one
 */
export async function* replay(folder: string): AsyncGenerator<readonly Event[]> {
  const path = join(folder, JOURNAL);
  if (!fs.existsSync(path)) {
    throw usage(
      `${folder} holds no run: there is no ${JOURNAL} in it`,
      'Name the folder of a run, such as runs/groups-…',
    );
  }
  let offset = 0;
  let line = 1;
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of fs.createReadStream(path, { highWaterMark: 256 * 1024 })) {
    const bytes: Buffer = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const end = bytes.lastIndexOf(LINE_END) + 1;
    if (end > 0) {
      const lines = bytes.toString('utf8', 0, end - 1).split('\n');
      yield lines.map((text, i) => eventIn(text, path, line + i, () => offset + lengthOf(lines, i)));
      line += lines.length;
      offset += end;
    }
    rest = bytes.subarray(end);
  }
}

function lengthOf(lines: readonly string[], before: number): number {
  return lines.slice(0, before).reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
}

function eventIn(text: string, path: string, line: number, offset: () => number): Event {
  let event: Event | undefined;
  try {
    event = JSON.parse(text) as Event;
  } catch {
    event = undefined;
  }
  if (typeof event?.e !== 'string' || (line === 1 && event.e !== 'run')) {
    throw new Halt({
      exit: EXIT.usage,
      reason: 'journal-damaged',
      message: `${path} is damaged at line ${line} (byte ${offset()})`,
      hint: 'It was changed after it was written. Nothing is guessed: restore it from a copy, or begin a new run.',
    });
  }
  if (event.e === 'run' && event.schemaVersion > SCHEMA_VERSION) {
    throw usage(
      `${path} was written by a newer version (schema ${event.schemaVersion}, this one reads ${SCHEMA_VERSION})`,
      'Use that version of zoom-im-groups.',
    );
  }
  return event;
}
