/** Requests a day: counted before Zoom refuses one, and which 429 means that the day's are used up. */
import type { RateLabel } from '../model/call.js';
import type { Reply } from '../model/reply.js';
import { createStop, type Stop } from '../model/stop.js';
import { formatNumber, formatUtcTime } from '../text/format.js';

export type DailyQuota = {
  readonly label: RateLabel;
  readonly perDay: number;
  left: number;
  /** ms since 1970. */
  resetsAt: number;
};

export function createDailyQuota(options: {
  readonly label: RateLabel;
  readonly perDay: number;
  /** Requests of this label that earlier processes sent on this UTC day. */
  readonly usedToday: number;
  /** ms since 1970. */
  readonly wallNow: number;
}): DailyQuota {
  const { label, perDay, usedToday, wallNow } = options;
  return { label, perDay, left: Math.max(0, perDay - usedToday), resetsAt: nextUtcMidnight(wallNow) };
}

/** Takes one request from the quota, in place. @returns why the run stops if none is left */
export function takeFromQuota(quota: DailyQuota, wallNow: number): Stop | undefined {
  if (wallNow >= quota.resetsAt) {
    quota.left = quota.perDay;
    quota.resetsAt = nextUtcMidnight(wallNow);
  }
  if (quota.left <= 0) {
    return createStop(
      'daily-quota',
      `the account's ${formatNumber(quota.perDay)} ${quota.label} requests of this day are used up; the quota resets at ${formatUtcTime(quota.resetsAt)}`,
      'Retry after that.',
    );
  }
  quota.left -= 1;
  return undefined;
}

/** Zoom's daily counters reset at 00:00 UTC (Zoom's API reference, "Rate limits"). */
function nextUtcMidnight(wallNow: number): number {
  return new Date(wallNow).setUTCHours(24, 0, 0, 0);
}

/** A longer wait than this comes from no per-second limit. */
const PER_SECOND_WAIT_MS = 120_000;

/** What a 429 tells beside its status. */
export type RateLimitResponse = {
  /** `X-RateLimit-Type`. */
  readonly typeHeader?: string | undefined;
  /** Zoom's message from the body. */
  readonly message: string;
  /** What `Retry-After` asks for, at most a day. */
  readonly waitMs?: number | undefined;
};

type RateLimit =
  | Pick<Extract<Reply, { type: 'rate-limited' }>, 'type' | 'waitMs'>
  | Pick<Extract<Reply, { type: 'quota-exceeded' }>, 'type' | 'resetsAt'>;

/**
 * Which limit a 429 is about. The header decides, then the wait, then the message: a daily 429 with neither header was
 * reported by a user.
 * @param wallNow ms since 1970
 */
export function classifyRateLimit(response: RateLimitResponse, wallNow: number): RateLimit {
  const { typeHeader = '', message, waitMs } = response;
  const isDaily =
    /daily/i.test(typeHeader) || (waitMs ?? 0) > PER_SECOND_WAIT_MS || /\bdaily\b/i.test(message);
  if (!isDaily) return { type: 'rate-limited', ...(waitMs === undefined ? {} : { waitMs }) };
  const resetsAt = waitMs !== undefined && waitMs > 0 ? wallNow + waitMs : nextUtcMidnight(wallNow);
  return { type: 'quota-exceeded', resetsAt };
}
