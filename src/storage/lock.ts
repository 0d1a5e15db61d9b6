/**
 * One run an account. The lock is a file that names its holder, linked into place whole. Who finds that the
 * holder is gone has to become its successor first, by linking a file named after it, which one only can; then
 * looks again, and puts his own file over the lock. A successor that dies half-way is succeeded in turn, so a
 * chain leads from the lock to whoever may replace it:
 *
 *   ACCOUNT.lock           holder A, gone
 *   ACCOUNT.after-A        successor B, gone before it replaced the lock
 *   ACCOUNT.after-B        successor C: it alone may replace the lock
 *
 * Ids never come again. So a claim made on what is no longer the lock is found out at the second look.
 */
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { EXIT, FatalError } from '../model/stop.js';
import { errorCode, ignoreErrors, realDisk, writeAll, writeFailure } from './disk.js';
import { checkLiveness, describeThisProcess, type LockOwner } from './lock-owner.js';

/** A lock that is held. */
export type Lock = { readonly release: () => Promise<void> };

export type LockOptions = {
  /** How long to wait for another holder, in ms; 0 turns away at once. */
  readonly waitMs: number;
  /** This user's folder for what outlives a run. */
  readonly stateFolder: string;
  readonly signal?: AbortSignal;
};

/** Waiters ask again after this long, some earlier than others. */
const POLL_MS = 400;

/**
 * Takes the lock of an account, once its holder has released it or is gone.
 * @throws FatalError: exit 5 while another run holds it, exit 6 where no lock can be written; the signal's reason
 */
export async function acquireLock(
  scope: { readonly origin: string; readonly account: string },
  run: { readonly command: string; readonly folder: string },
  { waitMs, stateFolder, signal }: LockOptions,
): Promise<Lock> {
  const hash = createHash('sha256').update(`${scope.origin}\n${scope.account}`).digest('hex').slice(0, 32);
  const own = describeThisProcess({ command: run.command, folder: resolve(run.folder) });
  const place = new Place(stateFolder, hash, own);
  const until = performance.now() + waitMs;
  try {
    mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
    place.prepare();
    for (;;) {
      signal?.throwIfAborted();
      const holder = place.take();
      if (!holder) return { release: async () => place.release() };
      const leftMs = until - performance.now();
      if (leftMs <= 0) throw turnedAway(holder, own, place.path);
      await sleep(Math.min(leftMs, POLL_MS * (0.5 + Math.random() / 2)), signal);
    }
  } catch (error) {
    if (errorCode(error) === '' || signal?.aborted) throw error;
    throw writeFailure('lock-unwritable', place.path, error, 'Name a folder for it: XDG_STATE_HOME=DIR');
  } finally {
    place.tidy();
  }
}

async function sleep(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
  await wait(waitMs, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
}

/** What a lock or claim says: its holder, or no more than an id where it can't be read. */
type Found = { readonly id: string; readonly holder: LockOwner | undefined };

/** The files of one account's lock. */
class Place {
  readonly path: string;
  readonly #folder: string;
  readonly #hash: string;
  readonly #own: LockOwner;
  readonly #beside: string;

  constructor(folder: string, hash: string, own: LockOwner) {
    this.path = join(folder, `${hash}.lock`);
    this.#folder = folder;
    this.#hash = hash;
    this.#own = own;
    this.#beside = join(folder, `${hash}.new-${own.id}`);
  }

  /** Writes our file beside, whole and durable, for it to be linked. */
  prepare(): void {
    const fd = realDisk.create(this.#beside);
    try {
      writeAll(realDisk, fd, Buffer.from(`${JSON.stringify(this.#own)}\n`));
      realDisk.sync(fd);
    } finally {
      realDisk.close(fd);
    }
  }

  /** Takes the lock, or tells who holds it; undefined: it is ours. */
  take(): LockOwner | undefined {
    for (;;) {
      if (this.#link(this.path)) return this.#taken();
      const chain = this.#chain();
      const last = chain.at(-1);
      // It was released between our link and our look.
      if (!last) continue;
      if (last.holder && checkLiveness(last.holder, this.#own) !== 'gone') return last.holder;
      const claim = this.#after(last.id);
      if (!this.#link(claim)) continue;
      const now = this.#chain().map(({ id }) => id);
      if (now.join() === [...chain.map(({ id }) => id), this.#own.id].join()) {
        renameSync(this.#beside, this.path);
        return this.#taken();
      }
      rmSync(claim, { force: true });
    }
  }

  /** From the lock on, each one's successor. */
  #chain(): readonly Found[] {
    const chain: Found[] = [];
    for (let path = this.path; ; ) {
      const found = read(path);
      if (!found) return chain;
      chain.push(found);
      path = this.#after(found.id);
    }
  }

  #after(id: string): string {
    return join(this.#folder, `${this.#hash}.after-${id}`);
  }

  #link(path: string): boolean {
    try {
      linkSync(this.#beside, path);
      return true;
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      throw error;
    }
  }

  /** The lock is ours, and no claim on an earlier one is worth anything: what the dead have left can go. */
  #taken(): undefined {
    for (const name of readdirSync(this.#folder)) {
      const path = join(this.#folder, name);
      if (!name.startsWith(`${this.#hash}.`) || path === this.path) continue;
      const left = read(path);
      const isOver =
        left?.id === this.#own.id || (left?.holder && checkLiveness(left.holder, this.#own) === 'gone');
      if (isOver) rmSync(path, { force: true });
    }
  }

  /** A lock that was lifted by hand may be another's by now. */
  release(): void {
    // One that stays is a dead process's before long, and is taken over.
    ignoreErrors(() => {
      if (read(this.path)?.id === this.#own.id) rmSync(this.path);
    });
  }

  tidy(): void {
    ignoreErrors(() => rmSync(this.#beside, { force: true }));
  }
}

function read(path: string): Found | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const holder = parseHolder(text);
    if (holder) return { id: holder.id, holder };
    // Ours are linked whole. What is no holder's came of a damaged disk or a hand, and holds nothing.
    const { ino, mtimeMs } = statSync(path);
    return { id: `${ino}-${mtimeMs}`, holder: undefined };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const WORDS = [
  'id',
  'host',
  'startedAt',
  'command',
  'folder',
  'bootId',
  'machine',
  'pidSpace',
  'processStart',
];

function parseHolder(text: string): LockOwner | undefined {
  try {
    const value: Record<string, unknown> = JSON.parse(text);
    const isWhole = WORDS.every((word) => typeof value[word] === 'string') && Number.isInteger(value.pid);
    return isWhole && /^[\w-]+$/.test(String(value.id)) ? (value as LockOwner) : undefined;
  } catch {
    return undefined;
  }
}

function turnedAway(holder: LockOwner, own: LockOwner, path: string): FatalError {
  const { pid, host, startedAt, command, folder } = holder;
  const isElsewhere = checkLiveness(holder, own) === 'elsewhere';
  return new FatalError({
    exit: EXIT.locked,
    reason: 'locked',
    message: `another run holds this account: ${command}, process ${pid} on ${host}, since ${startedAt}, run folder ${folder}`,
    hint: isElsewhere
      ? `From here it can't be told whether that run still goes on. Where it surely does not, delete ${path}`
      : 'Wait for it to end, or add --lock-wait SECONDS.',
  });
}
