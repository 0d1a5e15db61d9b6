/** Reads a journal: its events in order, the place of damage, and what a crash left at its end. */
import { isUtf8 } from 'node:buffer';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type Event, type EventOf, SCHEMA_VERSION } from '../events/event.js';
import { createStop, FatalError, usageError } from '../model/stop.js';
import { describeError, errorCode } from '../storage/disk.js';
import { JOURNAL_FILE } from '../storage/run-folder.js';
import { isEvent } from './event-schema.js';

const NEWLINE = 0x0a;
const BRACE = 0x7b;
const CHUNK_BYTES = 1024 * 1024;

/** Far above any event. Without a bound, a large file that is no journal would have to fit in memory. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

/**
 * The events of a run folder's journal, in batches, in the order in which they were recorded. A torn last line
 * is left out.
 * @throws FatalError (exit 2) if there is no journal, if another version wrote it, or if it is damaged
 */
export function* readJournal(folder: string): Generator<readonly Event[]> {
  const { path, fd } = openJournal(folder);
  try {
    let lines = 0;
    for (const { bytes, offset } of readWholeLines(path, fd)) {
      const { events, end } = parseLines(bytes);
      if (lines === 0 && events[0]?.type !== 'run') break;
      for (const event of events) refuseNewerSchema(path, event);
      yield events;
      lines += events.length;
      if (end === bytes.length) continue;
      const next = bytes.indexOf(NEWLINE, end) + 1;
      // The line's end can reach the disk without its middle: as the very last line it is torn, not damaged.
      if (offset + next === fstatSync(fd).size) break;
      throw damageError(path, lines + 1, offset + end);
    }
    if (lines === 0) throw explainMissingHeader(path, readAt(fd, 0, CHUNK_BYTES));
  } catch (error) {
    throw errorCode(error) === '' ? error : unreadableError(path, error);
  } finally {
    closeSync(fd);
  }
}

/** Pieces that end with a line; what follows the last newline is left out. */
function* readWholeLines(path: string, fd: number): Generator<{ bytes: Buffer; offset: number }> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  for (;;) {
    const chunk = readAt(fd, offset + rest.length, CHUNK_BYTES);
    if (chunk.length === 0) return;
    const bytes = Buffer.concat([rest, chunk]);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (end > 0) yield { bytes: bytes.subarray(0, end), offset };
    rest = bytes.subarray(end);
    offset += end;
    if (rest.length > MAX_LINE_BYTES) throw damageError(path, undefined, offset);
  }
}

/** Parses lines up to the first that is not an event; `end` is how many bytes they took. */
function parseLines(bytes: Buffer): { readonly events: readonly Event[]; readonly end: number } {
  const events: Event[] = [];
  // Decoding replaces invalid UTF-8 silently by U+FFFD. One check for all lines is much faster than one for each.
  const isText = isUtf8(bytes);
  let end = 0;
  while (end < bytes.length) {
    const newline = bytes.indexOf(NEWLINE, end);
    if (!isText && !isUtf8(bytes.subarray(end, newline))) break;
    const event = parseLine(bytes.toString('utf8', end, newline));
    if (!event) break;
    events.push(event);
    end = newline + 1;
  }
  return { events, end };
}

function parseLine(line: string): Event | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isEvent(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Finds where a journal's whole lines end, and what follows them: a line without its newline, or a last line that is
 * not an event. Throws the system's error.
 */
export function findTornTail(
  fd: number,
  size: number,
): { readonly from: number; readonly bytes: Uint8Array } {
  // A line has a hundred bytes or some hundred thousand: read more until the whole last line is there.
  for (let length = CHUNK_BYTES; ; length *= 4) {
    const start = Math.max(0, size - length);
    const tail = readAt(fd, start, size - start);
    const end = tail.lastIndexOf(NEWLINE) + 1;
    const last = tail.subarray(0, Math.max(0, end - 1)).lastIndexOf(NEWLINE) + 1;
    if (last === 0 && start > 0) continue;
    // Only the very last line can be torn: if it has no newline, the one before is whole.
    const from = end < tail.length ? end : last + parseLines(tail.subarray(last, end)).end;
    return { from: start + from, bytes: tail.subarray(from) };
  }
}

function readAt(fd: number, start: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const more = readSync(fd, bytes, read, length - read, start + read);
    if (more === 0) break;
    read += more;
  }
  return bytes.subarray(0, read);
}

function openJournal(folder: string): { readonly path: string; readonly fd: number } {
  const path = join(folder, JOURNAL_FILE);
  try {
    return { path, fd: openSync(path, 'r') };
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw unreadableError(path, error);
    throw usageError(
      `${folder} holds no run: there is no ${JOURNAL_FILE} in it`,
      'Name the folder of a run.',
    );
  }
}

function unreadableError(path: string, error: unknown): FatalError {
  return usageError(`${path} can't be read: ${describeError(error)}`, 'Check the path and its permissions.');
}

function damageError(path: string, line: number | undefined, offset: number): FatalError {
  const where = line === undefined ? `byte ${offset}` : `line ${line}, byte ${offset}`;
  const hint =
    'A crash tears the last line only, so something else changed the file. Put back a copy of it, or begin a new run with another --out DIR.';
  return new FatalError(createStop('journal-damaged', `${path} is damaged at ${where}`, hint));
}

function refuseNewerSchema(path: string, event: Event): void {
  if (event.type !== 'run' || event.schemaVersion === SCHEMA_VERSION) return;
  const message = `${path} was written by a newer version: its schema is ${event.schemaVersion}, this version reads ${SCHEMA_VERSION}`;
  const hint = 'Use the version that began the run, or a newer one.';
  throw new FatalError(createStop('journal-newer', message, hint));
}

/** Why there is no header: the run was killed before its first line was whole, or the file is no journal. */
function explainMissingHeader(path: string, start: Buffer): FatalError {
  const newline = start.indexOf(NEWLINE);
  const isOneLine = start.length < CHUNK_BYTES && (newline < 0 || newline === start.length - 1);
  if (start.length === 0 || (start[0] === BRACE && isOneLine)) {
    const message = `${path} has no whole line: its run ended before anything was sent`;
    const hint = 'Delete the folder and run the command again, without --resume.';
    return new FatalError(createStop('nothing-stored', message, hint));
  }
  const message = `${path} is no journal of a run, or its first line is damaged`;
  return new FatalError(createStop('journal-damaged', message, 'Name the folder of a run.'));
}

/**
 * The first and the last event of a journal, without reading what is between; undefined if it can't be read, or if it
 * does not begin with a run of this schema. A last line that is torn or longer than a megabyte is left out.
 */
export function readFirstAndLastEvent(
  folder: string,
): { readonly first: EventOf<'run'>; readonly last: Event } | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(join(folder, JOURNAL_FILE), 'r');
    const head = readAt(fd, 0, CHUNK_BYTES);
    const first = parseLine(head.toString('utf8', 0, Math.max(0, head.indexOf(NEWLINE))));
    if (first?.type !== 'run' || first.schemaVersion !== SCHEMA_VERSION) return undefined;
    const tail = readAt(fd, Math.max(0, fstatSync(fd).size - CHUNK_BYTES), CHUNK_BYTES);
    // The block may begin inside a line, and what follows the last newline is torn.
    const lines = tail.toString('utf8', 0, tail.lastIndexOf(NEWLINE) + 1).split('\n');
    for (const line of lines.reverse()) {
      const last = parseLine(line);
      if (last) return { first, last };
    }
    return { first, last: first };
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
