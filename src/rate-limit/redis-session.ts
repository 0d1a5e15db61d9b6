/**
 * One limit for many processes on many machines: bottleneck's clustering through Redis decides whose turn
 * it is; without Redis each process goes on alone with its share, until Redis is back.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import Bottleneck from 'bottleneck';
import type { Redis } from 'ioredis';
import { EXIT, FatalError, usageError } from '../model/outcome.js';
import type { Pacer } from './limiter.js';
import { parseSaid, type Said } from './peers.js';
import { BEAT_MS, type Hearing, type Session, SharedTurns, type Sharing } from './shared-limiter.js';

export type SharedOptions = Sharing & {
  /** redis:// or rediss://, with user and password where there are any; it is never shown. */
  readonly url: string;
  /** What the processes have in common; Redis sees a hash of it. */
  readonly account: string;
};

/** What Redis keeps of a limit that nobody uses is gone after that. */
const KEYS_LAST_MS = 600_000;
/** An answer that Redis owes for so long does not come any more. */
const PATIENCE_MS = 3_000;
const LAST_WORD_MS = 500;

/**
 * Joins the limit of an account.
 * @throws FatalError (exit 2) without ioredis or with a malformed URL, (exit 3) where Redis can't be used
 */
export async function sharedPacer(options: SharedOptions): Promise<Pacer> {
  const { Redis } = await ioredis();
  const url = checked(options.url);
  const connect = () =>
    new Redis(options.url, {
      // A connection that broke is never mended: a new one is made, and everything on it set up anew.
      retryStrategy: () => null,
      connectTimeout: PATIENCE_MS,
      commandTimeout: PATIENCE_MS,
      // The first command tells as much; this check writes to the console where INFO is forbidden.
      enableReadyCheck: false,
      autoResubscribe: false,
    });
  const id = `zoom-im-groups-${createHash('sha256').update(options.account).digest('hex').slice(0, 32)}`;
  const shown = (error: unknown) => new Error(scrubbed(error, url));
  const turns = new SharedTurns(options, (minTimeMs, hearing) =>
    new RedisSession(connect(), id, minTimeMs, hearing, shown).ready(),
  );
  try {
    await turns.join();
    return turns;
  } catch (error) {
    await turns.close();
    throw new FatalError({
      exit: EXIT.actionRequired,
      reason: 'shared-limit',
      message: `the shared limit's Redis at ${url.host} can't be used: ${scrubbed(error, url)}`,
      hint: 'Check the address, the password, and that Redis runs. Without --shared-limit a process has the rate for itself.',
    });
  }
}

async function ioredis() {
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

function checked(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^rediss?:$/.test(url.protocol) && url.host !== '') return url;
  // The value is not shown: it may hold a password.
  throw usageError(
    '--shared-limit is not the address of a Redis',
    'Write redis://host:6379, or rediss:// for TLS.',
  );
}

/** An error's message without anything that the URL keeps secret. */
function scrubbed(error: unknown, { username, password, href }: URL): string {
  const message = error instanceof Error ? error.message || String(error) : String(error);
  const secrets = [href, password, decodeURIComponent(password), username, decodeURIComponent(username)];
  return secrets
    .filter((secret) => secret !== '')
    .reduce((text, secret) => text.replaceAll(secret, '***'), message);
}

class RedisSession implements Session {
  readonly #client: Redis;
  readonly #connection: Bottleneck.IORedisConnection;
  readonly #limiter: Bottleneck;
  readonly #gone = new AbortController();
  readonly #shown: (error: unknown) => Error;
  readonly #beat: NodeJS.Timeout;
  /** How much the clock of Redis is ahead of this machine's. */
  #aheadMs = 0;

  constructor(
    client: Redis,
    id: string,
    minTimeMs: number,
    hearing: Hearing,
    shown: (error: unknown) => Error,
  ) {
    this.#client = client;
    this.#shown = shown;
    client.on('error', this.#lose).on('end', () => this.#lose(new Error('the connection was closed')));
    this.#connection = new Bottleneck.IORedisConnection({ client });
    this.#connection.on('error', this.#lose);
    this.#goByRedisClock();
    this.#limiter = new Bottleneck({
      id,
      connection: this.#connection,
      minTime: minTimeMs,
      timeout: KEYS_LAST_MS,
    });
    this.#limiter.on('error', this.#lose);
    this.#limiter.ready().catch(this.#lose);
    this.#limiter.on('message', (text: string) => {
      const said = parseSaid(text);
      if (said) hearing.onSaid(said, this);
    });
    this.#beat = setInterval(() => {
      hearing.onBeat(this);
      this.#readClock().catch(this.#lose);
    }, BEAT_MS).unref();
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** @throws what Redis or the network says */
  async ready(): Promise<this> {
    const late = setTimeout(() => this.#lose(new Error('no answer')), 2 * PATIENCE_MS);
    const lost = new Promise<never>((_, reject) => {
      this.gone.addEventListener('abort', () => reject(this.gone.reason), { once: true });
    });
    try {
      await Promise.race([this.#readClock().then(() => this.#limiter.ready()), lost]);
      this.#limiter.clients().subscriber.on('end', () => this.#lose(new Error('the connection was closed')));
      return this;
    } catch (error) {
      this.#lose(error);
      await this.close();
      throw this.gone.reason;
    } finally {
      clearTimeout(late);
    }
  }

  pass(): Promise<boolean> {
    return new Promise((come) => {
      const leave = () => come(false);
      if (this.gone.aborted) return leave();
      this.gone.addEventListener('abort', leave, { once: true });
      this.#limiter
        .schedule(async () => come(true))
        .catch(this.#lose)
        .finally(() => this.gone.removeEventListener('abort', leave));
    });
  }

  say(said: Said): void {
    this.#limiter.publish(JSON.stringify(said)).catch(this.#lose);
  }

  setSpacing(minTimeMs: number): void {
    // A promise, whatever its type says.
    Promise.resolve(this.#limiter.updateSettings({ minTime: minTimeMs })).catch(this.#lose);
  }

  async close(last?: Said): Promise<void> {
    clearInterval(this.#beat);
    if (last && !this.gone.aborted) {
      const said = this.#limiter.publish(JSON.stringify(last)).catch(() => undefined);
      await Promise.race([said, sleep(LAST_WORD_MS, undefined, { ref: false })]);
    }
    this.#lose(new Error('the session was closed'));
    await this.#connection.disconnect(false);
    await this.#limiter.stop({ dropWaitingJobs: true }).catch(() => undefined);
  }

  /** An error comes first, and an end that says less follows it: the first reason stays. */
  readonly #lose = (error: unknown): void => {
    if (!this.gone.aborted) this.#gone.abort(this.#shown(error));
  };

  async #readClock(): Promise<void> {
    const before = Date.now();
    const [seconds, micros] = await this.#client.time();
    const here = (before + Date.now()) / 2;
    this.#aheadMs = Math.round(Number(seconds) * 1_000 + Number(micros) / 1_000 - here);
  }

  /**
   * bottleneck's scripts take each machine's own clock for the time, so that a machine whose clock is a
   * minute behind would wait a minute for each turn. This gives them the clock that all have in common.
   */
  #goByRedisClock(): void {
    const connection = this.#connection as unknown as { __scriptArgs__: ScriptArgs };
    const scriptArgs = connection.__scriptArgs__.bind(connection);
    connection.__scriptArgs__ = (name, id, [now, ...rest], done) =>
      scriptArgs(name, id, [now + this.#aheadMs, ...rest], done);
  }
}

/** How bottleneck 2.19.5 puts a script's arguments together: the time in ms comes first. */
type ScriptArgs = (name: string, id: string, args: readonly [number, ...unknown[]], done: unknown) => unknown;
