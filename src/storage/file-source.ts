/** The bytes of a file or of standard input, and their SHA-256. */
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { usageError } from '../model/stop.js';
import { describeError, errorCode } from './disk.js';

/** Whether two paths lead to one file. */
export function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}

/** Passes bytes on and sums them up: `digest` is the SHA-256, in hex, of what has passed. */
export function hashWhileReading(source: AsyncIterable<Uint8Array>): {
  readonly source: AsyncIterable<Uint8Array>;
  readonly digest: () => string;
} {
  const hash = createHash('sha256');
  async function* passing(): AsyncGenerator<Uint8Array> {
    for await (const bytes of source) {
      hash.update(bytes);
      yield bytes;
    }
  }
  return { source: passing(), digest: () => hash.copy().digest('hex') };
}

/** A file's bytes, in pieces. @throws FatalError (exit 2) where it can't be read */
export async function* readBytes(path: string): AsyncGenerator<Uint8Array> {
  try {
    // A pipe can be read once only, and a second reading would wait for ever.
    const found = statSync(path);
    if (!found.isFile() && !found.isDirectory()) throw new Error('it is no regular file');
    yield* createReadStream(path) as AsyncIterable<Uint8Array>;
  } catch (error) {
    const hint = errorCode(error)
      ? 'Check the path and its permissions.'
      : 'What comes through a pipe goes to standard input: name the file - (a dash).';
    throw usageError(`${path} can't be read: ${describeError(error)}`, hint);
  }
}

/** A file's bytes, from the first at each call. Standard input, `-`, can be read once only: it is held in memory. */
export async function openRereadable(path: string): Promise<() => AsyncIterable<Uint8Array>> {
  if (path !== '-') return () => readBytes(path);
  const pieces: Uint8Array[] = [];
  for await (const piece of process.stdin) pieces.push(piece);
  return async function* () {
    yield* pieces;
  };
}

/** The SHA-256 of a text as a content security policy wants it. */
export function sha256Base64(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
