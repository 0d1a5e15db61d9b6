/** The bytes of a file or of standard input, and their SHA-256. */
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { usageError } from '../model/stop.js';
import { describeError, errorCode } from './disk.js';

/** Whether two paths lead to the same file. */
export function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}

/** Passes bytes through; `digest` is the SHA-256, in hex, of those that have been read so far. */
export function hashWhileReading(source: AsyncIterable<Uint8Array>): {
  readonly source: AsyncIterable<Uint8Array>;
  readonly digest: () => string;
} {
  const hash = createHash('sha256');
  async function* read(): AsyncGenerator<Uint8Array> {
    for await (const bytes of source) {
      hash.update(bytes);
      yield bytes;
    }
  }
  return { source: read(), digest: () => hash.copy().digest('hex') };
}

/** A file's bytes, in pieces. @throws FatalError (exit 2) if it can't be read */
export async function* readBytes(path: string): AsyncGenerator<Uint8Array> {
  try {
    // A pipe can be read only once; a second read would wait forever.
    const found = statSync(path);
    if (!found.isFile() && !found.isDirectory()) throw new Error('it is not a regular file');
    yield* createReadStream(path) as AsyncIterable<Uint8Array>;
  } catch (error) {
    const hint = errorCode(error)
      ? 'Check the path and its permissions.'
      : 'To read from a pipe, name the file - (a dash), which is standard input.';
    throw usageError(`${path} can't be read: ${describeError(error)}`, hint);
  }
}

/** A file's bytes, from the start at each call. Standard input, `-`, can be read only once, so it is kept in memory. */
export async function openRereadable(
  path: string,
  signal: AbortSignal,
): Promise<() => AsyncIterable<Uint8Array>> {
  if (path !== '-') return () => readBytes(path);
  const pieces: Uint8Array[] = [];
  const stdin = addAbortSignal(signal, process.stdin);
  for await (const piece of readUntilAborted(stdin, signal)) pieces.push(piece);
  return async function* () {
    yield* pieces;
  };
}

/** Passes bytes through. @throws the signal's reason when it aborts */
export async function* readUntilAborted(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of source) {
      signal.throwIfAborted();
      yield bytes;
    }
  } catch (error) {
    // A stream that was destroyed by the signal has an error of its own.
    signal.throwIfAborted();
    throw error;
  }
}

/** The SHA-256 of a text in the form that a content security policy takes. */
export function sha256Base64(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
