/** A session that leaves nothing to be settled: one phase after the other, until the run drains. */
import type { Phase, Session } from './resource.js';

export function createSession(createPhases: () => Iterable<Phase>): Session {
  let phases = createPhases()[Symbol.iterator]();
  return {
    next: (draining) => (draining ? undefined : phases.next().value),
    restart: () => {
      phases = createPhases()[Symbol.iterator]();
    },
  };
}
