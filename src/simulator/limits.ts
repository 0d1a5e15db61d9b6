/** Zoom's rate limits as the documentation has them: per account, by label, over a sliding second and a UTC day. */

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

/** Counts the requests of each label; one that is refused does not count. */
export class Limits {
  readonly #plan: Plan;
  readonly #limiter: Limiter;
  readonly #lightPerDay: number;
  readonly #recent = new Map<Label, number[]>();
  readonly #today = new Map<Label, { day: number; count: number }>();
  readonly #peaks = new Map<Label, number>();

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
    return this.#peaks.get(label) ?? 0;
  }

  /** @param now ms of a steady clock, @param date ms since 1970 */
  admit(label: Label, now: number, date: number): Verdict {
    const today = this.#day(label, date);
    if (today.count >= this.perDay(label)) return 'day-spent';
    const recent = this.#window(label, now);
    const counted =
      this.#limiter === 'fixed'
        ? recent.filter((at) => Math.floor(at / 1000) === Math.floor(now / 1000)).length
        : recent.length;
    if (this.#limiter !== 'none' && counted >= this.perSecond(label)) return 'too-fast';
    recent.push(now);
    today.count += 1;
    this.#peaks.set(label, Math.max(this.peak(label), recent.length));
    return 'admitted';
  }

  #day(label: Label, date: number): { day: number; count: number } {
    const day = Math.floor(date / 86_400_000);
    let today = this.#today.get(label);
    if (today?.day !== day) {
      today = { day, count: 0 };
      this.#today.set(label, today);
    }
    return today;
  }

  /** Starts of the last second; each is taken off once. */
  #window(label: Label, now: number): number[] {
    const recent = this.#recent.get(label) ?? [];
    let gone = 0;
    while (gone < recent.length && now - (recent[gone] ?? now) >= 1000) gone += 1;
    if (gone > 0) recent.splice(0, gone);
    this.#recent.set(label, recent);
    return recent;
  }
}
