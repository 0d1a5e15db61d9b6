/** What is done after a reply to one step: retry, let the resource judge, or stop the run. */

import type { JudgedReply, Reply } from '../model/reply.js';
import { createStop, type Stop } from '../model/stop.js';
import { formatCount, formatUtcTime } from '../text/format.js';

/** Full jitter: random · min(cap, base · 2^(n−1)) before attempt n + 1. */
const BACKOFF = { baseMs: 1_000, capMs: 30_000 } as const;

/** A 429 is no failure of the step, but a step that meets nothing else must end at some time. */
const RATE_LIMITED = { attempts: 10, waitMs: 1_000 } as const;

/**
 * Whether a new token may be tried is decided for all calls together. A step whose token is refused so often in a row,
 * while others are accepted, gives up: another process may replace the token again and again.
 */
const UNAUTHORIZED_ATTEMPTS = 5;

/** As long as the circuit breaker waits for an outage to end. */
const LONGEST_WAIT_MS = 600_000;

/** If the first rows are all refused for the same cause, the file or the account is wrong, not a row. */
export const REFUSED_ALIKE_LIMIT = 10;

export type RetryDecision =
  | { readonly type: 'retry'; readonly waitMs: number }
  /** The resource decides what the replies mean for the step's rows. */
  | { readonly type: 'judge'; readonly reply: JudgedReply }
  | { readonly type: 'stop'; readonly stop: Stop };

/** Rows in flight for that rate at one second of latency, with a fifth to spare. */
export function concurrencyFor(perSecond: number): number {
  return Math.ceil(perSecond * 1.2) + 2;
}

/**
 * Decides by a step's newest reply.
 * @param step `onLost`: whether a request that may have taken effect can be sent again without harm
 * @param replies all replies to the step in this process, oldest first; at least one
 * @param random a number from 0 up to, but not including, 1
 */
export function decideRetry(
  step: { readonly onLost: 'resend' | 'judge' },
  replies: readonly Reply[],
  random: () => number,
): RetryDecision {
  const reply = replies.at(-1);
  if (!reply) throw new Error('decideRetry needs a reply');
  switch (reply.type) {
    case 'success':
    case 'conflict':
    case 'not-found':
    case 'rejected':
      return judge(reply);
    case 'fatal':
      return stop(reply.stop);
    case 'unauthorized':
      return isRefusedInARow(replies) ? stop(tokenRefused(reply)) : retry(0);
    case 'quota-exceeded':
      return stop(dailyLimit(reply));
    case 'rate-limited':
      return countReplies('rate-limited', replies) < RATE_LIMITED.attempts
        ? retry(reply.waitMs ?? RATE_LIMITED.waitMs)
        : judge(reply);
    case 'transient': {
      const attempts = countReplies('transient', replies);
      const askedMs = reply.waitMs ?? 0;
      const isFinal = attempts >= reply.maxAttempts || askedMs > LONGEST_WAIT_MS;
      if (isFinal || (reply.ambiguous && step.onLost === 'judge')) return judge(reply);
      const jitterMs = random() * Math.min(BACKOFF.capMs, BACKOFF.baseMs * 2 ** (attempts - 1));
      return retry(Math.max(askedMs, Math.round(jitterMs)));
    }
  }
}

function isRefusedInARow(replies: readonly Reply[]): boolean {
  return countReplies('unauthorized', replies.slice(-UNAUTHORIZED_ATTEMPTS)) === UNAUTHORIZED_ATTEMPTS;
}

function countReplies(type: Reply['type'], replies: readonly Reply[]): number {
  return replies.filter((reply) => reply.type === type).length;
}

function retry(waitMs: number): RetryDecision {
  return { type: 'retry', waitMs };
}

function judge(reply: JudgedReply): RetryDecision {
  return { type: 'judge', reply };
}

function stop(reason: Stop): RetryDecision {
  return { type: 'stop', stop: reason };
}

function tokenRefused({ message }: Reply): Stop {
  return createStop(
    'token-refused',
    `Zoom refused ${UNAUTHORIZED_ATTEMPTS} access tokens in a row for one request: ${message}`,
    'Check that the app belongs to this account, and that nothing else requests tokens for it all the time; then continue with --resume.',
  );
}

function dailyLimit({ message, resetsAt }: Extract<Reply, { type: 'quota-exceeded' }>): Stop {
  return createStop(
    'daily-limit',
    `Zoom's daily limit is reached (${message}); it resets at ${formatUtcTime(resetsAt)}`,
    'Retry after that.',
  );
}

/** `--max-failures`. */
export function tooManyFailures(failures: number): Stop {
  return createStop(
    'max-failures',
    `${formatCount(failures, 'row')} failed, as many as --max-failures allows`,
    'See failed.csv for the reasons, then retry later with --resume.',
  );
}

/** `--limit`. */
export function limitReached(rows: number): Stop {
  return createStop(
    'limit',
    `${formatCount(rows, 'row')} sent, as many as --limit allows`,
    'Check the results, then continue with --resume.',
  );
}

export function allRefusedAlike(rows: number, { message }: Reply): Stop {
  return createStop(
    'all-refused',
    `the first ${formatCount(rows, 'row')} were all refused for the same reason: ${message}`,
    'Fix the cause in the file or in the account, then continue with --resume.',
  );
}
