/** Files: whole or not at all, private, and never through a link that somebody else laid. */
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { EXIT, Halt, usage } from '../core/outcome.js';

/** The calls that change a disk. A test hands in its own, to fail where it likes and to see their order. */
export type Disk = Pick<
  typeof fs,
  | 'openSync'
  | 'writeSync'
  | 'fsyncSync'
  | 'fdatasyncSync'
  | 'ftruncateSync'
  | 'fstatSync'
  | 'closeSync'
  | 'renameSync'
  | 'rmSync'
  | 'mkdirSync'
>;

const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_RDONLY, O_WRONLY } = fs.constants;

/** Writes all of the bytes: a nearly full disk takes a part of them and calls it a success. */
export function writeAll(disk: Disk, fd: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) {
    const n = disk.writeSync(fd, bytes, written, bytes.length - written);
    if (n === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    written += n;
  }
}

type Pieces = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/**
 * Writes a file so that its name always shows a whole one: the old, or the new. It is written beside, measured,
 * synced, renamed, and the folder synced; a link in its place is replaced and not followed.
 * @throws Halt (exit 6) when the disk refuses; the old file, if there was one, is as it was
 */
export async function writeWhole(path: string, pieces: Pieces, disk: Disk = fs): Promise<void> {
  const folder = dirname(resolve(path));
  const beside = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  let fd: number | undefined;
  try {
    fd = disk.openSync(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    let length = 0;
    for await (const piece of pieces) {
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
      writeAll(disk, fd, bytes);
      length += bytes.length;
    }
    const { size } = disk.fstatSync(fd);
    if (size !== length) throw new Error(`${length} bytes were written and ${size} are there`);
    disk.fsyncSync(fd);
    disk.closeSync(fd);
    fd = undefined;
    disk.renameSync(beside, path);
    syncFolder(folder, disk);
  } catch (error) {
    if (fd !== undefined) quietly(() => disk.closeSync(fd as number));
    quietly(() => disk.rmSync(beside, { force: true }));
    throw error instanceof Halt ? error : unwritable(path, error);
  }
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // The first error is the one to tell.
  }
}

/** Makes a rename or a new name in a folder durable. Some file systems have no such thing, and say so. */
export function syncFolder(folder: string, disk: Disk = fs): void {
  const fd = disk.openSync(folder, O_RDONLY);
  try {
    disk.fsyncSync(fd);
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM'].includes(codeOf(error))) throw error;
  } finally {
    disk.closeSync(fd);
  }
}

/** The stop for a journal or report that can't be written (exit 6). */
export function unwritable(path: string, error: unknown): Halt {
  return new Halt({
    exit: EXIT.unwritable,
    reason: 'unwritable',
    message: `can't write ${path}: ${errorWords(error)}`,
    hint: 'Make room, or name another folder with --out; then go on with --resume.',
  });
}

/** An error of the system in its own words, without a trace. */
export function errorWords(error: unknown): string {
  const code = codeOf(error);
  const known = [...getSystemErrorMap().values()].find(([name]) => name === code);
  if (known) return `${known[1]} (${code})`;
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/**
 * Makes the folder of a new run, for its owner only.
 * @throws Halt (exit 2) when it holds a run already, (exit 6) when it can't be made
 */
export function makeRunFolder(folder: string, journal: string, disk: Disk = fs): void {
  if (fs.existsSync(join(folder, journal))) {
    throw usage(
      `${folder} holds a run already`,
      `Go on with it: --resume ${folder}; or begin a new one with another --out.`,
    );
  }
  try {
    disk.mkdirSync(folder, { recursive: true, mode: 0o700 });
    refuseForeignLink(folder);
  } catch (error) {
    throw error instanceof Halt ? error : unwritable(folder, error);
  }
}

/** In a folder that others can write to, a link may have been laid to have our files written elsewhere. */
function refuseForeignLink(folder: string): void {
  const uid = process.getuid?.();
  const link = fs.lstatSync(resolve(folder));
  if (uid === undefined || !link.isSymbolicLink() || link.uid === uid) return;
  throw usage(`${folder} is a link that belongs to somebody else`, 'Name another folder with --out.');
}

/** The bytes of a file. @throws Halt (exit 2) when it can't be read */
export async function* readBytes(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of fs.createReadStream(path, { highWaterMark: 64 * 1024 })) yield bytes;
  } catch (error) {
    if (codeOf(error) === '') throw error;
    throw usage(`can't read ${path}: ${errorWords(error)}`, 'Name a CSV file, or - for standard input.');
  }
}

/** Passes bytes on; `digest` is the SHA-256 of all that passed, in hexadecimal. */
export function hashing(source: AsyncIterable<Uint8Array>): {
  readonly source: AsyncIterable<Uint8Array>;
  readonly digest: () => string;
} {
  const hash = createHash('sha256');
  const passing = async function* (): AsyncGenerator<Uint8Array> {
    for await (const bytes of source) {
      hash.update(bytes);
      yield bytes;
    }
  };
  return { source: passing(), digest: () => hash.digest('hex') };
}

/** The SHA-256 of a text as a content security policy wants it. */
export function sha256Base64(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
