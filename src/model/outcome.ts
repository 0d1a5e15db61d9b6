/**
 * Three sizes of ending: what an attempt taught us (`Reply`), how a row ended (`Outcome`), why a run
 * stopped (`Stop`); the one error class; the exit codes.
 */

import type { Status } from './statuses.js';

export { isProvisioned, STATUS_NAMES, type Status } from './statuses.js';

/** The process's exit codes. A script may rely on each of them. */
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

/** Why a run ended before its rows did. `reason` is a stable slug, `hint` says what a person does next. */
export type Stop = {
  readonly exit: ExitCode;
  readonly reason: string;
  readonly message: string;
  readonly hint: string;
};

/** The one error of this program: anything that ends a command for a reason that its user can read. */
export class FatalError extends Error {
  readonly stop: Stop;

  constructor(stop: Stop) {
    super(stop.message);
    this.name = 'FatalError';
    this.stop = stop;
  }
}

/** Shorthand for a problem with what the user typed or handed in: exit 2, nothing was sent. */
export function usageError(message: string, hint: string): FatalError {
  return new FatalError({ exit: EXIT.usage, reason: 'usage', message, hint });
}

/** What the wire said, kept with every reply: the support desk asks for exactly these. */
export type ResponseMetadata = {
  /** HTTP status; absent when nothing answered. */
  readonly http?: number;
  /** Zoom's own code from the body. */
  readonly code?: number;
  readonly message: string;
  /** `x-zm-trackingid`, what Zoom's support asks for. */
  readonly trackingId?: string;
  /** `X-RateLimit-Remaining` of a per-second limit, where it comes. */
  readonly remaining?: number;
};

/** The facts that the results show, of whatever carries them; absent ones stay absent. */
export function pickMetadata(
  of: Partial<ResponseMetadata> | undefined,
): Pick<Outcome, 'http' | 'code' | 'trackingId'> {
  return {
    ...(of?.http === undefined ? {} : { http: of.http }),
    ...(of?.code === undefined ? {} : { code: of.code }),
    ...(of?.trackingId === undefined ? {} : { trackingId: of.trackingId }),
  };
}

/** What one attempt taught us. Every exchange becomes exactly one of these, in `io/zoom`. */
export type Reply = ResponseMetadata &
  (
    | { readonly kind: 'done'; readonly groupId?: string }
    /** The name is in use already (409). */
    | { readonly kind: 'taken' }
    /** There is no such group (404 with 4130). */
    | { readonly kind: 'absent' }
    /**
     * Refused for what this row says; sending it again can't help. `ambiguous`: the answer was neither a yes
     * nor a no, so the request may have taken effect.
     */
    | { readonly kind: 'refused'; readonly ambiguous?: true }
    /** Refused for a reason that every row shares: the run stops until a person has acted. */
    | { readonly kind: 'blocked'; readonly stop: Stop }
    /** The token was not accepted, and a new one can be had. */
    | { readonly kind: 'token' }
    /** 429. `waitMs` is what the answer asked for; `resetsAt` (ms since 1970) where the limit is daily. */
    | { readonly kind: 'limited'; readonly per: 'second'; readonly waitMs?: number }
    | { readonly kind: 'limited'; readonly per: 'day'; readonly resetsAt: number }
    /**
     * Something between us and Zoom failed. `ambiguous`: the request may have taken effect.
     * `patience` is how many attempts such an answer deserves.
     */
    | {
        readonly kind: 'trouble';
        readonly ambiguous: boolean;
        readonly patience: 'short' | 'long';
        readonly waitMs?: number;
      }
  );

/** How a row ended, with what the results need to say of it. */
export type Outcome = {
  readonly status: Status;
  readonly detail: string;
  readonly attempts: number;
  readonly groupId?: string;
  readonly http?: number;
  readonly code?: number;
  readonly trackingId?: string;
};
