/** What a client sent, as far as it can be read: a media type and fields. */
import type { IncomingMessage } from 'node:http';
import { type Answer, problem } from './answer.js';

/** Each field is still as it was sent: in a form a word, or several where the field came several times. */
export type Sent = {
  readonly kind: 'json' | 'form' | 'none' | 'other' | 'broken';
  readonly fields: Readonly<Record<string, unknown>>;
};

/** The whole body; undefined where the client goes away before its end. */
export async function bytesOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of request) pieces.push(piece);
  } catch {
    return undefined;
  }
  return Buffer.concat(pieces);
}

/** Reads a body as its media type says; Node's own Request understands forms. */
export async function readSent(request: IncomingMessage, body: Buffer): Promise<Sent> {
  const type = request.headers['content-type'] ?? '';
  if (body.length === 0) return { kind: 'none', fields: {} };
  try {
    if (/^application\/json\b/i.test(type)) return jsonOf(body);
    if (/^multipart\/form-data\b/i.test(type)) return await formOf(type, body);
  } catch {
    return { kind: 'broken', fields: {} };
  }
  return { kind: 'other', fields: {} };
}

function jsonOf(body: Buffer): Sent {
  const parsed: unknown = JSON.parse(body.toString());
  const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  return isObject
    ? { kind: 'json', fields: parsed as Record<string, unknown> }
    : { kind: 'broken', fields: {} };
}

async function formOf(type: string, body: Buffer): Promise<Sent> {
  const init = { method: 'POST', headers: { 'content-type': type }, body: new Uint8Array(body) };
  const form = await new Request('http://stand.in', init).formData();
  const read = [...new Set(form.keys())].map((field) => {
    const values = form.getAll(field);
    return [field, values.length === 1 ? values[0] : values] as const;
  });
  return { kind: 'form', fields: Object.fromEntries(read) };
}

/** The refusal of a body that is in none of the kinds that a call reads; undefined where it is in one. */
export function unreadable({ kind }: Sent, reads: readonly Sent['kind'][]): Answer | undefined {
  if (kind === 'broken') return problem(400, 300, 'Request Body should be a valid JSON object.');
  return reads.includes(kind) || kind === 'none' ? undefined : problem(415, 415, 'Unsupported Media Type');
}
