/** Why a run ends before its rows do, the exit codes, and the one error that ends a command. */

/** The process's exit codes. Scripts rely on each of them. */
export const EXIT = {
  ok: 0,
  unprovisioned: 1,
  usage: 2,
  actionRequired: 3,
  retryLater: 4,
  locked: 5,
  unwritable: 6,
  internalError: 70,
  hangup: 129,
  interrupt: 130,
  terminate: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Why a command or a run ends early, with its exit code in `EXIT`. Reports and scripts rely on the reasons. */
const EXIT_BY_REASON = {
  // the command line and the file
  usage: 'usage',
  header: 'usage',
  problems: 'usage',
  'nothing-stored': 'usage',
  'journal-damaged': 'usage',
  'journal-newer': 'usage',
  'checksum-mismatch': 'usage',
  'not-confirmed': 'usage',
  'max-removals': 'usage',
  // manual action required
  credentials: 'actionRequired',
  'no-token': 'actionRequired',
  'token-refused': 'actionRequired',
  'scope-missing': 'actionRequired',
  permission: 'actionRequired',
  'paid-plan': 'actionRequired',
  'api-gone': 'actionRequired',
  'wrong-base-url': 'actionRequired',
  method: 'actionRequired',
  redirect: 'actionRequired',
  'media-type': 'actionRequired',
  tls: 'actionRequired',
  'all-refused': 'actionRequired',
  'listing-needed': 'actionRequired',
  // retry later
  'daily-limit': 'retryLater',
  'daily-quota': 'retryLater',
  outage: 'retryLater',
  unreachable: 'retryLater',
  'listing-failed': 'retryLater',
  'max-failures': 'retryLater',
  limit: 'retryLater',
  'shared-limit': 'retryLater',
  aborted: 'retryLater',
  'cut-off': 'retryLater',
  'still-running': 'retryLater',
  // the machine
  locked: 'locked',
  'lock-unwritable': 'unwritable',
  'file-unwritable': 'unwritable',
  'file-in-use': 'unwritable',
  'folder-unwritable': 'unwritable',
  'journal-unwritable': 'unwritable',
  'journal-gone': 'unwritable',
  'stdout-unwritable': 'unwritable',
  SIGHUP: 'hangup',
  SIGINT: 'interrupt',
  SIGTERM: 'terminate',
} as const;

export type StopReason = keyof typeof EXIT_BY_REASON;

export const STOP_REASONS: readonly string[] = Object.keys(EXIT_BY_REASON);

/** `hint` says what the user does next. */
export type Stop = {
  readonly exit: ExitCode;
  readonly reason: StopReason;
  readonly message: string;
  readonly hint: string;
};

/** A stop with the exit code of its reason. */
export function createStop(reason: StopReason, message: string, hint: string): Stop {
  return { exit: EXIT[EXIT_BY_REASON[reason]], reason, message, hint };
}

/** The one error of this program: ends a command for a reason that its user can read. */
export class FatalError extends Error {
  readonly stop: Stop;

  constructor(stop: Stop) {
    super(stop.message);
    this.name = 'FatalError';
    this.stop = stop;
  }
}

/** Something is wrong with what the user typed or supplied: exit 2, nothing was sent. */
export function usageError(message: string, hint: string): FatalError {
  return new FatalError(createStop('usage', message, hint));
}
