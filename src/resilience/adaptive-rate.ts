/**
 * The request rate of one label, learned from its 429s: additive increase, multiplicative decrease. Times are ms of a
 * clock that never goes back.
 */
import type { Reply } from '../model/reply.js';

/**
 * 429s that are tolerated: of the newest responses, and within one second. At 80 requests/s a stalled event loop causes
 * three or four at once (measured); halving the rate for them would cost more than they do.
 */
const ISOLATED = { atMost: 4, ofResponses: 200, perSecond: 2, shareOfRate: 0.05 } as const;

/**
 * How much longer than one second the limiter takes a second to be. Network jitter lets requests arrive closer together
 * than they were sent; with 30 ms, 97% of the limit was measured without a 429 at 30 ms of jitter.
 */
export const WINDOW_PADDING = { startMs: 30, stepMs: 10, maxMs: 200 } as const;

const PAUSE = { firstMs: 1_000, maxMs: 30_000 } as const;
const DECREASE = { factor: 0.5, minShare: 0.05 } as const;
const INCREASE = { share: 0.1, everyMs: 2_000 } as const;
const FIRST_MINUTE_MS = 60_000;

export type AdaptiveRate = {
  readonly fullPerSecond: number;
  perSecond: number;
  windowPaddingMs: number;
  /** How many responses of any kind there were. */
  responses: number;
  /** The 429s since the last decrease: the number of the response, and when it came. */
  rateLimited: { readonly response: number; readonly at: number }[];
  /** Decreases without an increase between them; each doubles the pause. */
  decreasesInARow: number;
  lastDecreaseAt: number;
  /** The rate grows again when this is `INCREASE.everyMs` ago. */
  stableSince: number;
  firstSentAt: number | undefined;
  hasSuggestedLowerPlan: boolean;
};

/** What the limiter of the label does; an absent field changes nothing. */
export type RateAdjustment = {
  readonly perSecond?: number;
  readonly windowPaddingMs?: number;
  readonly pauseMs?: number;
  /** For the log; present if the rate changes. */
  readonly reason?: string;
  /**
   * Zoom refuses even half of the rate in the first minute: each plan's limits are less than half of the next one's, so
   * the account is probably on a lower plan. Present once.
   */
  readonly suggestLowerPlan?: true;
};

export function createAdaptiveRate(perSecond: number): AdaptiveRate {
  return {
    fullPerSecond: perSecond,
    perSecond,
    windowPaddingMs: WINDOW_PADDING.startMs,
    responses: 0,
    rateLimited: [],
    decreasesInARow: 0,
    lastDecreaseAt: Number.NEGATIVE_INFINITY,
    stableSince: Number.NEGATIVE_INFINITY,
    firstSentAt: undefined,
    hasSuggestedLowerPlan: false,
  };
}

/** Learns from one reply, in place. @param sentAt when its request was sent @param now when the reply came */
export function adaptRate(rate: AdaptiveRate, reply: Reply, sentAt: number, now: number): RateAdjustment {
  rate.firstSentAt ??= sentAt;
  if (reply.httpStatus !== undefined) rate.responses += 1;
  if (reply.type === 'transient' || reply.type === 'quota-exceeded') return {};
  if (reply.type !== 'rate-limited') return increase(rate, now);
  // A request sent before the last decrease says nothing about the slower rate.
  if (sentAt < rate.lastDecreaseAt) return {};
  rate.rateLimited.push({ response: rate.responses, at: now });
  rate.rateLimited = rate.rateLimited.filter(
    ({ response }) => response > rate.responses - ISOLATED.ofResponses,
  );
  return isIsolated(rate, now) ? widenWindow(rate) : decrease(rate, reply.waitMs ?? 0, now);
}

function isIsolated({ rateLimited, perSecond }: AdaptiveRate, now: number): boolean {
  const lastSecond = rateLimited.filter(({ at }) => at > now - 1_000).length;
  return (
    rateLimited.length <= ISOLATED.atMost &&
    lastSecond <= Math.max(ISOLATED.perSecond, ISOLATED.shareOfRate * perSecond)
  );
}

function widenWindow(rate: AdaptiveRate): RateAdjustment {
  rate.windowPaddingMs = Math.min(WINDOW_PADDING.maxMs, rate.windowPaddingMs + WINDOW_PADDING.stepMs);
  return { windowPaddingMs: rate.windowPaddingMs };
}

function decrease(rate: AdaptiveRate, askedMs: number, now: number): RateAdjustment {
  const suggestLowerPlan =
    !rate.hasSuggestedLowerPlan &&
    rate.perSecond <= rate.fullPerSecond * DECREASE.factor &&
    now - (rate.firstSentAt ?? now) <= FIRST_MINUTE_MS;
  if (suggestLowerPlan) rate.hasSuggestedLowerPlan = true;
  const pauseMs = Math.max(askedMs, Math.min(PAUSE.maxMs, PAUSE.firstMs * 2 ** rate.decreasesInARow));
  rate.decreasesInARow += 1;
  rate.rateLimited = [];
  rate.lastDecreaseAt = now;
  rate.stableSince = now + pauseMs;
  rate.perSecond = Math.max(rate.fullPerSecond * DECREASE.minShare, rate.perSecond * DECREASE.factor);
  const reason = "Zoom's per-second limit (429)";
  return { perSecond: rate.perSecond, pauseMs, reason, ...(suggestLowerPlan ? { suggestLowerPlan } : {}) };
}

function increase(rate: AdaptiveRate, now: number): RateAdjustment {
  if (rate.perSecond >= rate.fullPerSecond || now - rate.stableSince < INCREASE.everyMs) return {};
  rate.stableSince = now;
  rate.decreasesInARow = 0;
  rate.perSecond = Math.min(rate.fullPerSecond, rate.perSecond + rate.fullPerSecond * INCREASE.share);
  return { perSecond: rate.perSecond, reason: 'no more 429s' };
}
