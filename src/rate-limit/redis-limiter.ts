/**
 * One limit for processes on several machines: bottleneck's clustering through Redis grants the slots. While Redis is
 * out of reach, each process keeps to its share of the rate.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RateLabel } from '../model/call.js';
import { createStop, FatalError } from '../model/stop.js';
import { type Limiter, LocalLimiter } from './local-limiter.js';
import { createConnector, type RedisSession } from './redis-session.js';

type RedisLimiterOptions = {
  readonly url: string;
  readonly account: string;
  readonly rateFor: (label: RateLabel) => number;
  readonly onTrouble: (message: string) => void;
  readonly onRecovery: () => void;
};

const RECONNECT_AFTER_MS = 1_000;
/** After Redis is back, all processes have reconnected by then, and none keeps to its share any more. */
const SETTLE_MS = 1_500;

export async function openRedisLimiters(
  options: RedisLimiterOptions,
): Promise<{ limiterFor(label: RateLabel): Promise<Limiter>; close(): Promise<void> }> {
  const { connect, host } = await createConnector(options.url, options.account);
  const limiters = new RedisLimiters(options, connect);
  try {
    await limiters.connect();
    return limiters;
  } catch (error) {
    await limiters.close();
    throw new FatalError(
      createStop(
        'shared-limit',
        `the Redis of --shared-limit at ${host} can't be used: ${messageOf(error)}`,
        'Check the address, the password, and that Redis is running. Without --shared-limit, a process uses the whole rate by itself.',
      ),
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

class RedisLimiters {
  readonly #options: RedisLimiterOptions;
  readonly #connect: () => Promise<RedisSession>;
  readonly #limiters = new Map<RateLabel, LocalLimiter>();
  readonly #opening = new Map<RateLabel, Promise<Limiter>>();
  readonly #closing = new AbortController();
  #session: RedisSession | undefined;
  #isReconnecting = false;

  constructor(options: RedisLimiterOptions, connect: () => Promise<RedisSession>) {
    this.#options = options;
    this.#connect = connect;
  }

  limiterFor(label: RateLabel): Promise<Limiter> {
    const opening = this.#opening.get(label) ?? this.#open(label);
    this.#opening.set(label, opening);
    return opening;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#session?.close();
    await Promise.all([...this.#limiters.values()].map((limiter) => limiter.close()));
  }

  /** @throws Error whose message may be shown */
  async connect(): Promise<void> {
    const session = await this.#connect();
    try {
      for (const [label, limiter] of this.#limiters)
        limiter.useSharedSlots(await session.join(label, limiter.fullWindow));
      if (this.#closing.signal.aborted) throw new Error('closed');
      session.lost.throwIfAborted();
    } catch (error) {
      await session.close();
      throw error;
    }
    this.#session = session;
    session.lost.addEventListener('abort', () => this.#onLost(session), { once: true });
  }

  async #open(label: RateLabel): Promise<Limiter> {
    const limiter = new LocalLimiter(this.#options.rateFor(label));
    this.#limiters.set(label, limiter);
    const session = this.#session;
    try {
      if (session) limiter.useSharedSlots(await session.join(label, limiter.fullWindow));
    } catch {
      // The session is lost then, and says so.
    }
    // Labels that were in use when Redis was lost know how many processes there are.
    if (this.#isReconnecting)
      limiter.divideAmong(Math.max(...[...this.#limiters.values()].map((l) => l.processes)));
    return limiter;
  }

  #onLost(session: RedisSession): void {
    if (this.#closing.signal.aborted || this.#session !== session) return;
    this.#session = undefined;
    void session.close();
    const shares = [...this.#limiters].map(([label, limiter]) => {
      // Lost again before all were back, the session has not counted all.
      limiter.divideAmong(this.#isReconnecting ? limiter.processes : session.countProcesses(label));
      return `${label} ${Number(limiter.share.toFixed(2))} requests/s (${limiter.processes} processes)`;
    });
    if (this.#isReconnecting) return;
    this.#isReconnecting = true;
    this.#options.onTrouble(
      `the shared limit's Redis is out of reach (${messageOf(session.lost.reason)}): continuing with a share of the rate until it is back: ${shares.join(', ')}`,
    );
    void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    const { signal } = this.#closing;
    const wait = (ms: number) => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
    while (!signal.aborted) {
      await wait(RECONNECT_AFTER_MS);
      // The cause is in the log already.
      if (!this.#session && !signal.aborted) await this.connect().catch(() => undefined);
      const session = this.#session;
      if (!session) continue;
      await wait(SETTLE_MS);
      await session.count();
      if (this.#session === session && !session.lost.aborted) break;
    }
    this.#isReconnecting = false;
    if (signal.aborted) return;
    for (const limiter of this.#limiters.values()) limiter.divideAmong(1);
    this.#options.onRecovery();
  }
}
