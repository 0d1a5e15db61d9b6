/** Who holds a lock, and whether that process is still there. */
import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process, told so that it can be known again: a pid alone may be another's by now. */
export type LockOwner = {
  /** Of this one holding; no two are alike. */
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly command: string;
  readonly folder: string;
  /** The rest is empty where the system has no such thing. */
  readonly machine: string;
  readonly bootId: string;
  readonly pidSpace: string;
  readonly processStart: string;
};

/** What is known of a holder from here: processes of another machine or container can't be seen. */
export type Liveness = 'alive' | 'gone' | 'elsewhere';

/** This process, as a holder from now on. */
export function describeThisProcess(run: { readonly command: string; readonly folder: string }): LockOwner {
  return {
    id: randomUUID(),
    pid: process.pid,
    host: hostname(),
    startedAt: new Date().toISOString(),
    command: run.command,
    folder: run.folder,
    machine: createHash('sha256')
      .update(readOr(() => readFileSync('/etc/machine-id', 'utf8')))
      .digest('hex')
      .slice(0, 16),
    bootId: readOr(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')).trim(),
    pidSpace: readOr(() => readlinkSync('/proc/self/ns/pid')),
    processStart: processOf(process.pid)?.start ?? '',
  };
}

/** Looks for a holder's process. */
export function checkLiveness(holder: LockOwner, own: LockOwner): Liveness {
  // A machine may change its name while it runs, and two may share one: the boot id is surer, where there is one.
  const isSameBoot = own.bootId !== '' && holder.bootId === own.bootId;
  if (!isSameBoot && (holder.host !== own.host || holder.machine !== own.machine)) return 'elsewhere';
  if (holder.bootId !== own.bootId) return 'gone';
  if (holder.pidSpace !== own.pidSpace) return 'elsewhere';
  if (!isAlive(holder.pid)) return 'gone';
  const found = processOf(holder.pid);
  if (found?.isZombie) return 'gone';
  const isReused = found && holder.processStart !== '' && found.start !== holder.processStart;
  return isReused ? 'gone' : 'alive';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process can't be signalled and is alive all the same.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/** When a process started, in words that are the same at each look; undefined where it can't be told. */
function processOf(pid: number): { readonly start: string; readonly isZombie: boolean } | undefined {
  if (process.platform === 'win32') return undefined;
  const stat =
    process.platform === 'linux' ? readOr(() => readFileSync(`/proc/${pid}/stat`, 'utf8')) : psOf(pid);
  if (process.platform !== 'linux') {
    const [, state = '', start = ''] = /^(\S+)\s+(.+)$/.exec(stat.trim()) ?? [];
    return start === '' ? undefined : { start, isZombie: state.startsWith('Z') };
  }
  // The second field is the command in brackets, and may hold brackets and blanks; the third comes after them.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = ''] = fields;
  const start = fields[19];
  return start === undefined ? undefined : { start, isZombie: state === 'Z' || state === 'X' };
}

/** With a time zone and a language of its own: two callers must read the same words. */
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
