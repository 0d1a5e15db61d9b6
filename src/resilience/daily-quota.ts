/** The day's budget of requests, where the plan has one: counted before Zoom has to say so. */
import type { Stop } from '../model/outcome.js';
import { budgetSpent } from './retry-policy.js';

/** `left` requests may be sent until `resetsAt` (ms since 1970), `perDay` on every day after that. */
export type Day = { readonly left: number; readonly perDay: number; readonly resetsAt: number };

const DAY_MS = 86_400_000;

export class DayBudget {
  readonly #perDay: number;
  #left: number;
  #resetsAt: number;

  constructor({ left, perDay, resetsAt }: Day) {
    this.#left = left;
    this.#perDay = perDay;
    this.#resetsAt = resetsAt;
  }

  /** Takes one request from it; where none is left, says why the run stops. @param now ms since 1970 */
  take(now: number): Stop | undefined {
    if (now >= this.#resetsAt) {
      this.#left = this.#perDay;
      this.#resetsAt += DAY_MS;
    }
    if (this.#left <= 0) return budgetSpent(this.#perDay, this.#resetsAt);
    this.#left -= 1;
    return undefined;
  }
}
