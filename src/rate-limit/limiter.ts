/** One limiter for each rate label: of this process alone, or shared with others through Redis. */
import type { RateLabel } from '../model/call.js';
import { type Limiter, LocalLimiter } from './local-limiter.js';
import { openRedisLimiters } from './redis-limiter.js';

export type { Limiter } from './local-limiter.js';

export type LimiterOptions = {
  /** Requests/s at the start. */
  readonly rateFor: (label: RateLabel) => number;
  /** A Redis URL; it may hold a password and is never shown. */
  readonly sharedLimit?: string;
  /** Processes that name the same account share a limit. */
  readonly account: string;
  /** Redis is out of reach: the limiters keep to their share of the rate. */
  readonly onTrouble: (message: string) => void;
  readonly onRecovery: () => void;
};

export type Limiters = {
  /** Always the same limiter for a label, made on first use. */
  limiterFor(label: RateLabel): Promise<Limiter>;
  close(): Promise<void>;
};

/** @throws FatalError if the URL is none of Redis, ioredis is not installed, or Redis can't be used */
export async function openLimiters(options: LimiterOptions): Promise<Limiters> {
  const { rateFor, sharedLimit } = options;
  if (sharedLimit !== undefined) return openRedisLimiters({ ...options, url: sharedLimit });
  const limiters = new Map<RateLabel, LocalLimiter>();
  return {
    limiterFor: async (label) => {
      const limiter = limiters.get(label) ?? new LocalLimiter(rateFor(label));
      limiters.set(label, limiter);
      return limiter;
    },
    close: async () => {
      await Promise.all([...limiters.values()].map((limiter) => limiter.close()));
    },
  };
}
