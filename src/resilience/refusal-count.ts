/** Whether the first rows of a run were all refused for the same cause: then the file or the account is wrong. */
import type { RowOutcome } from '../events/event.js';
import type { Reply } from '../model/reply.js';
import type { Stop } from '../model/stop.js';
import { allRefusedAlike, REFUSED_ALIKE_LIMIT } from './retry-policy.js';

/** Counts rows, not requests: the halves of a refused batch repeat its refusal. */
export class RefusalCount {
  #cause: string | undefined;
  #rows = 0;
  #isOver = false;

  /** @returns why the run stops, once enough rows were refused and nothing else happened */
  add(reply: Reply, outcomes: readonly RowOutcome[]): Stop | undefined {
    if (this.#isOver || outcomes.length === 0) return undefined;
    const cause = `${reply.type} ${reply.httpStatus} ${reply.code}`;
    this.#cause ??= cause;
    const isAlike = reply.type === 'rejected' && this.#cause === cause;
    this.#isOver = !isAlike || outcomes.some(({ outcome }) => outcome.status !== 'failed');
    this.#rows += outcomes.length;
    return !this.#isOver && this.#rows >= REFUSED_ALIKE_LIMIT
      ? allRefusedAlike(this.#rows, reply)
      : undefined;
  }
}
