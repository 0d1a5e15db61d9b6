/** What an answer says: its body's fields, Zoom's code and message, with no secret in them. */
import type { ResponseMetadata } from '../model/reply.js';
import type { Redact } from '../text/redact.js';
import type { Exchange } from './http-client.js';

export type Answered = Extract<Exchange, { kind: 'answered' }>;

/** The body's fields; none where it is no JSON object. */
export function bodyOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** In characters; a page of HTML is no message. */
const MESSAGE_LENGTH_MAX = 500;

/** Zoom's code and message, wherever they stand, and what its headers add. */
export function factsOf(
  answer: Answered,
  body: Readonly<Record<string, unknown>>,
  scrub: Redact,
): ResponseMetadata & { readonly http: number } {
  const { headers } = answer;
  const trackingId = headers['x-zm-trackingid'];
  const remaining =
    /^\d+$/.test(headers['x-ratelimit-remaining'] ?? '') && !/daily/i.test(headers['x-ratelimit-type'] ?? '');
  const number = codeOf(body.code) ?? codeOf(body.errorCode);
  return {
    http: answer.status,
    ...(number === undefined ? {} : { code: number }),
    message: shown(messageOf(answer, body), scrub),
    ...(trackingId === undefined ? {} : { trackingId: shown(trackingId, scrub) }),
    ...(remaining ? { remaining: Number(headers['x-ratelimit-remaining']) } : {}),
  };
}

/** A code that comes as a text means the same: to miss a 124 would fail every row. */
function codeOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

function messageOf(answer: Answered, body: Readonly<Record<string, unknown>>): string {
  const said = [body.message, body.errorMessage, body.reason].find(
    (text) => typeof text === 'string' && text !== '',
  );
  const fields = Array.isArray(body.errors)
    ? body.errors.flatMap((one: { field?: unknown; message?: unknown } | null) =>
        typeof one?.message === 'string'
          ? [`${typeof one.field === 'string' ? one.field : 'request'}: ${one.message}`]
          : [],
      )
    : [];
  const text = [...(said === undefined ? [] : [String(said)]), ...fields].join(' ');
  return text === '' ? `HTTP ${answer.status}` : text;
}

/** One line, no secret in it, even where Zoom echoes what it was sent. */
export function shown(text: string, scrub: Redact): string {
  const clean = scrub(text.replace(/Bearer\s+[\w.~+/=-]+/gi, 'Bearer ***'));
  const line = clean.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.length > MESSAGE_LENGTH_MAX ? `${line.slice(0, MESSAGE_LENGTH_MAX - 1)}…` : line;
}
