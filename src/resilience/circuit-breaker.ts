/**
 * Pauses a label's requests while nothing but failures comes back, and stops the run if that lasts. Times are ms of a
 * clock that never goes back.
 */
import type { Reply } from '../model/reply.js';
import { createStop, type Stop } from '../model/stop.js';
import { formatDuration } from '../text/format.js';

const TRIP_AFTER = 8;
const PAUSE = { firstMs: 30_000, maxMs: 300_000 } as const;
const GIVE_UP_AFTER_MS = 600_000;

/** Whether any server ever answered, over all labels: tells a wrong address or a missing network from an outage. */
export type Connectivity = { hasServerAnswered: boolean };

export type CircuitBreaker = {
  readonly connectivity: Connectivity;
  /** `open`: the next request is a probe. `half-open`: the probe is in flight. */
  state: 'closed' | 'open' | 'half-open';
  consecutiveFailures: number;
  /** When the failures began to keep it open; a failed probe doesn't change it. */
  openedAt: number;
  lastTripAt: number;
  nextPauseMs: number;
};

/** What the label, or the run, does about a reply; an absent field changes nothing. */
export type BreakerReaction = {
  readonly pauseMs?: number;
  /** For the log; present with `pauseMs`. */
  readonly reason?: string;
  readonly stop?: Stop;
};

export function createCircuitBreaker(connectivity: Connectivity): CircuitBreaker {
  return {
    connectivity,
    state: 'closed',
    consecutiveFailures: 0,
    openedAt: Number.NEGATIVE_INFINITY,
    lastTripAt: Number.NEGATIVE_INFINITY,
    nextPauseMs: PAUSE.firstMs,
  };
}

/** Learns from one reply, in place. @param sentAt when its request was sent @param now when the reply came */
export function recordReply(
  breaker: CircuitBreaker,
  reply: Reply,
  sentAt: number,
  now: number,
): BreakerReaction {
  if (reply.httpStatus !== undefined) breaker.connectivity.hasServerAnswered = true;
  if (reply.type === 'transient') return recordFailure(breaker, reply.message, sentAt, now);
  breaker.state = 'closed';
  breaker.consecutiveFailures = 0;
  breaker.nextPauseMs = PAUSE.firstMs;
  return {};
}

/** Whether a request may be sent: not while a probe is in flight. */
export function canSend(breaker: CircuitBreaker): boolean {
  return breaker.state !== 'half-open';
}

/** Call it right before a request is sent: if the circuit is open, that request is the probe. */
export function beginProbe(breaker: CircuitBreaker): void {
  if (breaker.state === 'open') breaker.state = 'half-open';
}

function recordFailure(breaker: CircuitBreaker, cause: string, sentAt: number, now: number): BreakerReaction {
  // A request sent before the last trip says nothing about the time after it.
  if (sentAt < breaker.lastTripAt) return {};
  breaker.consecutiveFailures += 1;
  if (breaker.state === 'closed') {
    if (breaker.consecutiveFailures < TRIP_AFTER) return {};
    if (!breaker.connectivity.hasServerAnswered) return { stop: unreachable(cause) };
    breaker.openedAt = now;
  }
  breaker.state = 'open';
  breaker.lastTripAt = now;
  const openMs = now - breaker.openedAt;
  if (openMs >= GIVE_UP_AFTER_MS) return { stop: outage(cause, openMs) };
  const pauseMs = breaker.nextPauseMs;
  breaker.nextPauseMs = Math.min(PAUSE.maxMs, pauseMs * 2);
  return { pauseMs, reason: `Zoom is not answering properly (${cause})` };
}

/** Nothing ever answered: a wrong address, or no network. */
export function unreachable(cause: string): Stop {
  return createStop(
    'unreachable',
    `Zoom could not be reached: ${cause}`,
    'Check the network, the proxy and ZOOM_BASE_URL, then retry later.',
  );
}

function outage(cause: string, lastedMs: number): Stop {
  return createStop(
    'outage',
    `every request has failed for ${formatDuration(lastedMs)}: ${cause}`,
    'See status.zoom.us, and retry later.',
  );
}
