/** A disk that records its calls and fails at a chosen one. */
import { type Disk, realDisk } from '../../src/storage/disk.js';

/**
 * How the n-th call fails. `refused`: it does nothing and throws. `half`: a write takes half of its bytes, and all
 * writes after it throw, as on a full disk. `short`: every write takes a few bytes only.
 */
export type Fault = { readonly at: number; readonly how: 'refused' | 'half' | 'short' };

export type FaultyDisk = {
  readonly disk: Disk;
  /** Names of the calls, in order. */
  readonly calls: readonly string[];
  /** Whether the fault has happened. */
  readonly failed: () => boolean;
};

export function noSpace(): Error {
  return Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', errno: -28 });
}

export function faultyDisk(fault?: Fault): FaultyDisk {
  const calls: string[] = [];
  let failed = false;
  const before = (name: string): void => {
    calls.push(name);
    const isFull = failed && fault?.how === 'half' && (name === 'write' || name === 'create');
    if (isFull) throw noSpace();
    if (calls.length !== fault?.at || (fault.how === 'half' && name === 'write')) return;
    failed = true;
    if (fault.how !== 'short') throw noSpace();
  };
  const watched =
    <A extends unknown[], R>(name: string, call: (...args: A) => R) =>
    (...args: A): R => {
      before(name);
      return call(...args);
    };
  return {
    calls,
    failed: () => failed,
    disk: {
      create: watched('create', realDisk.create),
      open: watched('open', realDisk.open),
      size: watched('size', realDisk.size),
      truncate: watched('truncate', realDisk.truncate),
      // Reading only: no fault of a full disk.
      identify: realDisk.identify,
      wait: realDisk.wait,
      sync: watched('sync', realDisk.sync),
      close: watched('close', realDisk.close),
      rename: watched('rename', realDisk.rename),
      remove: watched('remove', realDisk.remove),
      syncFolder: watched('syncFolder', realDisk.syncFolder),
      syncData: async (fd) => {
        before('syncData');
        await realDisk.syncData(fd);
      },
      write: (fd, bytes) => {
        before('write');
        if (fault?.how === 'short') return realDisk.write(fd, bytes.subarray(0, 7));
        if (fault?.how !== 'half' || calls.length !== fault.at) return realDisk.write(fd, bytes);
        failed = true;
        return realDisk.write(fd, bytes.subarray(0, Math.ceil(bytes.length / 2)));
      },
    },
  };
}
