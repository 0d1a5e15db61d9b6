/** Zoom's rate limits as the documentation has them: per account, by label, over a second and a UTC day. */

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

/** How the stand-in counts a second: any 1,000 ms, whole seconds of the clock, or not at all. */
export type Limiter = 'sliding' | 'fixed' | 'none';

export type Verdict = 'admitted' | 'too-fast' | 'day-spent';

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;

/** What was admitted of one label. */
type Count = {
  /** When, in ms, oldest first; those before `head` are older than a second. */
  readonly starts: number[];
  head: number;
  second: number;
  inSecond: number;
  day: number;
  inDay: number;
  peak: number;
};

/** Counts the requests of each label; one that is refused does not count. */
export class Limits {
  readonly #plan: Plan;
  readonly #limiter: Limiter;
  readonly #lightPerDay: number;
  readonly #counts = new Map<Label, Count>();

  constructor(plan: Plan, limiter: Limiter, lightPerDay: number | undefined) {
    this.#plan = plan;
    this.#limiter = limiter;
    this.#lightPerDay = lightPerDay ?? PER_DAY.light[plan];
  }

  perSecond(label: Label): number {
    return PER_SECOND[label][this.#plan];
  }

  perDay(label: Label): number {
    return label === 'light' ? this.#lightPerDay : PER_DAY[label][this.#plan];
  }

  /** The most that was admitted in any sliding second. */
  peak(label: Label): number {
    return this.#counts.get(label)?.peak ?? 0;
  }

  /** @param now ms since 1970 */
  admit(label: Label, now: number): Verdict {
    const count = this.#counted(label, now);
    if (count.inDay >= this.perDay(label)) return 'day-spent';
    const inSliding = count.starts.length - count.head;
    const inSecond = this.#limiter === 'fixed' ? count.inSecond : inSliding;
    if (this.#limiter !== 'none' && inSecond >= this.perSecond(label)) return 'too-fast';
    count.starts.push(now);
    count.inSecond += 1;
    count.inDay += 1;
    count.peak = Math.max(count.peak, inSliding + 1);
    return 'admitted';
  }

  /** A label's count with what is over left out: each start is stepped over once, and cut off in bulk. */
  #counted(label: Label, now: number): Count {
    let count = this.#counts.get(label);
    if (!count) {
      count = { starts: [], head: 0, second: 0, inSecond: 0, day: 0, inDay: 0, peak: 0 };
      this.#counts.set(label, count);
    }
    const { starts } = count;
    while (count.head < starts.length && now - (starts[count.head] ?? now) >= SECOND_MS) count.head += 1;
    if (count.head > SECOND_MS && count.head * 2 > starts.length) {
      starts.splice(0, count.head);
      count.head = 0;
    }
    const second = Math.floor(now / SECOND_MS);
    if (second !== count.second) Object.assign(count, { second, inSecond: 0 });
    const day = Math.floor(now / DAY_MS);
    if (day !== count.day) Object.assign(count, { day, inDay: 0 });
    return count;
  }
}
