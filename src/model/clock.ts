/** Time, and waiting in it. Supplied by the caller, so that a test can bring its own. */
export type Clock = {
  /** Wall clock, in ms since 1970: for records and messages. */
  now(): number;
  /** ms of a clock that never goes back: for rates, waits and deadlines. */
  monotonic(): number;
  /** Resolves after that many ms, or at once when the signal aborts. */
  sleep(waitMs: number, signal: AbortSignal): Promise<void>;
};
