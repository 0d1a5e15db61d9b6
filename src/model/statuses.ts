/** Every status that a row can end with: the one table that reports, summaries and logs read. */

export type StatusDefinition = {
  /** Whether the row has what it asked for. A `duplicate` counts as the row that it repeats. */
  readonly provisioned: boolean;
  /** One sentence for the report's legend. */
  readonly meaning: string;
  /** How the terminal and the report colour it. */
  readonly tone: 'good' | 'neutral' | 'warning' | 'bad';
  /** One character before the status where colour may be absent. */
  readonly sign: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
};

/** In the order in which reports list them. */
export const STATUS_NAMES = [
  'created',
  'updated',
  'already-provisioned',
  'added',
  'removed',
  'already-member',
  'not-member',
  'deleted',
  'restored',
  'kept',
  'duplicate',
  'failed',
  'unknown',
  'invalid',
  'not-attempted',
] as const;

export type Status = (typeof STATUS_NAMES)[number];

export const STATUSES: Readonly<Record<Status, StatusDefinition>> = {
  created: { provisioned: true, meaning: 'this run created it', tone: 'good', sign: '+', logLevel: 'info' },
  updated: { provisioned: true, meaning: 'this run changed it', tone: 'good', sign: '~', logLevel: 'info' },
  'already-provisioned': {
    provisioned: true,
    meaning: 'it existed before',
    tone: 'neutral',
    sign: '=',
    logLevel: 'debug',
  },
  added: {
    provisioned: true,
    meaning: 'this run added the member',
    tone: 'good',
    sign: '+',
    logLevel: 'info',
  },
  removed: {
    provisioned: true,
    meaning: 'this run removed the member',
    tone: 'good',
    sign: '-',
    logLevel: 'info',
  },
  'already-member': {
    provisioned: true,
    meaning: 'was a member before',
    tone: 'neutral',
    sign: '=',
    logLevel: 'debug',
  },
  'not-member': {
    provisioned: true,
    meaning: 'there was nothing to remove',
    tone: 'neutral',
    sign: '=',
    logLevel: 'debug',
  },
  deleted: {
    provisioned: true,
    meaning: 'the rollback deleted it',
    tone: 'good',
    sign: '-',
    logLevel: 'info',
  },
  restored: {
    provisioned: true,
    meaning: 'the rollback restored its earlier values',
    tone: 'good',
    sign: '~',
    logLevel: 'info',
  },
  kept: {
    provisioned: false,
    meaning: 'left as it is, for the reason given',
    tone: 'warning',
    sign: '!',
    logLevel: 'warn',
  },
  duplicate: {
    provisioned: false,
    meaning: 'an earlier row asks for the same',
    tone: 'neutral',
    sign: '=',
    logLevel: 'debug',
  },
  failed: {
    provisioned: false,
    meaning: 'refused, or proven absent',
    tone: 'bad',
    sign: 'x',
    logLevel: 'error',
  },
  unknown: {
    provisioned: false,
    meaning: 'nothing proves how it ended',
    tone: 'bad',
    sign: '?',
    logLevel: 'error',
  },
  invalid: {
    provisioned: false,
    meaning: 'a problem in the file; never sent',
    tone: 'bad',
    sign: '!',
    logLevel: 'warn',
  },
  'not-attempted': {
    provisioned: false,
    meaning: 'the run stopped before it',
    tone: 'warning',
    sign: '.',
    logLevel: 'warn',
  },
};

export function isProvisioned(status: Status): boolean {
  return STATUSES[status].provisioned;
}
