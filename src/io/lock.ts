/**
 * One run an account. A lock is the highest of the numbered files `<account>.<n>` in a folder of this user's:
 * it is held, released, or left by a process that is gone. Who wants it links the next number into place, which
 * only one can; numbers never come again, so that nobody takes over from a holder that he did not look at.
 */
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { EXIT, Halt } from '../core/outcome.js';
import { unwritable, writeWhole } from './files.js';

/** Who holds a lock, as told to whoever is turned away. */
export type Holder = {
  readonly pid: number;
  readonly host: string;
  readonly startedAt: string;
  readonly command: string;
  readonly folder: string;
  /** Of the machine's start: after another one, no process of before is alive. */
  readonly bootId: string;
  /** When the process started, in the kernel's ticks: tells a reused pid. Empty where that can't be known. */
  readonly processStart: string;
};

export type Lock = { release(): Promise<void> };

export type LockOptions = {
  /** How long to wait for another holder, in ms. */
  readonly waitMs: number;
  readonly stateFolder: string;
  readonly signal?: AbortSignal;
};

const POLL_MS = 250;

/** @throws Halt (exit 5) when another run holds the account for longer than `waitMs` */
export async function lock(
  scope: { readonly origin: string; readonly account: string },
  run: Pick<Holder, 'command' | 'folder'>,
  { waitMs, stateFolder, signal }: LockOptions,
): Promise<Lock> {
  const name = createHash('sha256').update(`${scope.origin}\n${scope.account}`).digest('hex').slice(0, 32);
  const own: Holder = { ...whoAmI(), startedAt: new Date().toISOString(), ...run };
  const until = Date.now() + waitMs;
  try {
    fs.mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
    for (;;) {
      const taken = tryLock(stateFolder, name, own);
      if ('path' in taken) return { release: () => release(taken.path) };
      if (Date.now() >= until) throw heldBy(taken.holder, join(stateFolder, `${name}.${taken.n}`), own.host);
      await wait(Math.min(POLL_MS, Math.max(1, until - Date.now())), undefined, signal ? { signal } : {});
    }
  } catch (error) {
    if (error instanceof Halt || signal?.aborted) throw error;
    throw unwritable(stateFolder, error);
  }
}

type Taken = { readonly path: string } | { readonly holder: Holder; readonly n: number };

/** One try. A number that vanished or was taken while we looked means that somebody was faster: look again. */
function tryLock(folder: string, name: string, own: Holder): Taken {
  for (;;) {
    const numbers = fs
      .readdirSync(folder)
      .filter((file) => file.startsWith(`${name}.`) && /\.\d+$/.test(file))
      .map((file) => Number(file.slice(name.length + 1)));
    const n = Math.max(0, ...numbers);
    const holder = numbers.length === 0 ? undefined : readHolder(join(folder, `${name}.${n}`));
    if (holder === 'gone') continue;
    if (holder && !isStale(holder, own)) return { holder, n };
    const path = join(folder, `${name}.${n + 1}`);
    if (!linkInto(path, own)) continue;
    for (const old of numbers) fs.rmSync(join(folder, `${name}.${old}`), { force: true });
    return { path };
  }
}

/** Undefined: released. A file that is no holder's was never linked by us, and holds nothing. */
function readHolder(path: string): Holder | 'gone' | undefined {
  try {
    const read: unknown = JSON.parse(fs.readFileSync(path, 'utf8'));
    return typeof read === 'object' && read !== null && 'pid' in read ? (read as Holder) : undefined;
  } catch (error) {
    return error instanceof SyntaxError ? undefined : 'gone';
  }
}

/** The whole file appears under its name at once, or somebody else's stands there. */
function linkInto(path: string, own: Holder): boolean {
  const beside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  fs.writeFileSync(beside, `${JSON.stringify(own)}\n`, { flag: 'wx', mode: 0o600 });
  try {
    fs.linkSync(beside, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    fs.rmSync(beside, { force: true });
  }
}

/** The file stays, empty of a holder, so that its number is never used again. */
async function release(path: string): Promise<void> {
  await writeWhole(path, ['{}\n']);
}

/** Only of a process on this machine can we know that it is gone. */
function isStale(holder: Holder, own: Holder): boolean {
  if (holder.host !== own.host) return false;
  if (holder.bootId !== own.bootId) return true;
  if (!isAlive(holder.pid)) return true;
  return holder.processStart !== '' && processStart(holder.pid) !== holder.processStart;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive all the same.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function whoAmI(): Pick<Holder, 'pid' | 'host' | 'bootId' | 'processStart'> {
  return { pid: process.pid, host: hostname(), bootId: bootId(), processStart: processStart(process.pid) };
}

/** Linux has both facts under /proc; elsewhere a live pid is taken for the holder. */
function bootId(): string {
  return readOr('', '/proc/sys/kernel/random/boot_id').trim();
}

/** The 22nd field of /proc/PID/stat; the second may hold spaces and brackets, so it is counted from its end. */
function processStart(pid: number): string {
  const stat = readOr('', `/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function readOr(otherwise: string, path: string): string {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}

function heldBy(holder: Holder, path: string, host: string): Halt {
  const { pid, startedAt, command, folder } = holder;
  const here = holder.host === host;
  const message = `another run holds this account: ${command} since ${startedAt}, process ${pid} on ${holder.host}, run folder ${folder}`;
  const hint = here
    ? 'Wait for it with --lock-wait SECONDS, or stop that process first.'
    : `If that machine is gone for good, delete ${path}; else wait with --lock-wait SECONDS.`;
  return new Halt({ exit: EXIT.locked, reason: 'locked', message, hint });
}
