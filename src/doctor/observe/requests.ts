/** Sends the requests of `doctor` through the one request path, with a few retries, and keeps what came back. */
import type { ApiClient, ObservedResponse } from '../../model/api.js';
import type { Call } from '../../model/call.js';
import type { Clock } from '../../model/clock.js';
import type { Reply } from '../../model/reply.js';
import { EXIT, type Stop } from '../../model/stop.js';
import { decideRetry } from '../../resilience/retry-policy.js';

/** What one call came to. */
export type Outcome = {
  /** `not-sent`: aborted, out of time, or without a token. */
  readonly type: Reply['type'] | 'not-sent';
  readonly httpStatus?: number;
  readonly code?: number;
  /** Zoom's words. */
  readonly message: string;
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
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
};

/** A wait that is longer is reported instead: nobody waits minutes for a diagnosis. */
const WAIT_MAX_MS = 5_000;

const ATTEMPTS_MAX = 4;

export class Requests {
  readonly clock: Clock;
  readonly #options: RequestsOptions;
  readonly #responses: { readonly call: Call; readonly response: ObservedResponse }[] = [];

  constructor(options: RequestsOptions) {
    this.#options = options;
    this.clock = options.clock;
  }

  /** Every response so far, refused ones included. */
  get responses(): readonly { readonly call: Call; readonly response: ObservedResponse }[] {
    return this.#responses;
  }

  /** Takes what the API client observes. */
  observe(call: Call, response: ObservedResponse): void {
    this.#responses.push({ call, response });
  }

  /** @param beforeSend called right before each attempt leaves; false withholds it */
  async ask(call: Call, signal: AbortSignal, beforeSend?: () => boolean): Promise<Outcome> {
    const { api, clock, random } = this.#options;
    const replies: Reply[] = [];
    for (;;) {
      const result = await api.send(call, { signal, ...(beforeSend ? { beforeSend } : {}) });
      if (result.type === 'not-sent') {
        const last = replies.at(-1);
        return last && !result.stop ? toOutcome(last, replies) : notSent(result.stop, replies);
      }
      replies.push(result.reply);
      if (result.stop) return toOutcome(result.reply, replies, result.stop);
      const onLost = call.method === 'POST' || call.method === 'PATCH' ? 'judge' : 'resend';
      const decision = decideRetry({ onLost }, replies, random);
      const isOver = replies.length >= ATTEMPTS_MAX || signal.aborted;
      if (decision.type === 'stop') return toOutcome(result.reply, replies, decision.stop);
      if (decision.type === 'judge' || isOver || decision.waitMs > WAIT_MAX_MS) {
        return toOutcome(result.reply, replies);
      }
      await clock.sleep(decision.waitMs, signal);
    }
  }
}

function notSent(stop: Stop | undefined, replies: readonly Reply[]): Outcome {
  return {
    type: 'not-sent',
    message: stop?.message ?? 'no time was left for it',
    ...(stop === undefined ? {} : { stop }),
    body: {},
    complete: false,
    ambiguous: mayHaveTakenEffect(replies),
  };
}

function toOutcome(reply: Reply, replies: readonly Reply[], stop?: Stop): Outcome {
  const { type, httpStatus, code, message } = reply;
  return {
    type,
    message,
    ...(httpStatus === undefined ? {} : { httpStatus }),
    ...(code === undefined ? {} : { code }),
    ...(stop === undefined ? {} : { stop }),
    body: type === 'success' ? reply.body : {},
    complete: type === 'success' && reply.complete,
    ...(type === 'success' && reply.locationId !== undefined ? { locationId: reply.locationId } : {}),
    ambiguous: type !== 'success' && mayHaveTakenEffect(replies),
  };
}

function mayHaveTakenEffect(replies: readonly Reply[]): boolean {
  return replies.some((reply) => reply.type === 'transient' && reply.ambiguous);
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
