/** What a response says: its body's fields, Zoom's code and message, as one line with no secret in it. */
import type { ResponseMetadata } from '../model/reply.js';
import { replaceInvisible } from '../text/invisible-characters.js';
import type { Redact } from '../text/redact.js';
import type { Answered } from './http-client.js';

export type ResponseBody = {
  /** Empty if the body is no JSON object. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly isObject: boolean;
  /** A page of HTML: something between us and Zoom answered. */
  readonly isHtml: boolean;
  /** Nothing, or an object without fields. */
  readonly isEmpty: boolean;
};

export function parseBody({ body, headers }: Answered): ResponseBody {
  const fields = parseObject(body);
  const isHtml =
    fields === undefined &&
    (/^text\/html\b/i.test(headers['content-type'] ?? '') || /^\s*<(!doctype|html|head|body)\b/i.test(body));
  return {
    fields: fields ?? {},
    isObject: fields !== undefined,
    isHtml,
    isEmpty: body.trim() === '' || (fields !== undefined && Object.keys(fields).length === 0),
  };
}

/** The fields of a JSON object; undefined for anything else. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Status, Zoom's code and message, wherever they are, and the tracking id. */
export function describeResponse(
  response: Answered,
  body: ResponseBody,
  redact: Redact,
): ResponseMetadata & { readonly httpStatus: number } {
  const code = parseCode(body.fields.code) ?? parseCode(body.fields.errorCode);
  const trackingId = toLine(response.headers['x-zm-trackingid'] ?? '', redact);
  return {
    httpStatus: response.status,
    ...(code === undefined ? {} : { code }),
    message: toLine(findMessage(response, body), redact),
    ...(trackingId === '' ? {} : { trackingId }),
  };
}

/** A code that comes as a text means the same: a 124 that is not recognised would fail every row. */
function parseCode(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

function findMessage({ status }: Answered, { fields, isHtml }: ResponseBody): string {
  const message = [fields.message, fields.errorMessage, fields.reason].find(isText);
  const errors = fieldErrors(fields).map(({ field, message: text }) => `${field ?? 'request'}: ${text}`);
  const parts = [...(message === undefined ? [] : [message]), ...errors];
  if (parts.length > 0) return parts.join(' ');
  return isHtml ? `HTTP ${status}, with a web page instead of Zoom's JSON` : `HTTP ${status}`;
}

/** Beyond these, a message is too long anyway. */
const FIELD_ERRORS_MAX = 20;

/** Zoom's `errors:[{field,message}]`. */
export function fieldErrors(
  fields: Readonly<Record<string, unknown>>,
): readonly { readonly field?: string; readonly message: string }[] {
  if (!Array.isArray(fields.errors)) return [];
  return fields.errors.slice(0, FIELD_ERRORS_MAX).flatMap((error: unknown) => {
    if (typeof error !== 'object' || error === null || !('message' in error) || !isText(error.message))
      return [];
    const { message } = error;
    return 'field' in error && isText(error.field) ? [{ field: error.field, message }] : [{ message }];
  });
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** In characters. */
const LINE_LENGTH_MAX = 500;

/** More is never needed for a line, and a server may send megabytes. */
const READ_MAX = 5_000;

/** One line without control or bidi characters, and without secrets even if the server repeats what it was sent. */
export function toLine(text: string, redact: Redact): string {
  const line = replaceInvisible(text.slice(0, READ_MAX).replace(/\s+/g, ' '), () => '').trim();
  const clean = redact(line).replace(/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, '$1 ***');
  if (clean.length <= LINE_LENGTH_MAX) return clean;
  return `${clean.slice(0, LINE_LENGTH_MAX - 1).replace(/\p{Cs}$/u, '')}…`;
}
