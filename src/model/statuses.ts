/** Every status that a row can end with: the one table that reports, summaries and logs read. */

export type StatusDefinition = {
  /** Whether the row has what it asked for. A `duplicate` counts as the row that it repeats. */
  readonly provisioned: boolean;
  /** Beside the count in summaries and in the report's legend. */
  readonly meaning: string;
  /** How the terminal and the report colour it. */
  readonly tone: 'good' | 'neutral' | 'warning' | 'bad';
  /** One character that can't be read as a digit, a letter or an operator of the number after it. */
  readonly sign: string;
  /** Of the line that a settled row gets in the log, if the user may have to act on it. Default `trace`. */
  readonly logLevel?: 'warn' | 'error';
};

/** In the order in which reports list them. */
const DEFINITIONS = {
  created: { provisioned: true, meaning: 'created by this run', tone: 'good', sign: '✓' },
  updated: { provisioned: true, meaning: 'changed by this run', tone: 'good', sign: '↻' },
  'already-provisioned': {
    provisioned: true,
    meaning: 'the group already existed',
    tone: 'neutral',
    sign: '●',
  },
  added: { provisioned: true, meaning: 'added by this run', tone: 'good', sign: '✓' },
  removed: { provisioned: true, meaning: 'removed by this run', tone: 'good', sign: '▼' },
  'already-member': { provisioned: true, meaning: 'already a member', tone: 'neutral', sign: '●' },
  'not-member': { provisioned: true, meaning: 'not a member, nothing to remove', tone: 'neutral', sign: '◇' },
  deleted: { provisioned: true, meaning: 'deleted by the rollback', tone: 'good', sign: '▼' },
  restored: { provisioned: true, meaning: 'back to its earlier values', tone: 'good', sign: '↶' },
  kept: {
    provisioned: false,
    meaning: 'left as it is, for the reason given',
    tone: 'warning',
    sign: '◆',
    logLevel: 'warn',
  },
  duplicate: { provisioned: false, meaning: 'repeats an earlier row', tone: 'neutral', sign: '»' },
  failed: {
    provisioned: false,
    meaning: 'refused by Zoom, or not found there afterwards',
    tone: 'bad',
    sign: '✘',
    logLevel: 'error',
  },
  unknown: {
    provisioned: false,
    meaning: 'may or may not exist; a resume checks',
    tone: 'warning',
    sign: '?',
    logLevel: 'warn',
  },
  invalid: { provisioned: false, meaning: 'a problem in the file, never sent', tone: 'bad', sign: '!' },
  'not-attempted': {
    provisioned: false,
    meaning: 'pending: the run stopped first',
    tone: 'warning',
    sign: '▷',
  },
} as const;

export type Status = keyof typeof DEFINITIONS;

export const STATUSES: Readonly<Record<Status, StatusDefinition>> = DEFINITIONS;

export const STATUS_NAMES: readonly Status[] = Object.keys(DEFINITIONS) as Status[];

export function isProvisioned(status: Status): boolean {
  return STATUSES[status].provisioned;
}
