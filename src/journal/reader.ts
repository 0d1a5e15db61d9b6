/** Reads a journal: its events in order, the place of damage, and what a crash left at its end. */
import { isUtf8 } from 'node:buffer';
import { readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Event, SCHEMA_VERSION } from '../events/event.js';
import { createStop, EXIT, FatalError, usageError } from '../model/stop.js';
import { describeError, errorCode } from '../storage/disk.js';
import { JOURNAL_FILE } from '../storage/run-folder.js';
import { findOlderSchema, isEvent } from './event-schema.js';

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
export async function* readJournal(folder: string): AsyncGenerator<readonly Event[]> {
  const path = join(folder, JOURNAL_FILE);
  const file = await openToRead(path, folder);
  try {
    let lines = 0;
    for await (const { bytes, offset } of readWholeLines(file, path)) {
      const { events, end } = parseLines(bytes);
      if (lines === 0 && events[0]?.type !== 'run') break;
      for (const event of events) if (event.type === 'run') refuseOtherSchema(path, event.schemaVersion);
      yield events;
      lines += events.length;
      if (end === bytes.length) continue;
      const next = bytes.indexOf(NEWLINE, end) + 1;
      // The line's end can reach the disk without its middle: as the very last line it is torn, not damaged.
      if (offset + next === (await file.stat()).size) break;
      throw damageError(path, lines + 1, offset + end);
    }
    if (lines === 0) throw await explainMissingHeader(path, file);
  } catch (error) {
    throw errorCode(error) === '' ? error : unreadableError(path, error);
  } finally {
    await file.close();
  }
}

/** Pieces that end with a line; what follows the last newline is left out. */
async function* readWholeLines(
  file: FileHandle,
  path: string,
): AsyncGenerator<{ bytes: Buffer; offset: number }> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  const read = () => file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES);
  let next = read();
  for (;;) {
    const { buffer, bytesRead } = await next;
    if (bytesRead === 0) return;
    // The next piece is read while the caller parses this one; a caller that stops does not wait for it.
    next = read();
    next.catch(() => undefined);
    const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
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

async function openToRead(path: string, folder: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
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
  return new FatalError({
    exit: EXIT.usage,
    reason: 'journal-damaged',
    message: `${path} is damaged at ${where}`,
    hint: 'A crash tears the last line only, so something else changed the file. Put back a copy of it, or begin a new run with another --out DIR.',
  });
}

/** Only the current schema can be read: schema 1 was never released, and a newer one is unknown here. */
function refuseOtherSchema(path: string, version: number): void {
  if (version === SCHEMA_VERSION) return;
  const isNewer = version > SCHEMA_VERSION;
  throw new FatalError(
    createStop(
      isNewer ? 'journal-newer' : 'journal-older',
      `${path} was written by ${isNewer ? 'a newer' : 'an older'} version: its schema is ${version}, this version reads ${SCHEMA_VERSION}`,
      isNewer ? 'Use the version that began the run, or a newer one.' : 'Begin a new run, without --resume.',
    ),
  );
}

/** Why there is no header: the run was killed before its first line was whole, or the file is no journal. */
async function explainMissingHeader(path: string, file: FileHandle): Promise<FatalError> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, 0);
  const newline = buffer.subarray(0, bytesRead).indexOf(NEWLINE);
  const isOneLine = bytesRead < CHUNK_BYTES && (newline < 0 || newline === bytesRead - 1);
  const olderSchema = parseOlderSchema(buffer.toString('utf8', 0, newline < 0 ? bytesRead : newline));
  if (olderSchema !== undefined) refuseOtherSchema(path, olderSchema);
  const isCutShort = bytesRead === 0 || (buffer[0] === BRACE && isOneLine);
  return new FatalError({
    exit: EXIT.usage,
    reason: isCutShort ? 'nothing-stored' : 'journal-damaged',
    message: isCutShort
      ? `${path} has no whole line: its run ended before anything was sent`
      : `${path} is no journal of a run, or its first line is damaged`,
    hint: isCutShort
      ? 'Delete the folder and run the command again, without --resume.'
      : 'Name the folder of a run.',
  });
}

function parseOlderSchema(line: string): number | undefined {
  try {
    return findOlderSchema(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/**
 * The first and the last event of a journal, without reading what is between; undefined if it has no whole line. A
 * last line that is torn or longer than a megabyte is left out.
 * @throws FatalError (exit 2) if there is no journal, or if another version wrote it
 */
export async function readFirstAndLastEvent(
  folder: string,
): Promise<{ readonly first: Event; readonly last: Event } | undefined> {
  const path = join(folder, JOURNAL_FILE);
  const file = await openToRead(path, folder);
  try {
    const { size } = await file.stat();
    const head = await readBlock(file, 0, size);
    const first = parseLine(head.toString('utf8', 0, Math.max(0, head.indexOf(NEWLINE))));
    if (!first) return undefined;
    if (first.type === 'run') refuseOtherSchema(path, first.schemaVersion);
    const start = Math.max(0, size - CHUNK_BYTES);
    const tail = await readBlock(file, start, size - start);
    // The block may begin inside a line.
    const from = start === 0 ? 0 : tail.indexOf(NEWLINE) + 1;
    const end = tail.lastIndexOf(NEWLINE);
    const lines = tail.toString('utf8', from, Math.max(from, end)).split('\n');
    for (const line of lines.reverse()) {
      const last = parseLine(line);
      if (last) return { first, last };
    }
    return { first, last: first };
  } catch (error) {
    throw errorCode(error) === '' ? error : unreadableError(path, error);
  } finally {
    await file.close();
  }
}

async function readBlock(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Math.min(length, CHUNK_BYTES);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, position);
  return buffer.subarray(0, bytesRead);
}
