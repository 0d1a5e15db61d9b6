/** This machine, as far as it decides whether runs can work: the proxy, and where locks are written. */
import { accessSync, constants, existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { describeError } from '../../storage/disk.js';
import { findLockOwner, type LockScope } from '../../storage/lock.js';
import type { ProxySettings } from '../../zoom/http-client.js';
import { isLoopback } from '../../zoom/safe-url.js';
import type { MachineObservation } from './observations.js';

/** Whether requests to an address take a proxy. */
export function takesProxy(address: string, { httpProxy, httpsProxy, noProxy = '' }: ProxySettings): boolean {
  const url = new URL(address);
  const proxy = url.protocol === 'https:' ? httpsProxy : httpProxy;
  if (!proxy || isLoopback(url)) return false;
  const exceptions = noProxy.toLowerCase().split(/[\s,]+/);
  return !exceptions.some((entry) => {
    const host = entry.replace(/:\d+$/, '').replace(/^\*?\./, '');
    return entry === '*' || (host !== '' && (url.hostname === host || url.hostname.endsWith(`.${host}`)));
  });
}

/** Looks at the state folder without writing to it. */
export function observeLock(
  stateFolder: string,
  scope: LockScope,
): Pick<MachineObservation, 'stateFolderError' | 'lockOwner'> {
  try {
    accessSync(findExisting(resolve(stateFolder)), constants.W_OK | constants.X_OK);
    const owner = findLockOwner(stateFolder, scope);
    // Its own lock, with --write, is nothing to wait for.
    if (!owner || (owner.pid === process.pid && owner.host === hostname())) return {};
    const { command, pid, host, startedAt } = owner;
    return { lockOwner: `${command}, process ${pid} on ${host}, since ${startedAt}` };
  } catch (error) {
    return { stateFolderError: `${stateFolder}: ${describeError(error)}` };
  }
}

/** The folder itself, or the nearest one above it that exists. */
function findExisting(folder: string): string {
  return existsSync(folder) || folder === dirname(folder) ? folder : findExisting(dirname(folder));
}
