/** Zoom's documented rate limits: per account and plan, by label, in a second and in a UTC day. */
import { errorResponse, type HttpResponse } from './wire.js';

export type Plan = 'free' | 'pro' | 'business';
export type Label = 'light' | 'medium' | 'heavy';

/** Requests a second. */
const PER_SECOND: Readonly<Record<Label, Readonly<Record<Plan, number>>>> = {
  light: { free: 4, pro: 30, business: 80 },
  medium: { free: 2, pro: 20, business: 60 },
  heavy: { free: 1, pro: 10, business: 40 },
};

/** Requests a day, where there is such a limit. */
const PER_DAY: Readonly<Record<Label, Readonly<Record<Plan, number>>>> = {
  light: { free: 6_000, pro: Infinity, business: Infinity },
  medium: { free: 2_000, pro: Infinity, business: Infinity },
  heavy: { free: 1_000, pro: 30_000, business: 60_000 },
};

/** How a second is counted: any 1,000 ms, whole seconds of the clock, or not at all. */
export type Limiter = 'sliding' | 'fixed' | 'none';

export type Admission = 'admitted' | 'per-second-limit' | 'daily-limit';

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;

/** The admitted requests of one label. */
type Count = {
  /** Times in ms, oldest first; those before `head` are older than a second. */
  readonly starts: number[];
  head: number;
  day: number;
  inDay: number;
  peak: number;
};

/** Counts the admitted requests of each label; a refused one does not count. */
export class Limits {
  readonly #plan: Plan;
  readonly #limiter: Limiter;
  readonly #dailyLimit: number | undefined;
  readonly #counts = new Map<Label, Count>();

  /** @param dailyLimit requests of each label a day, instead of the plan's */
  constructor(plan: Plan, limiter: Limiter, dailyLimit: number | undefined) {
    this.#plan = plan;
    this.#limiter = limiter;
    this.#dailyLimit = dailyLimit;
  }

  #perSecond(label: Label): number {
    return PER_SECOND[label][this.#plan];
  }

  #perDay(label: Label): number {
    return this.#dailyLimit ?? PER_DAY[label][this.#plan];
  }

  /** The most requests that were admitted in any sliding second. */
  peak(label: Label): number {
    return this.#counts.get(label)?.peak ?? 0;
  }

  /** The limit that a response reports: the day's if the label has one, else the second's. @param now ms since 1970 */
  headers(label: Label, now: number): Readonly<Record<string, string>> {
    const { inDay, starts, head } = this.#current(label, now);
    const perDay = this.#perDay(label);
    if (Number.isFinite(perDay)) return describeLimit(label, 'Daily-limit', perDay, inDay);
    return describeLimit(label, 'QPS', this.#perSecond(label), starts.length - head);
  }

  /** @param now ms since 1970 */
  admit(label: Label, now: number): Admission {
    const count = this.#current(label, now);
    if (count.inDay >= this.#perDay(label)) return 'daily-limit';
    const inSliding = count.starts.length - count.head;
    const inSecond = this.#limiter === 'fixed' ? countFixedSecond(count, now) : inSliding;
    if (this.#limiter !== 'none' && inSecond >= this.#perSecond(label)) return 'per-second-limit';
    count.starts.push(now);
    count.inDay += 1;
    count.peak = Math.max(count.peak, inSliding + 1);
    return 'admitted';
  }

  /** Counts a request if a limit admits it. @returns the 429 if none does; @param now ms since 1970 */
  check(label: Label, now: number): HttpResponse | undefined {
    const admission = this.admit(label, now);
    if (admission === 'admitted') return undefined;
    return admission === 'daily-limit' ? this.reportDaily(label, now, false) : this.reportPerSecond(label);
  }

  /** The per-second 429; Zoom seldom sends Retry-After with it. */
  reportPerSecond(label: Label): HttpResponse {
    const message = 'You have reached the maximum per-second rate limit for this API. Try again later.';
    const limit = this.#perSecond(label);
    return { ...errorResponse(429, 429, message), headers: describeLimit(label, 'QPS', limit, limit) };
  }

  /**
   * The daily 429. Its Retry-After is an instant, not seconds. A bare one, as users have seen, lacks the headers.
   * @param now ms since 1970
   */
  reportDaily(label: Label, now: number, isBare: boolean): HttpResponse {
    const limit = this.#perDay(label);
    const number = Number.isFinite(limit) ? ` (${limit})` : '';
    const message = `You have exceeded the daily rate limit${number} of ${category(label)} API requests permitted for this account. You may resume these requests at GMT 00:00:00.`;
    const response = errorResponse(429, 429, message);
    if (isBare) return response;
    const midnight = new Date(new Date(now).setUTCHours(24, 0, 0, 0)).toISOString().replace('.000', '');
    return {
      ...response,
      headers: { ...describeLimit(label, 'Daily-limit', limit, limit), 'Retry-After': midnight },
    };
  }

  /** A label's count without what is over; old times are dropped in bulk, so that each costs constant time. */
  #current(label: Label, now: number): Count {
    let count = this.#counts.get(label);
    if (!count) {
      count = { starts: [], head: 0, day: 0, inDay: 0, peak: 0 };
      this.#counts.set(label, count);
    }
    const { starts } = count;
    while (count.head < starts.length && now - (starts[count.head] ?? now) >= SECOND_MS) count.head += 1;
    if (count.head > SECOND_MS && count.head * 2 > starts.length) {
      starts.splice(0, count.head);
      count.head = 0;
    }
    const day = Math.floor(now / DAY_MS);
    if (day !== count.day) Object.assign(count, { day, inDay: 0 });
    return count;
  }
}

/** In the clock's whole second so far. */
function countFixedSecond({ starts, head }: Count, now: number): number {
  const second = now - (now % SECOND_MS);
  return starts.slice(head).filter((start) => start >= second).length;
}

/** Zoom capitalizes the category. */
function category(label: Label): string {
  return label.charAt(0).toUpperCase() + label.slice(1);
}

/** The rate limit headers of a response. A fault may use up a limit that the plan does not have. */
function describeLimit(
  label: Label,
  type: 'QPS' | 'Daily-limit',
  limit: number,
  used: number,
): Readonly<Record<string, string>> {
  return {
    'X-RateLimit-Category': category(label),
    'X-RateLimit-Type': type,
    ...(Number.isFinite(limit) ? { 'X-RateLimit-Limit': String(limit) } : {}),
    'X-RateLimit-Remaining': String(Number.isFinite(limit) ? Math.max(0, limit - used) : 0),
  };
}
