/** Text encodings: any that a spreadsheet exports, decoded to UTF-8 and encoded again. */
import { isUtf8 } from 'node:buffer';
import { usageError } from '../model/stop.js';
import { type CsvError, csvError } from './csv-error.js';
import { findOtherFormat } from './file-signature.js';

/** A decoded text file: its content as UTF-8, without the byte order mark, in pieces as the source has them. */
export type Decoded = {
  /** The encoding's name in the WHATWG list, e.g. `utf-8`, `utf-16le`, `windows-1252`. */
  readonly encoding: string;
  /** Whether the file began with a byte order mark. */
  readonly bom: boolean;
  readonly pieces: AsyncGenerator<Buffer, void>;
};

const MARKS: readonly (readonly [string, readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];

const UPPER_BYTES = Uint8Array.from({ length: 128 }, (_, i) => 128 + i);
/** windows-1252 from 0x80 on; Node's decoder turns some of its letters into control characters. */
const WESTERN: string = `€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ${Buffer.from(UPPER_BYTES.subarray(32)).toString('latin1')}`;
const SINGLE_BYTE = /^(windows-|iso-8859-|koi8-|ibm866$|macintosh$|x-mac-)/;

/** The upper 128 characters of a single-byte encoding; undefined for any other. */
function upperHalf(encoding: string): string | undefined {
  if (!SINGLE_BYTE.test(encoding)) return undefined;
  return encoding === 'windows-1252' ? WESTERN : new TextDecoder(encoding).decode(UPPER_BYTES);
}

function parseLabel(encoding: string): string {
  try {
    return new TextDecoder(encoding).encoding;
  } catch {
    throw usageError(
      `--encoding ${JSON.stringify(encoding)} is not a known encoding`,
      'Common ones: utf-8, windows-1252, iso-8859-15, utf-16le, macintosh, shift_jis, gb18030.',
    );
  }
}

/** Reads the first bytes, detects the encoding, and decodes. A byte order mark takes precedence over `label`. */
export async function decodeBytes(
  source: AsyncIterable<Uint8Array>,
  label: string | undefined,
): Promise<Decoded> {
  const given = label === undefined ? undefined : parseLabel(label);
  const chunks = source[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 512) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = head.length === 0 ? asBuffer(next.value) : Buffer.concat([head, next.value]);
  }
  const mark = MARKS.find(([, bytes]) => bytes.every((byte, i) => head[i] === byte));
  const otherFormat = mark ? undefined : findOtherFormat(head, given !== undefined);
  if (otherFormat) {
    await chunks.return?.();
    throw otherFormat;
  }
  const encoding = mark?.[0] ?? given ?? 'utf-8';
  const start = mark?.[1].length ?? 0;
  const content = prepend(head.subarray(start), chunks);
  const pieces = encoding === 'utf-8' ? checkUtf8(content, start) : transcode(content, encoding);
  return { encoding, bom: mark !== undefined, pieces };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

async function* prepend(head: Buffer, chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Buffer, void> {
  try {
    yield head;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield asBuffer(next.value);
  } finally {
    await chunks.return?.();
  }
}

/** Line endings (CRLF, LF, CR) in a piece; `before` is the byte in front of it. */
function countLines(bytes: Uint8Array, before: number): number {
  let count = 0;
  let last = before;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 13 || (byte === 10 && last !== 13)) count += 1;
    last = byte;
  }
  return count;
}

function sequenceLength(lead: number): number {
  if (lead < 0xc0) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

/** The length of a piece without a last character that is incomplete. */
function wholeLength(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes.length;
    if (byte >= 0xc0) return sequenceLength(byte) > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

function findInvalidUtf8(bytes: Buffer): number {
  for (let at = 0; at < bytes.length; ) {
    const size = sequenceLength(bytes[at] ?? 0);
    if (!isUtf8(bytes.subarray(at, at + size))) return at;
    at += size;
  }
  return bytes.length;
}

async function* checkUtf8(pieces: AsyncIterable<Buffer>, start: number): AsyncGenerator<Buffer, void> {
  let line = 1;
  let offset = start;
  let last = 0;
  let rest: Buffer = Buffer.alloc(0);
  const createError = (bytes: Buffer): CsvError => {
    const at = findInvalidUtf8(bytes);
    const byte = `0x${(bytes[at] ?? 0).toString(16).toUpperCase().padStart(2, '0')}`;
    const here = line + countLines(bytes.subarray(0, at), last);
    const text = fromSingleByte(bytes.toString('latin1', Math.max(0, at - 40), at + 40), WESTERN);
    const nearby = text.split(/[\r\n]+/).find((part) => /[^\0-\x7f]/.test(part)) ?? text;
    const message = `byte ${offset + at + 1} of the file, ${byte}, is not UTF-8: save it as "CSV UTF-8", or add --encoding windows-1252 if this reads right; the file is checked only up to here`;
    return csvError(here, 'bad-encoding', message, nearby);
  };
  for await (const piece of pieces) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const whole = bytes.subarray(0, wholeLength(bytes));
    if (!isUtf8(whole)) {
      const error = createError(bytes);
      // The rows before it are still checked.
      yield bytes.subarray(0, findInvalidUtf8(bytes));
      throw error;
    }
    rest = bytes.subarray(whole.length);
    yield whole;
    line += countLines(whole, last);
    offset += whole.length;
    last = whole[whole.length - 1] ?? last;
  }
  if (rest.length > 0) throw createError(rest);
}

function fromSingleByte(latin1: string, upper: string): string {
  return latin1.replace(/[\x80-\xff]/g, (c) => upper[c.charCodeAt(0) - 128] ?? c);
}

/** Decodes any other encoding. A loose decoder shows where the strict one fails. */
async function* transcode(pieces: AsyncIterable<Buffer>, encoding: string): AsyncGenerator<Buffer, void> {
  const upper = upperHalf(encoding);
  const loose = new TextDecoder(encoding, { ignoreBOM: true });
  const strict = new TextDecoder(encoding, { ignoreBOM: true, fatal: true });
  let line = 1;
  let last = 0;
  const createError = (text: string): CsvError => {
    const at = text.indexOf('\ufffd');
    const here = line + countLines(Buffer.from(text.slice(0, Math.max(0, at))), last);
    const message = `the file is not ${encoding}: save it as "CSV UTF-8", or name its encoding with --encoding`;
    return csvError(here, 'bad-encoding', message, text.slice(Math.max(0, at - 10), Math.max(0, at) + 10));
  };
  const decode = (piece: Buffer, stream: boolean): string => {
    if (upper !== undefined) {
      const text = fromSingleByte(piece.toString('latin1'), upper);
      if (text.includes('\ufffd')) throw createError(text);
      return text;
    }
    const text = loose.decode(piece, { stream });
    try {
      strict.decode(piece, { stream });
    } catch {
      throw createError(text);
    }
    return text;
  };
  const counted = (bytes: Buffer): Buffer => {
    line += countLines(bytes, last);
    last = bytes[bytes.length - 1] ?? last;
    return bytes;
  };
  for await (const piece of pieces) yield counted(Buffer.from(decode(piece, true)));
  yield counted(Buffer.from(decode(Buffer.alloc(0), false)));
}

/**
 * Encodes text that is written in pieces: the first call adds the byte order mark. UTF-8, UTF-16 and single-byte
 * encodings are restored to the byte. Any other becomes UTF-8 with a mark, which takes precedence over `--encoding`
 * when it is read, so the same options still read it.
 */
export function createTextEncoder(encoding: string, bom: boolean): (text: string) => Uint8Array {
  const upper = upperHalf(encoding);
  const codes = upper === undefined ? undefined : new Map(Array.from(upper, (c, i) => [c, 128 + i]));
  const encode = (text: string): Uint8Array => {
    if (encoding === 'utf-16le') return Buffer.from(text, 'utf16le');
    if (encoding === 'utf-16be') return Buffer.from(text, 'utf16le').swap16();
    if (codes === undefined) return Buffer.from(text);
    const latin1 = text.replace(/[^\0-\x7f]/gu, (c) => String.fromCharCode(codes.get(c) ?? 0x3f));
    return Buffer.from(latin1, 'latin1');
  };
  const own = codes !== undefined || MARKS.some(([name]) => name === encoding);
  let first = own ? bom : true;
  return (text) => {
    const marked = first;
    first = false;
    return encode(marked ? `\ufeff${text}` : text);
  };
}
