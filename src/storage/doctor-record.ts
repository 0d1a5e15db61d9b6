/**
 * The record of the temporary groups that `doctor --write` makes: one file an account in the state folder, one line an
 * event, durable before the create leaves. What a killed process has left behind is known from it.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode, ignoreErrors, realDisk, writeAll, writeFailure } from './disk.js';
import { hashScope } from './lock.js';

export type RecordedGroup = {
  /** Unique in the file. */
  readonly key: string;
  readonly api: string;
  readonly name: string;
  /** Absent until Zoom has named it. */
  readonly id?: string;
};

export type DoctorRecord = {
  /** The groups of earlier processes that are not known to be gone. */
  readonly left: readonly RecordedGroup[];
  /** Before the create leaves, and again when the id is known. @throws FatalError (exit 6) */
  write(group: RecordedGroup): void;
  /** The group is deleted, or was never made. */
  forget(key: string): void;
  /** Removes the file if nothing in it is left. */
  close(): void;
};

/** Opens the record; it is created at the first write. */
export function openDoctorRecord(
  stateFolder: string,
  scope: { readonly origin: string; readonly account: string },
): DoctorRecord {
  const path = join(stateFolder, `doctor-${hashScope(scope)}.ndjson`);
  const groups = readRecord(path);
  let fd: number | undefined;
  const append = (line: object): void => {
    try {
      mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
      fd ??= openForAppending(path);
      writeAll(realDisk, fd, Buffer.from(`${JSON.stringify(line)}\n`));
      realDisk.sync(fd);
    } catch (error) {
      throw writeFailure(
        'lock-unwritable',
        path,
        error,
        'Name a folder that this user can write to with --state-dir DIR.',
      );
    }
  };
  return {
    left: [...groups.values()],
    write: (group) => {
      append(group);
      groups.set(group.key, group);
    },
    forget: (key) => {
      // A line that is missing costs the next `doctor` one request.
      if (groups.delete(key)) ignoreErrors(() => append({ key, gone: true }));
    },
    close: () => {
      const open = fd;
      fd = undefined;
      if (open !== undefined) ignoreErrors(() => realDisk.close(open));
      if (groups.size === 0) ignoreErrors(() => rmSync(path, { force: true }));
    },
  };
}

/** In memory only: the simulator's groups end with it. */
export function createMemoryRecord(): DoctorRecord {
  return { left: [], write: () => undefined, forget: () => undefined, close: () => undefined };
}

function openForAppending(path: string): number {
  try {
    return realDisk.open(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return realDisk.create(path);
    throw error;
  }
}

/** A torn line belongs to a create that was never sent. */
function readRecord(path: string): Map<string, RecordedGroup> {
  const groups = new Map<string, RecordedGroup>();
  for (const line of readLines(path)) {
    const { key, api, name, id, gone } = parseLine(line);
    if (typeof key !== 'string') continue;
    if (gone === true) groups.delete(key);
    else if (typeof api === 'string' && typeof name === 'string') {
      groups.set(key, { key, api, name, ...(typeof id === 'string' ? { id } : {}) });
    }
  }
  return groups;
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function parseLine(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
