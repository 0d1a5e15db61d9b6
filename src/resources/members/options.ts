/** What shapes a run on members. Its journal keeps it. */
import { type Api, isApi } from '../../model/choices.js';

const MODES = ['add', 'remove', 'sync'] as const;

/** The most removals that `--sync` makes. */
export type MaxRemovals = {
  readonly n: number;
  /** Whether `n` is a percentage of the current memberships of the groups named. */
  readonly percent: boolean;
};

export const DEFAULT_MAX_REMOVALS: MaxRemovals = { n: 10, percent: true };

export type MembersOptions = {
  readonly api: Api;
  /** `sync`: add who is missing, and remove whom the file does not name. */
  readonly mode: (typeof MODES)[number];
  /** The group of every row, if the file has no group column. */
  readonly group?: string;
  /** What separates the entries of a cell, if cells hold lists. */
  readonly split?: string;
  /** With `sync`. */
  readonly maxRemovals?: MaxRemovals;
};

/** Whether options from a journal are these: the file may have been edited. */
export function isMembersOptions(options: Partial<Record<keyof MembersOptions, unknown>>): boolean {
  const { api, mode, group, split, maxRemovals } = options;
  return (
    isApi(api) &&
    MODES.some((one) => one === mode) &&
    [group, split].every((text) => text === undefined || typeof text === 'string') &&
    (maxRemovals === undefined || isMaxRemovals(maxRemovals))
  );
}

function isMaxRemovals(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { n, percent }: { n?: unknown; percent?: unknown } = value;
  return typeof n === 'number' && typeof percent === 'boolean';
}
