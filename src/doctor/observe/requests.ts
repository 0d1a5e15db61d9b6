/** Sends the requests of `doctor` through the one request path, with a few retries, and keeps what came back. */
import type { ApiClient, ObservedResponse } from '../../model/api.js';
import type { Call } from '../../model/call.js';
import type { Clock } from '../../model/clock.js';
import type { Reply, ResponseMetadata } from '../../model/reply.js';
import { EXIT, type Stop } from '../../model/stop.js';
import { decideRetry } from '../../resilience/retry-policy.js';

export type Outcome = ResponseMetadata & {
  /** `not-sent`: aborted, out of time, or without a token. */
  readonly type: Reply['type'] | 'not-sent';
  /** Why nothing of this kind can succeed. */
  readonly stop?: Stop;
  /** The body's fields; empty unless it is a success. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Whether the body came whole. */
  readonly complete: boolean;
  readonly locationId?: string;
  /** Whether the call may have taken effect all the same. */
  readonly ambiguous: boolean;
};

export type RequestsOptions = {
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

/** A wait that is longer is reported instead: nobody waits minutes for a diagnosis. */
const WAIT_MAX_MS = 5_000;

const ATTEMPTS_MAX = 4;

/** What Zoom may show late is looked for after these waits; 31 seconds in all. */
const LOOK_WAITS_MS: readonly number[] = [0, 1_000, 2_000, 4_000, 8_000, 16_000];

export class Requests {
  readonly #options: RequestsOptions;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Every response so far, refused ones included; the API client's observer adds them. */
  readonly responses: ObservedResponse[];

  constructor(options: RequestsOptions, responses: ObservedResponse[] = []) {
    this.#options = options;
    this.clock = options.clock;
    this.signal = options.signal;
    this.responses = responses;
  }

  /** The same, ended by another signal. */
  endedBy(signal: AbortSignal): Requests {
    return new Requests({ ...this.#options, signal }, this.responses);
  }

  async ask(call: Call): Promise<Outcome> {
    const { api, clock, signal } = this.#options;
    // A lost write is not sent again: its second answer would not tell what the first one did.
    const onLost = call.method === 'GET' ? 'resend' : 'judge';
    const replies: Reply[] = [];
    for (;;) {
      const result = await api.send(call, { signal });
      if (result.type === 'not-sent') {
        const message = result.stop?.message ?? 'no time was left for it';
        const notSent = { type: 'not-sent', message } as const;
        return toOutcome(result.stop ? notSent : (replies.at(-1) ?? notSent), replies, result.stop);
      }
      replies.push(result.reply);
      const decision = decideRetry({ onLost }, replies, Math.random);
      const stop = result.stop ?? (decision.type === 'stop' ? decision.stop : undefined);
      const isOver = stop !== undefined || replies.length >= ATTEMPTS_MAX || signal.aborted;
      if (isOver || decision.type !== 'retry' || decision.waitMs > WAIT_MAX_MS) {
        return toOutcome(result.reply, replies, stop);
      }
      await clock.sleep(decision.waitMs, signal);
    }
  }

  /** Looks until something is found; null if it never will be. @returns it, and the ms that it took */
  async lookFor<T>(
    look: () => Promise<T | null | undefined>,
  ): Promise<{ readonly found: T; readonly afterMs: number } | undefined> {
    const since = this.clock.monotonic();
    for (const waitMs of LOOK_WAITS_MS) {
      await this.clock.sleep(waitMs, this.signal);
      if (this.signal.aborted) return undefined;
      const afterMs = Math.round(this.clock.monotonic() - since);
      const found = await look();
      if (found === null) return undefined;
      if (found !== undefined) return { found, afterMs };
    }
    return undefined;
  }
}

function toOutcome(
  answer: Reply | { readonly type: 'not-sent'; readonly message: string },
  replies: readonly Reply[],
  stop?: Stop,
): Outcome {
  const mayHaveTakenEffect = replies.some((reply) => reply.type === 'transient' && reply.ambiguous);
  return {
    body: {},
    complete: false,
    ...answer,
    ...(stop === undefined ? {} : { stop }),
    ambiguous: answer.type !== 'success' && mayHaveTakenEffect,
  };
}

/** The elements of a list in a body, those that are objects. */
export function elementsOf(
  { body }: Outcome,
  listField: string,
): readonly Readonly<Record<string, unknown>>[] {
  const list = body[listField];
  if (!Array.isArray(list)) return [];
  return list.filter((element) => typeof element === 'object' && element !== null);
}

/** `HTTP 404, code 4130`; what came instead, if nothing answered. */
export function describeStatus({ httpStatus, code, type }: Outcome): string {
  if (httpStatus === undefined) return type === 'not-sent' ? 'not sent' : 'no answer';
  return code === undefined ? `HTTP ${httpStatus}` : `HTTP ${httpStatus}, code ${code}`;
}

/** Whether the same call may succeed later. */
export function mayWorkLater({ type, stop }: Outcome): boolean {
  if (stop) return stop.exit === EXIT.retryLater;
  return type === 'transient' || type === 'rate-limited' || type === 'quota-exceeded' || type === 'not-sent';
}
