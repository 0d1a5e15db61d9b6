/**
 * What the whole run does about the answers it gets: slow down, pause, probe, stop. A pure state machine;
 * the caller brings the clock. One bad row never stops a run; bad weather over all rows does.
 */
import { EXIT, type Reply, type Stop } from '../model/outcome.js';

/**
 * How many per-second refusals are stray: of the newest answers, and within one second. At 80/s a stalled
 * machine lets three or four break the limit at once; halving the rate for them would cost more than they do.
 */
export const STRAY = { of: 200, atMost: 4, withinOneSecond: 2, shareOfRate: 0.05 } as const;

/**
 * How much longer than a second the pacer takes a second to be, for the network's jitter. Measured with 30 ms of it:
 * where any second counts, 30 ms are needed and 97% of the rate is what is left; where whole seconds count, 16 ms do
 * and 98% is left. Which of them Zoom counts is not documented. So it is learnt: narrower after a short calm, until
 * the first refusal tells that this was too narrow; from then on only a long calm makes it narrower.
 */
export const MARGIN = {
  startMs: 30,
  widerMs: 10,
  widestMs: 200,
  calmAnswers: { first: 60, later: 2_000 },
  narrowerMs: 7,
  narrowestMs: 16,
} as const;

/** After repeated refusals: half the rate, and a tenth of the full one back in every calm step. */
export const GROWTH = { everyMs: 2_000, share: 0.1, slowest: 0.05 } as const;

export const BREAKER = {
  inARow: 8,
  firstPauseMs: 30_000,
  longestPauseMs: 300_000,
  giveUpAfterMs: 600_000,
} as const;

/** When the first answers are all refusals of one kind, the file or the account is wrong, not a row. */
export const ALL_REFUSED = 10;

/** Where `X-RateLimit-Remaining` says 0: long enough for a share of the window to pass. */
export const EXHAUSTED_PAUSE_MS = 250;

const LONGEST_PAUSE_MS = 30_000;

/** What the run is to do; an absent field means no change. */
export type Reaction = {
  readonly perSecond?: number;
  readonly marginMs?: number;
  readonly pauseMs?: number;
  /** Why, in words that a person may read; present where there is something worth telling. */
  readonly why?: string;
  readonly stop?: Stop;
};

export type Weather = {
  readonly fullPerSecond: number;
  perSecond: number;
  marginMs: number;
  /** Answers since the last per-second refusal that was learnt from. */
  calm: number;
  /** How many of them make the margin narrower. */
  calmNeeded: number;
  answers: number;
  /** Numbers of the answers that were refusals, and when they came. */
  limited: { readonly answer: number; readonly at: number }[];
  /** Repeated refusals in a row of pauses: doubles the pause. */
  pauses: number;
  slowedAt: number;
  grewAt: number;
  /** Answers of any kind that came from Zoom; 0 tells a wrong address from an outage. */
  heard: number;
  troubles: number;
  brokenSince: number | undefined;
  /** When the breaker paused last; trouble of what left before tells nothing new. */
  brokeAt: number;
  breakerPauseMs: number;
  /** What the first answers were refused for, while they all agree. */
  refusal: string | undefined;
  refused: number;
};

export function fairWeather(perSecond: number): Weather {
  return {
    fullPerSecond: perSecond,
    perSecond,
    marginMs: MARGIN.startMs,
    calm: 0,
    calmNeeded: MARGIN.calmAnswers.first,
    answers: 0,
    limited: [],
    pauses: 0,
    slowedAt: Number.NEGATIVE_INFINITY,
    grewAt: Number.NEGATIVE_INFINITY,
    heard: 0,
    troubles: 0,
    brokenSince: undefined,
    brokeAt: Number.NEGATIVE_INFINITY,
    breakerPauseMs: BREAKER.firstPauseMs,
    refusal: undefined,
    refused: 0,
  };
}

/**
 * Learns from one answer, in place, and says what the run does about it.
 * @param sentAt when the attempt left, @param now when its answer came; ms of one clock
 */
export function react(weather: Weather, reply: Reply, sentAt: number, now: number): Reaction {
  weather.answers += 1;
  if (reply.http !== undefined) weather.heard += 1;
  if (reply.kind === 'trouble') return broken(weather, reply, sentAt, now);
  weather.troubles = 0;
  weather.brokenSince = undefined;
  weather.breakerPauseMs = BREAKER.firstPauseMs;
  const stop = refusedAlike(weather, reply);
  if (stop) return { stop };
  if (reply.kind === 'limited' && reply.per === 'second') return slow(weather, reply, sentAt, now);
  weather.calm += 1;
  if (reply.remaining === 0) return { pauseMs: EXHAUSTED_PAUSE_MS };
  return calmer(weather, now);
}

/** Whether only one attempt may try its luck until something answers. */
export function isBroken(weather: Weather): boolean {
  return weather.brokenSince !== undefined;
}

function broken(weather: Weather, reply: Reply, sentAt: number, now: number): Reaction {
  if (sentAt < weather.brokeAt) return {};
  weather.troubles += 1;
  if (weather.troubles < BREAKER.inARow && weather.brokenSince === undefined) return {};
  if (weather.heard === 0) return { stop: unreachable(reply.message) };
  weather.brokenSince ??= now;
  weather.brokeAt = now;
  const lastedMs = now - weather.brokenSince;
  if (lastedMs >= BREAKER.giveUpAfterMs) return { stop: outage(reply.message, lastedMs) };
  const pauseMs = weather.breakerPauseMs;
  weather.breakerPauseMs = Math.min(BREAKER.longestPauseMs, pauseMs * 2);
  return { pauseMs, why: `Zoom does not answer as it should (${reply.message})` };
}

function refusedAlike(weather: Weather, reply: Reply): Stop | undefined {
  if (reply.kind !== 'refused') {
    if (reply.kind !== 'limited' && reply.kind !== 'token') weather.refused = Number.NEGATIVE_INFINITY;
    return undefined;
  }
  const refusal = `${reply.http}/${reply.code}`;
  if (weather.refused > 0 && weather.refusal !== refusal) weather.refused = Number.NEGATIVE_INFINITY;
  weather.refusal = refusal;
  weather.refused += 1;
  return weather.refused < ALL_REFUSED ? undefined : allRefused(reply);
}

function slow(
  weather: Weather,
  reply: Extract<Reply, { kind: 'limited'; per: 'second' }>,
  sentAt: number,
  now: number,
): Reaction {
  weather.calm = 0;
  weather.calmNeeded = MARGIN.calmAnswers.later;
  // What left before the last slowing down says nothing about the slower rate.
  if (sentAt < weather.slowedAt) return {};
  weather.limited.push({ answer: weather.answers, at: now });
  weather.limited = weather.limited.filter((one) => one.answer > weather.answers - STRAY.of);
  const lately = weather.limited.filter((one) => one.at > now - 1_000).length;
  const bearable = Math.max(STRAY.withinOneSecond, STRAY.shareOfRate * weather.perSecond);
  if (weather.limited.length <= STRAY.atMost && lately <= bearable) {
    const { marginMs } = weather;
    const isTried = marginMs < MARGIN.startMs;
    weather.marginMs = isTried ? MARGIN.startMs : Math.min(MARGIN.widestMs, marginMs + MARGIN.widerMs);
    return { marginMs: weather.marginMs };
  }
  const backoffMs = Math.min(LONGEST_PAUSE_MS, 1_000 * 2 ** weather.pauses);
  const pauseMs = Math.max(reply.waitMs ?? 0, backoffMs);
  weather.pauses += 1;
  weather.limited = [];
  weather.slowedAt = now;
  weather.grewAt = now;
  weather.perSecond = Math.max(weather.fullPerSecond * GROWTH.slowest, weather.perSecond / 2);
  return { perSecond: weather.perSecond, pauseMs, why: "Zoom's per-second limit" };
}

function calmer(weather: Weather, now: number): Reaction {
  if (weather.perSecond < weather.fullPerSecond && now - weather.grewAt >= GROWTH.everyMs) {
    weather.grewAt = now;
    weather.pauses = 0;
    const grown = weather.perSecond + weather.fullPerSecond * GROWTH.share;
    weather.perSecond = Math.min(weather.fullPerSecond, grown);
    return { perSecond: weather.perSecond, why: 'calm again' };
  }
  if (weather.calm < weather.calmNeeded || weather.marginMs <= MARGIN.narrowestMs) return {};
  weather.calm = 0;
  weather.marginMs = Math.max(MARGIN.narrowestMs, weather.marginMs - MARGIN.narrowerMs);
  return { marginMs: weather.marginMs };
}

/** Nothing ever answered: a wrong address or no network, which no waiting mends. */
export function unreachable(message: string): Stop {
  return {
    exit: EXIT.retryLater,
    reason: 'unreachable',
    message: `Zoom can't be reached: ${message}`,
    hint: 'Check the network, the proxy and ZOOM_BASE_URL, then run the same command with --resume.',
  };
}

function outage(message: string, lastedMs: number): Stop {
  return {
    exit: EXIT.retryLater,
    reason: 'outage',
    message: `nothing but trouble for ${Math.round(lastedMs / 60_000)} minutes: ${message}`,
    hint: 'See status.zoom.us, and run the same command with --resume when it is over.',
  };
}

function allRefused(reply: Reply): Stop {
  return {
    exit: EXIT.actionRequired,
    reason: 'all-refused',
    message: `the first ${ALL_REFUSED} requests were all refused alike: ${reply.message}`,
    hint: 'Mend what the message names, in the file or on the account, then run the same command with --resume.',
  };
}
