/** One connection to Redis: bottleneck's clusters by label, the clock of Redis, and how many processes there are. */
import { createHash } from 'node:crypto';
import Bottleneck from 'bottleneck';
import type { Redis } from 'ioredis';
import type { RateLabel } from '../model/call.js';
import { usageError } from '../model/stop.js';
import { findUrlSecrets } from '../text/redact.js';
import type { SharedSlots } from './local-limiter.js';
import type { Window } from './slot-queue.js';

/** Redis forgets a limit that has not been used for so long. */
const EXPIRE_AFTER_MS = 600_000;
const ANSWER_TIMEOUT_MS = 3_000;
/** Short, so that a process that has just joined is counted when Redis is lost. */
const POLL_EVERY_MS = 500;

/** @throws FatalError (exit 2) if the URL is none of Redis, or ioredis is not installed */
export async function createConnector(
  text: string,
  account: string,
): Promise<{ readonly host: string; readonly connect: () => Promise<RedisSession> }> {
  const url = parseRedisUrl(text);
  const { Redis } = await importIoredis();
  const id = `zoom-im-groups-${createHash('sha256').update(account).digest('hex').slice(0, 32)}`;
  const connect = async () => {
    const client = new Redis(text, {
      // A connection that broke is replaced, with everything on it.
      retryStrategy: () => null,
      connectTimeout: ANSWER_TIMEOUT_MS,
      commandTimeout: ANSWER_TIMEOUT_MS,
      // The first command is check enough; this one prints to the console if INFO is forbidden.
      enableReadyCheck: false,
      autoResubscribe: false,
    });
    const session = new RedisSession(client, id, (error) => new Error(hideSecrets(error, url)));
    await session.open();
    return session;
  };
  return { host: url.host, connect };
}

async function importIoredis() {
  try {
    return await import('ioredis');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw usageError(
      '--shared-limit needs the package ioredis, which is not installed',
      'Run: npm install ioredis@5',
    );
  }
}

function parseRedisUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^rediss?:$/.test(url.protocol) && url.host !== '') return url;
  // The value is not shown: it may hold a password.
  throw usageError(
    '--shared-limit is not the URL of a Redis',
    'Use redis://host:6379, or rediss:// for TLS.',
  );
}

/** An error's message without the secrets of the URL. */
function hideSecrets(error: unknown, url: URL): string {
  const message = error instanceof Error ? error.message || String(error) : String(error);
  return [url.href, ...findUrlSecrets(url)].reduce((text, secret) => text.replaceAll(secret, '***'), message);
}

/** What bottleneck 2.19.5 has inside its connection. A script's arguments begin with the time in ms. */
type ConnectionInternals = {
  readonly subscriber: Redis;
  __scriptArgs__(name: string, id: string, args: readonly unknown[], done: unknown): unknown;
};

export class RedisSession {
  readonly #client: Redis;
  readonly #id: string;
  readonly #toError: (error: unknown) => Error;
  readonly #connection: Bottleneck.IORedisConnection;
  readonly #limiters = new Map<RateLabel, Bottleneck>();
  readonly #counts = new Map<RateLabel, number>();
  readonly #lost = new AbortController();
  #poll: NodeJS.Timeout | undefined;
  /** The time of Redis, less that of this process's monotonic clock; and by how much that may be wrong. */
  #clockOffset = { ms: 0, errorMs: Number.POSITIVE_INFINITY };

  /** @param toError removes secrets from an error */
  constructor(client: Redis, id: string, toError: (error: unknown) => Error) {
    this.#client = client;
    this.#id = id;
    this.#toError = toError;
    this.#connection = new Bottleneck.IORedisConnection({ client });
    this.#connection.on('error', this.#lose);
    const internals = this.#connection as unknown as ConnectionInternals;
    for (const each of [client, internals.subscriber]) {
      each.on('error', this.#lose).on('end', () => this.#lose(new Error('the connection was closed')));
    }
    this.#useRedisClock(internals);
  }

  /** Aborts when the connection is lost, with an error that may be shown. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** @throws Error that may be shown */
  async open(): Promise<void> {
    try {
      await this.#orLost(this.#readClock());
    } catch (error) {
      this.#lose(error);
      await this.close();
      throw this.lost.reason;
    }
    const poll = () => this.#readClock().then(() => this.count());
    this.#poll = setInterval(() => poll().catch(this.#lose), POLL_EVERY_MS).unref();
  }

  /** @throws Error that may be shown */
  async join(label: RateLabel, window: Window): Promise<SharedSlots> {
    const limiter = new Bottleneck({
      id: `${this.#id}-${label}`,
      connection: this.#connection,
      minTime: minTimeFor(window),
      timeout: EXPIRE_AFTER_MS,
    });
    limiter.on('error', this.#lose);
    this.#limiters.set(label, limiter);
    await this.#orLost(limiter.ready()).catch(this.#lose);
    // An earlier run may have left another rate.
    await this.#orLost(setMinTime(limiter, window)).catch(this.#lose);
    await this.count();
    this.lost.throwIfAborted();
    return {
      grant: () => this.#grant(limiter),
      isAvailable: () => !this.lost.aborted,
      setWindow: (next) => {
        if (!this.lost.aborted) setMinTime(limiter, next).catch(this.#lose);
      },
    };
  }

  /** How many processes use the label's limit, this one among them, as last counted. */
  countProcesses(label: RateLabel): number {
    return Math.max(1, this.#counts.get(label) ?? 1);
  }

  /** Each process subscribes once to the channel of each limit it uses. */
  async count(): Promise<void> {
    try {
      for (const [label, limiter] of this.#limiters) {
        const [, subscribers] = await this.#orLost(this.#client.pubsub('NUMSUB', limiter.channel()));
        this.#counts.set(label, Number(subscribers));
      }
    } catch (error) {
      this.#lose(error);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#poll);
    this.#lose(new Error('the session was closed'));
    await this.#connection.disconnect(false);
    const stopping = [...this.#limiters.values()].map((limiter) => limiter.stop({ dropWaitingJobs: true }));
    await Promise.allSettled(stopping);
  }

  #grant(limiter: Bottleneck): Promise<boolean> {
    return new Promise((resolve) => {
      const onLost = () => resolve(false);
      if (this.lost.aborted) return onLost();
      this.lost.addEventListener('abort', onLost, { once: true });
      limiter
        .schedule(async () => resolve(true))
        .catch(this.#lose)
        .finally(() => this.lost.removeEventListener('abort', onLost));
    });
  }

  /** The first reason stays: a close that says less follows an error. */
  readonly #lose = (error: unknown): void => {
    if (!this.lost.aborted) this.#lost.abort(this.#toError(error));
  };

  /** bottleneck's promises may never settle if the connection breaks. */
  #orLost<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const onLost = () => reject(this.lost.reason);
      if (this.lost.aborted) onLost();
      this.lost.addEventListener('abort', onLost, { once: true });
      work.then(resolve, reject).finally(() => this.lost.removeEventListener('abort', onLost));
    });
  }

  async #readClock(): Promise<void> {
    const before = performance.now();
    const [seconds, micros] = await this.#client.time();
    const after = performance.now();
    const errorMs = (after - before) / 2;
    // The clocks drift apart by less than 1 ms between two polls; a reading that took long is worse than an older one.
    const isBetter = errorMs <= this.#clockOffset.errorMs + 1;
    const ms = Number(seconds) * 1_000 + Number(micros) / 1_000 - (before + after) / 2;
    this.#clockOffset = isBetter
      ? { ms, errorMs }
      : { ms: this.#clockOffset.ms, errorMs: this.#clockOffset.errorMs + 1 };
  }

  /**
   * bottleneck's scripts take each machine's wall clock for the time, so that one that is a minute behind would wait a
   * minute for each slot. They get the time of Redis.
   */
  #useRedisClock(internals: ConnectionInternals): void {
    const scriptArgs = internals.__scriptArgs__.bind(internals);
    internals.__scriptArgs__ = (name, id, [, ...rest], done) =>
      scriptArgs(name, id, [Math.round(performance.now() + this.#clockOffset.ms), ...rest], done);
  }
}

/** Whole ms: with a fraction, bottleneck asks Redis for an expiry that it refuses. */
function minTimeFor({ starts, ms }: Window): number {
  return Math.ceil(ms / starts);
}

async function setMinTime(limiter: Bottleneck, window: Window): Promise<void> {
  // updateSettings returns a promise, whatever its type says.
  await Promise.resolve(limiter.updateSettings({ minTime: minTimeFor(window) }));
}
