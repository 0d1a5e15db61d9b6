/**
 * One run an account, and one process a run folder. The lock is a file that names its owner, hard-linked into place
 * complete. A process that finds the owner gone must first become its successor, by linking a file named after the
 * owner, which only one process can; it then checks again and renames its own file over the lock. A successor that
 * dies halfway is succeeded in turn, so a chain leads from the lock to the process that may replace it:
 *
 *   NAME.lock           owner A, gone
 *   NAME.after-A        successor B, gone before it replaced the lock
 *   NAME.after-B        successor C: only this one may replace the lock
 *
 * Ids are never reused, so the second check finds a claim on a lock that has been replaced since.
 */
import { createHash } from 'node:crypto';
import {
  fchmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createStop, FatalError } from '../model/stop.js';
import { errorCode, ignoreErrors, realDisk, writeAll, writeFailure } from './disk.js';
import { checkLiveness, describeThisProcess, type Liveness, type LockOwner } from './lock-owner.js';

/** A lock that this process owns. */
export type Lock = { readonly release: () => void };

/** What runs on one account exclude each other by. */
export type LockScope = { readonly origin: string; readonly account: string };

/** How long a waiting process sleeps at most before it tries again. */
const POLL_MS = 400;

/**
 * Acquires the lock of an account as soon as its owner has released it or is gone.
 * @param waitMs how long to wait for another owner; 0 fails at once
 * @param stateFolder where locks are kept; the users of one account share one. It is created for this user only
 * @throws FatalError: exit 5 while another run owns it, exit 6 if no lock can be written; the signal's reason
 */
export async function acquireLock(
  scope: LockScope,
  run: { readonly command: string; readonly folder: string },
  { waitMs, stateFolder }: { readonly waitMs: number; readonly stateFolder: string },
  signal?: AbortSignal,
): Promise<Lock> {
  const kind = {
    isHeld: 'another run holds this account',
    waitHint: 'Wait for it to end, or add --lock-timeout SECONDS.',
    writeHint:
      'Name a folder that this user can write to with --state-dir DIR; the users of one account share one folder.',
    makesFolder: true,
  };
  return acquire(new LockFile(stateFolder, hashScope(scope), run), waitMs, kind, signal);
}

/** The process that holds an account's lock, without an attempt to acquire it; undefined if none does. */
export function findLockOwner(stateFolder: string, scope: LockScope): LockOwner | undefined {
  return new LockFile(stateFolder, hashScope(scope), { command: '', folder: '' }).findOwner();
}

/** A file name that does not show the account. */
export function hashScope({ origin, account }: LockScope): string {
  return createHash('sha256').update(`${origin}\n${account}`).digest('hex').slice(0, 32);
}

/**
 * Acquires the lock of a run folder, which must exist: one process at a time works in it, simulated or not.
 * @throws FatalError: exit 5 while another process works in it, exit 6 if no lock can be written
 */
export async function acquireRunFolderLock(folder: string, command: string): Promise<Lock> {
  return acquire(new LockFile(folder, 'run', { command, folder }), 0, {
    isHeld: `another process is working in ${folder}`,
    waitHint: 'Wait for it to end, or name another folder with --out DIR.',
    writeHint: 'Fix the permissions of the run folder, or name another one with --out DIR.',
    makesFolder: false,
  });
}

/** What distinguishes the two kinds of lock. */
type LockKind = {
  readonly isHeld: string;
  readonly waitHint: string;
  readonly writeHint: string;
  readonly makesFolder: boolean;
};

async function acquire(lock: LockFile, waitMs: number, kind: LockKind, signal?: AbortSignal): Promise<Lock> {
  const until = performance.now() + waitMs;
  try {
    if (kind.makesFolder) mkdirSync(dirname(lock.path), { recursive: true, mode: 0o700 });
    lock.writeCandidate();
    for (;;) {
      signal?.throwIfAborted();
      const owner = lock.tryAcquire();
      if (!owner) return { release: () => lock.release() };
      const leftMs = until - performance.now();
      if (leftMs <= 0) throw lockedError(owner, lock, kind);
      const pauseMs = Math.min(leftMs, POLL_MS * (0.5 + Math.random() / 2));
      await wait(pauseMs, undefined, signal && { signal }).catch(() => undefined);
    }
  } catch (error) {
    if (errorCode(error) === '') throw error;
    throw writeFailure('lock-unwritable', lock.path, error, kind.writeHint);
  } finally {
    lock.removeCandidate();
  }
}

/** What a lock or claim file says: its owner, or only an id if it can't be parsed. */
type Found = { readonly id: string; readonly owner: LockOwner | undefined };

/** The files of one lock. */
class LockFile {
  readonly path: string;
  readonly #folder: string;
  readonly #name: string;
  readonly #own: LockOwner;
  readonly #candidate: string;

  constructor(folder: string, name: string, run: { readonly command: string; readonly folder: string }) {
    this.path = join(folder, `${name}.lock`);
    this.#folder = folder;
    this.#name = name;
    this.#own = describeThisProcess({ command: run.command, folder: resolve(run.folder) });
    this.#candidate = join(folder, `${name}.new-${this.#own.id}`);
  }

  /** Whether the owner can be seen from here. */
  checkLiveness(owner: LockOwner): Liveness {
    return checkLiveness(owner, this.#own);
  }

  /** Writes this process's file, complete and durable, to be linked into place. */
  writeCandidate(): void {
    const fd = realDisk.create(this.#candidate);
    try {
      // In a folder that other users can read, they must be able to see who owns the lock, whatever the umask.
      fchmodSync(fd, 0o600 | (statSync(this.#folder).mode & 0o044));
      writeAll(realDisk, fd, Buffer.from(`${JSON.stringify(this.#own)}\n`));
      realDisk.sync(fd);
    } finally {
      realDisk.close(fd);
    }
  }

  /** Acquires the lock, and returns undefined; or returns its owner. */
  tryAcquire(): LockOwner | undefined {
    for (;;) {
      if (this.#link(this.path)) return this.#sweep();
      const chain = this.#chain();
      const last = chain.at(-1);
      // It was released between the two calls.
      if (!last) continue;
      if (last.owner && this.checkLiveness(last.owner) !== 'gone') return last.owner;
      const claim = this.#after(last.id);
      if (!this.#link(claim)) continue;
      const now = this.#chain().map(({ id }) => id);
      try {
        if (now.join() === [...chain.map(({ id }) => id), this.#own.id].join()) {
          renameSync(this.#candidate, this.path);
          return this.#sweep();
        }
      } finally {
        ignoreErrors(() => rmSync(claim, { force: true }));
      }
    }
  }

  /** The owner, unless it is gone. */
  findOwner(): LockOwner | undefined {
    const owner = this.#chain().at(-1)?.owner;
    return owner && this.checkLiveness(owner) !== 'gone' ? owner : undefined;
  }

  /** The lock, its successor, the successor's successor and so on. */
  #chain(): readonly Found[] {
    const chain: Found[] = [];
    for (let path = this.path; ; ) {
      const found = this.#read(path);
      if (!found) return chain;
      chain.push(found);
      path = this.#after(found.id);
    }
  }

  #read(path: string): Found | undefined {
    try {
      const text = readFileSync(path, 'utf8');
      const owner = parseOwner(text, this.#own);
      if (owner) return { id: owner.id, owner };
      // Locks are linked complete, so anything else is a damaged disk or an edit, and locks nothing.
      const { ino, mtimeMs } = statSync(path);
      return { id: `${ino}-${mtimeMs}`, owner: undefined };
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #after(id: string): string {
    return join(this.#folder, `${this.#name}.after-${id}`);
  }

  #link(path: string): boolean {
    try {
      linkSync(this.#candidate, path);
      return true;
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      throw error;
    }
  }

  /** Removes what dead processes have left: with this lock acquired, no claim on an earlier one counts. */
  #sweep(): undefined {
    for (const name of readdirSync(this.#folder)) {
      const path = join(this.#folder, name);
      if (!name.startsWith(`${this.#name}.`) || path === this.path) continue;
      // Another user's file can't be removed from a folder with the sticky bit, and does no harm.
      ignoreErrors(() => {
        const left = this.#read(path);
        const isOver =
          left?.id === this.#own.id || (left?.owner && this.checkLiveness(left.owner) === 'gone');
        if (isOver) rmSync(path, { force: true });
      });
    }
  }

  /** A lock that was deleted by hand may be another process's by now. */
  release(): void {
    // One that remains is soon a dead process's, and is taken over.
    ignoreErrors(() => {
      if (this.#read(this.path)?.id === this.#own.id) rmSync(this.path);
    });
  }

  removeCandidate(): void {
    ignoreErrors(() => rmSync(this.#candidate, { force: true }));
  }
}

/** Undefined unless it has what this process writes of itself. */
function parseOwner(text: string, own: LockOwner): LockOwner | undefined {
  try {
    const value: Record<string, unknown> = JSON.parse(text);
    const isWhole = Object.entries(own).every(([field, one]) => typeof value[field] === typeof one);
    return isWhole && /^[\w-]+$/.test(String(value.id)) ? (value as LockOwner) : undefined;
  } catch {
    return undefined;
  }
}

function lockedError(owner: LockOwner, lock: LockFile, { isHeld, waitHint }: LockKind): FatalError {
  const { pid, host, startedAt, command, folder } = owner;
  const isElsewhere = lock.checkLiveness(owner) === 'elsewhere';
  const message = `${isHeld}: ${command}, process ${pid} on ${host}, since ${startedAt}, run folder ${folder}`;
  const hint = isElsewhere
    ? `That process is on another machine or in another container, so this one can't tell whether it is still running. If it is not, delete ${lock.path}`
    : waitHint;
  return new FatalError(createStop('locked', message, hint));
}
