/** An API client on a virtual clock: slots by label, a latency, and replies from a script instead of Zoom. */
import type { ApiClient, SendResult } from '../../src/model/api.js';
import type { Call, RateLabel } from '../../src/model/call.js';
import type { Reply } from '../../src/model/reply.js';
import type { VirtualClock } from './virtual-clock.js';

/** One request as the script receives it. */
export type Request = {
  readonly call: Call;
  /** When it was sent, in ms on the clock. */
  readonly at: number;
  /** 1 for the first request of all. */
  readonly nth: number;
  /** 1 for the first request with this method and path. */
  readonly attempt: number;
};

export type SentRequest = Request & { answeredAt: number };

export type ApiScript = {
  readonly clock: VirtualClock;
  /** What a request leads to, when it is answered; what it throws, `send` throws. */
  readonly answer: (request: Request) => Reply | SendResult;
  /** Called when the request leaves. */
  readonly onSend?: (request: Request) => void;
  /** Called when a request has its slot. */
  readonly onSlot?: () => void;
  readonly perSecond?: Partial<Record<RateLabel, number>>;
  readonly latencyMs?: number | ((request: Request) => number);
};

export type ScriptedApi = ApiClient & { readonly sent: readonly SentRequest[] };

const NEVER = new AbortController().signal;

export function createScriptedApi(script: ApiScript): ScriptedApi {
  const { clock, answer, onSend, onSlot, perSecond = {}, latencyMs = 100 } = script;
  const sent: SentRequest[] = [];
  const attempts = new Map<string, number>();
  const freeAt = new Map<RateLabel, number>();
  const takeSlot = async (label: RateLabel, signal: AbortSignal): Promise<void> => {
    const at = Math.max(clock.now(), freeAt.get(label) ?? 0);
    freeAt.set(label, at + 1_000 / (perSecond[label] ?? 80));
    if (at > clock.now()) await clock.sleep(at - clock.now(), signal);
    onSlot?.();
  };
  return {
    sent,
    send: async (call, { signal, beforeSend }) => {
      await takeSlot(call.label, signal);
      if (signal.aborted || beforeSend?.() === false) return { type: 'not-sent' };
      const target = `${call.method} ${call.path}`;
      const attempt = (attempts.get(target) ?? 0) + 1;
      attempts.set(target, attempt);
      const request = { call, at: clock.now(), nth: sent.length + 1, attempt, answeredAt: Infinity };
      sent.push(request);
      onSend?.(request);
      await clock.sleep(typeof latencyMs === 'number' ? latencyMs : latencyMs(request), NEVER);
      request.answeredAt = clock.now();
      const result = answer(request);
      return result.type === 'replied' || result.type === 'not-sent'
        ? result
        : { type: 'replied', reply: result };
    },
  };
}
