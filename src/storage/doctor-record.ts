/**
 * The record of the temporary groups that `doctor --write` makes: one file an account in the state folder, durable
 * before the create leaves. What a killed process has left behind is known from it.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Api, isApi } from '../model/choices.js';
import { FatalError } from '../model/stop.js';
import { openAtomicFile } from './atomic-file.js';
import { ignoreErrors, writeFailure } from './disk.js';
import { hashScope, type LockScope } from './lock.js';

export type RecordedGroup = {
  /** Unique in the file. */
  readonly key: string;
  readonly api: Api;
  readonly name: string;
  /** Absent until Zoom has named it. */
  readonly id?: string;
};

export type DoctorRecord = {
  /** The groups of earlier processes that are not known to be gone. */
  readonly left: readonly RecordedGroup[];
  /** Before the create leaves, and again when the id is known. @throws FatalError (exit 6) */
  write(group: RecordedGroup): void;
  /** The group is deleted, or was never made. The file goes with the last one. */
  forget(key: string): void;
};

/** Opens the record; it is created at the first write. */
export function openDoctorRecord(stateFolder: string, scope: LockScope): DoctorRecord {
  const path = join(stateFolder, `doctor-${hashScope(scope)}.json`);
  const groups = new Map(readRecord(path).map((group) => [group.key, group]));
  const save = (): void => {
    if (groups.size === 0) return rmSync(path, { force: true });
    mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
    const file = openAtomicFile(path);
    try {
      file.write(`${JSON.stringify([...groups.values()])}\n`);
      file.commit();
    } finally {
      file.discard();
    }
  };
  return {
    left: [...groups.values()],
    write: (group) => {
      groups.set(group.key, group);
      try {
        save();
      } catch (error) {
        const hint = 'Name a folder that this user can write to with --state-dir DIR.';
        if (error instanceof FatalError) throw new FatalError({ ...error.stop, hint });
        throw writeFailure('lock-unwritable', path, error, hint);
      }
    },
    forget: (key) => {
      // A group that stays in the file costs the next `doctor` one request.
      if (groups.delete(key)) ignoreErrors(save);
    },
  };
}

/** In memory only: the simulator's groups end with it. */
export function createMemoryRecord(): DoctorRecord {
  return { left: [], write: () => undefined, forget: () => undefined };
}

/** Empty if there is none, or if it was edited into something else. */
function readRecord(path: string): readonly RecordedGroup[] {
  try {
    const groups: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Array.isArray(groups) ? groups.filter(isRecordedGroup) : [];
  } catch {
    return [];
  }
}

function isRecordedGroup(value: RecordedGroup | undefined): boolean {
  const texts = [value?.key, value?.name, value?.id ?? ''];
  return isApi(value?.api) && texts.every((text) => typeof text === 'string');
}
