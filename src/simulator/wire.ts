/** Request bodies, responses, errors and pages as Zoom has them on the wire. */
import { brotliCompressSync, gzipSync } from 'node:zlib';

export type HttpResponse = {
  readonly status: number;
  /** A string is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

export type FieldError = { readonly field: string; readonly message: string };

/** Zoom's error body has its own code besides the HTTP status. */
export function errorResponse(status: number, code: number, message: string): HttpResponse {
  return { status, body: { code, message } };
}

export function validationError(errors: readonly FieldError[]): HttpResponse {
  return { status: 400, body: { code: 300, message: 'Validation Failed.', errors } };
}

/** A field of a form is a string, or a list if it was sent several times. */
export type RequestBody = {
  readonly type: 'json' | 'form' | 'none' | 'unsupported' | 'malformed';
  readonly fields: Readonly<Record<string, unknown>>;
};

/** Parses a body by its media type; Node's Request class parses the forms. */
export async function parseBody(mediaType: string, bytes: Buffer): Promise<RequestBody> {
  if (bytes.length === 0) return { type: 'none', fields: {} };
  try {
    if (/^application\/json\b/i.test(mediaType)) return parseJson(bytes);
    if (/^multipart\/form-data\b/i.test(mediaType)) return await parseForm(mediaType, bytes);
  } catch {
    return { type: 'malformed', fields: {} };
  }
  return { type: 'unsupported', fields: {} };
}

function parseJson(bytes: Buffer): RequestBody {
  const value: unknown = JSON.parse(bytes.toString());
  return isObject(value) ? { type: 'json', fields: value } : { type: 'malformed', fields: {} };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function parseForm(mediaType: string, bytes: Buffer): Promise<RequestBody> {
  const init = { method: 'POST', headers: { 'content-type': mediaType }, body: new Uint8Array(bytes) };
  const form = await new Request('http://simulator', init).formData();
  const fields = [...new Set(form.keys())].map((field) => {
    const values = form.getAll(field);
    return [field, values.length === 1 ? values[0] : values] as const;
  });
  return { type: 'form', fields: Object.fromEntries(fields) };
}

/** The error for a body of another media type than the call accepts; undefined if it is accepted. */
export function rejectBody(
  { type }: RequestBody,
  accepted: readonly RequestBody['type'][],
): HttpResponse | undefined {
  if (type === 'malformed') return errorResponse(400, 300, 'Request Body should be a valid JSON object.');
  return accepted.includes(type) || type === 'none'
    ? undefined
    : errorResponse(415, 415, 'Unsupported Media Type');
}

/** Whether a request was answered before it could be read any further. */
export function isResponse(value: object): value is HttpResponse {
  return 'status' in value && typeof value.status === 'number';
}

/** The bytes of a body, compressed if a coding is given, and the headers that describe them. */
export function encodeResponse(
  { body, headers }: HttpResponse,
  coding: 'gzip' | 'br' | undefined,
): { readonly bytes: Buffer; readonly headers: Readonly<Record<string, string>> } {
  const text = formatBody(body);
  const bytes = Buffer.from(text);
  if (text === '') return { bytes, headers: { ...headers } };
  const contentType = text.startsWith('<') ? 'text/html' : 'application/json;charset=UTF-8';
  const described = { 'content-type': contentType, ...headers };
  if (coding === undefined) return { bytes, headers: described };
  const compressed = coding === 'br' ? brotliCompressSync(bytes) : gzipSync(bytes);
  return { bytes: compressed, headers: { ...described, 'content-encoding': coding } };
}

export function formatBody(body: unknown): string {
  if (body === undefined) return '';
  return typeof body === 'string' ? body : JSON.stringify(body);
}

const TOKEN_LIFETIME_MS = 15 * 60_000;

/** The requested page out of all items. @param format the fields of the body that show the page's items */
export function respondWithPage<T>(
  all: readonly T[],
  { query, now }: { readonly query: URLSearchParams; readonly now: number },
  sizes: { readonly default: number; readonly max: number },
  format: (items: readonly T[]) => object,
): HttpResponse {
  const page_size = Number(query.get('page_size') ?? sizes.default);
  if (!Number.isInteger(page_size) || page_size < 1 || page_size > sizes.max) {
    return validationError([{ field: 'page_size', message: `Must be 1 to ${sizes.max}.` }]);
  }
  const start = parseToken(query.get('next_page_token') ?? '', now);
  if (start === undefined) return errorResponse(400, 300, 'The next page token is invalid or expired.');
  const end = start + page_size;
  const isLast = end >= all.length;
  const next_page_token = isLast ? '' : Buffer.from(`${end}.${Math.floor(now)}`).toString('base64url');
  return { status: 200, body: { page_size, next_page_token, ...format(all.slice(start, end)) } };
}

/** The index that a token stands for; undefined if it is invalid or expired. */
function parseToken(token: string, now: number): number | undefined {
  if (token === '') return 0;
  const [, start, issuedAt] = /^(\d+)\.(\d+)$/.exec(Buffer.from(token, 'base64url').toString()) ?? [];
  return start !== undefined && now - Number(issuedAt) < TOKEN_LIFETIME_MS ? Number(start) : undefined;
}
