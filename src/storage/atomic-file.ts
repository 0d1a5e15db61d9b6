/** A file whole or not at all, private; and reading one. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { FatalError, usageError } from '../model/outcome.js';
import {
  type Disk,
  describeError,
  errorCode,
  ignoreErrors,
  realDisk,
  writeAll,
  writeFailure,
} from './disk.js';

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
function refuseForeignLinks(folder: string): void {
  const uid = process.getuid?.();
  if (uid === undefined) return;
  for (let path = resolve(folder); path !== dirname(path); path = dirname(path)) {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found?.isSymbolicLink() || found.uid === uid || found.uid === 0) continue;
    if ((statSync(dirname(path)).mode & 0o002) === 0) continue;
    throw new Error(`${path} is a link that somebody else made in a shared folder`);
  }
}

/**
 * Makes the folder of a new run, its owner's alone; parents too. An existing one is fine as long as it holds no
 * run, and no file that the run would write over.
 * @param names the run's files; by the first of them a folder holds a run
 * @throws FatalError: exit 2 where the folder holds a run or such a file, exit 6 where it can't be made
 */
export function makeRunFolder(
  dir: string,
  names: readonly [journal: string, ...reports: string[]],
  disk: Disk = realDisk,
): void {
  const folder = resolve(dir);
  try {
    refuseForeignLinks(folder);
    const first = mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Each new folder is a name in its parent; without this a power cut could take the run's folder with it.
    if (first !== undefined) {
      for (let made = folder; made.length >= first.length; made = dirname(made))
        disk.syncFolder(dirname(made));
    }
    const found = new Set(readdirSync(folder));
    if (found.has(names[0])) throw holdsRun(dir);
    const taken = names.find((name) => found.has(name));
    if (taken !== undefined) throw holdsFile(join(dir, taken));
  } catch (error) {
    if (error instanceof FatalError) throw error;
    throw writeFailure('folder-unwritable', dir, error, 'Nothing was sent. Name another folder: --out DIR');
  }
}

/** Exit 2: a run is never written over. */
export function holdsRun(dir: string): FatalError {
  return usageError(
    `${dir} holds a run already, and nothing is written over it`,
    `To go on with that run: --resume ${dir}. For a new one: another --out DIR`,
  );
}

/** Exit 2: what a person has put there is not written over. */
function holdsFile(path: string): FatalError {
  return usageError(
    `${path} is there already, and would be written over`,
    'Name another folder with --out DIR, or put the file elsewhere.',
  );
}

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
