/** The one way to Zoom, as everything above `zoom/` sees it. */
import type { Call, RateLabel } from './call.js';
import type { Reply } from './reply.js';
import type { Stop } from './stop.js';

/** The speed of one label changed, or every request of that label pauses. */
export type PaceChange = {
  readonly label: RateLabel;
  /** From now on; fractions are possible while it grows back. */
  readonly perSecond: number;
  readonly pauseMs: number;
  readonly reason: string;
};

export type SendOptions = {
  readonly signal: AbortSignal;
  /**
   * Called synchronously right before the request leaves, when it has its slot and its token. Returning false
   * withholds the request.
   */
  readonly beforeSend?: () => boolean;
};

/**
 * `stop` is present if an outage, or what prevented the request, ends the whole run. A `fatal` reply has its own stop,
 * and the caller decides about it.
 */
export type SendResult =
  | { readonly type: 'replied'; readonly reply: Reply; readonly stop?: Stop }
  /** Nothing left this machine: aborted, withheld, no quota, no token. */
  | { readonly type: 'not-sent'; readonly stop?: Stop };

/** What a response has besides its reply. Secrets are redacted, cookies left out. */
export type ObservedResponse = {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Wall clock when the request was sent and when the response was complete, in ms since 1970. */
  readonly sentAt: number;
  readonly receivedAt: number;
};

/** Sees every response before its reply is returned. */
export type ObserveResponse = (call: Call, response: ObservedResponse) => void;

/**
 * Every request gets its token, takes a slot of its label's limiter, and then leaves. It never retries: the caller
 * sends the call again, which takes another slot.
 */
export type ApiClient = {
  send(call: Call, options: SendOptions): Promise<SendResult>;
};
