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

/** Why a command or a run ends early. Reports and scripts rely on the names. */
export type StopReason =
  | 'usage'
  | 'header'
  | 'problems'
  | 'nothing-stored'
  | 'journal-damaged'
  | 'journal-newer'
  | 'checksum-mismatch'
  | 'not-confirmed'
  | 'max-removals'
  | 'credentials'
  | 'no-token'
  | 'token-refused'
  | 'scope-missing'
  | 'permission'
  | 'paid-plan'
  | 'api-gone'
  | 'wrong-base-url'
  | 'method'
  | 'redirect'
  | 'media-type'
  | 'tls'
  | 'all-refused'
  | 'listing-needed'
  | 'daily-limit'
  | 'daily-quota'
  | 'outage'
  | 'unreachable'
  | 'listing-failed'
  | 'max-failures'
  | 'limit'
  | 'shared-limit'
  | 'aborted'
  | 'cut-off'
  | 'still-running'
  | 'locked'
  | 'lock-unwritable'
  | 'file-unwritable'
  | 'file-in-use'
  | 'folder-unwritable'
  | 'journal-unwritable'
  | 'journal-gone'
  | 'stdout-unwritable'
  | 'SIGHUP'
  | 'SIGINT'
  | 'SIGTERM';

/** The exit code of each reason. */
export const STOP_REASONS: Readonly<Record<StopReason, ExitCode>> = {
  // the command line and the file
  usage: EXIT.usage,
  header: EXIT.usage,
  problems: EXIT.usage,
  'nothing-stored': EXIT.usage,
  'journal-damaged': EXIT.usage,
  'journal-newer': EXIT.usage,
  'checksum-mismatch': EXIT.usage,
  'not-confirmed': EXIT.usage,
  'max-removals': EXIT.usage,
  // manual action required
  credentials: EXIT.actionRequired,
  'no-token': EXIT.actionRequired,
  'token-refused': EXIT.actionRequired,
  'scope-missing': EXIT.actionRequired,
  permission: EXIT.actionRequired,
  'paid-plan': EXIT.actionRequired,
  'api-gone': EXIT.actionRequired,
  'wrong-base-url': EXIT.actionRequired,
  method: EXIT.actionRequired,
  redirect: EXIT.actionRequired,
  'media-type': EXIT.actionRequired,
  tls: EXIT.actionRequired,
  'all-refused': EXIT.actionRequired,
  'listing-needed': EXIT.actionRequired,
  // retry later
  'daily-limit': EXIT.retryLater,
  'daily-quota': EXIT.retryLater,
  outage: EXIT.retryLater,
  unreachable: EXIT.retryLater,
  'listing-failed': EXIT.retryLater,
  'max-failures': EXIT.retryLater,
  limit: EXIT.retryLater,
  'shared-limit': EXIT.retryLater,
  aborted: EXIT.retryLater,
  'cut-off': EXIT.retryLater,
  'still-running': EXIT.retryLater,
  // the machine
  locked: EXIT.locked,
  'lock-unwritable': EXIT.unwritable,
  'file-unwritable': EXIT.unwritable,
  'file-in-use': EXIT.unwritable,
  'folder-unwritable': EXIT.unwritable,
  'journal-unwritable': EXIT.unwritable,
  'journal-gone': EXIT.unwritable,
  'stdout-unwritable': EXIT.unwritable,
  SIGHUP: EXIT.hangup,
  SIGINT: EXIT.interrupt,
  SIGTERM: EXIT.terminate,
};

/** `hint` says what the user does next. */
export type Stop = {
  readonly exit: ExitCode;
  readonly reason: StopReason;
  readonly message: string;
  readonly hint: string;
};

/** A stop with the exit code of its reason. */
export function createStop(reason: StopReason, message: string, hint: string): Stop {
  return { exit: STOP_REASONS[reason], reason, message, hint };
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
