/** The process that owns a lock, and whether it is still running. */
import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { errorCode } from './disk.js';

/** A process, described so that it can be recognised: its pid alone may be another process's by now. */
export type LockOwner = {
  /** Unique to one acquisition of the lock. */
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly command: string;
  readonly folder: string;
  /** The rest is empty if the system has no such thing. */
  readonly machine: string;
  readonly bootId: string;
  readonly pidSpace: string;
  readonly processStart: string;
};

/** Whether an owner is running; processes of another machine or container can't be seen from here. */
export type Liveness = 'alive' | 'gone' | 'elsewhere';

/** This process as a lock owner. */
export function describeThisProcess(run: { readonly command: string; readonly folder: string }): LockOwner {
  return {
    id: randomUUID(),
    pid: process.pid,
    host: hostname(),
    startedAt: new Date().toISOString(),
    ...run,
    machine: createHash('sha256')
      .update(readOr(() => readFileSync('/etc/machine-id', 'utf8')))
      .digest('hex')
      .slice(0, 16),
    bootId: readOr(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')).trim(),
    pidSpace: readOr(() => readlinkSync('/proc/self/ns/pid')),
    processStart: processOf(process.pid)?.start ?? '',
  };
}

/** Looks for an owner's process. */
export function checkLiveness(owner: LockOwner, own: LockOwner): Liveness {
  // A machine may change its name while it runs, and two may share one: the boot id is more reliable, if there is one.
  const isSameBoot = own.bootId !== '' && owner.bootId === own.bootId;
  if (!isSameBoot && (owner.host !== own.host || owner.machine !== own.machine)) return 'elsewhere';
  if (owner.bootId !== own.bootId) return 'gone';
  if (owner.pidSpace !== own.pidSpace) return 'elsewhere';
  if (!isAlive(owner.pid)) return 'gone';
  const found = processOf(owner.pid);
  if (found?.isZombie) return 'gone';
  const isReused = found && owner.processStart !== '' && found.start !== owner.processStart;
  return isReused ? 'gone' : 'alive';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process can't be signalled (EPERM), but it is alive.
    return errorCode(error) !== 'ESRCH';
  }
}

/** When a process started, as a text that is the same at each call; undefined if it is unknown. */
function processOf(pid: number): { readonly start: string; readonly isZombie: boolean } | undefined {
  if (process.platform === 'win32') return undefined;
  if (process.platform !== 'linux') {
    const [, state = '', start = ''] = /^(\S+)\s+(.+)$/.exec(psOf(pid).trim()) ?? [];
    return start === '' ? undefined : { start, isZombie: state.startsWith('Z') };
  }
  const stat = readOr(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field is the command in brackets, and may hold brackets and blanks; the third comes after them.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = ''] = fields;
  const start = fields[19];
  return start === undefined ? undefined : { start, isZombie: state === 'Z' || state === 'X' };
}

/** With a fixed time zone and locale, so that two callers get the same text. */
function psOf(pid: number): string {
  const env = { LC_ALL: 'C', TZ: 'UTC' };
  return readOr(() =>
    execFileSync('/bin/ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { env, encoding: 'utf8' }),
  );
}

function readOr(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
