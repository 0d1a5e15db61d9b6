/** Text encodings: any that a spreadsheet exports, decoded to UTF-8 and encoded again. */
import { isUtf8 } from 'node:buffer';
import { usageError } from '../model/stop.js';
import { csvError } from './csv-error.js';
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
  const decoder = encoding === 'utf-8' ? createUtf8Decoder(start) : createLegacyDecoder(encoding);
  const pieces = decodePieces(content, decoder);
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

/**
 * Decodes a piece to UTF-8, up to the first place that is not in the encoding. A last character that is incomplete is
 * kept for the next piece.
 */
type Decoder = (
  piece: Buffer,
  isLast: boolean,
) => { readonly utf8: Buffer; readonly invalid?: { readonly message: string; readonly value: string } };

/** The rows before an invalid place are still checked. */
async function* decodePieces(pieces: AsyncIterable<Buffer>, decoder: Decoder): AsyncGenerator<Buffer, void> {
  let line = 1;
  let last = 0;
  const decode = function* (piece: Buffer, isLast: boolean): Generator<Buffer, void> {
    const { utf8, invalid } = decoder(piece, isLast);
    line += countLines(utf8, last);
    last = utf8[utf8.length - 1] ?? last;
    yield utf8;
    if (invalid) throw csvError(line, 'bad-encoding', invalid.message, invalid.value);
  };
  for await (const piece of pieces) yield* decode(piece, false);
  yield* decode(Buffer.alloc(0), true);
}

/** @param start how many bytes of the file come before */
function createUtf8Decoder(start: number): Decoder {
  let offset = start;
  let rest: Buffer = Buffer.alloc(0);
  return (piece, isLast) => {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const utf8 = isLast ? bytes : bytes.subarray(0, wholeLength(bytes));
    if (isUtf8(utf8)) {
      rest = bytes.subarray(utf8.length);
      offset += utf8.length;
      return { utf8 };
    }
    const at = findInvalidUtf8(bytes);
    const byte = `0x${(bytes[at] ?? 0).toString(16).toUpperCase().padStart(2, '0')}`;
    const text = fromSingleByte(bytes.toString('latin1', Math.max(0, at - 40), at + 40), WESTERN);
    const value = text.split(/[\r\n]+/).find((part) => /[^\0-\x7f]/.test(part)) ?? text;
    const message = `byte ${offset + at + 1} of the file, ${byte}, is not UTF-8: save it as "CSV UTF-8", or add --encoding windows-1252 if this reads right; the file is checked only up to here`;
    return { utf8: bytes.subarray(0, at), invalid: { message, value } };
  };
}

function fromSingleByte(latin1: string, upper: string): string {
  return latin1.replace(/[\x80-\xff]/g, (c) => upper[c.charCodeAt(0) - 128] ?? c);
}

/** Any encoding but UTF-8. A loose decoder shows where the strict one fails. */
function createLegacyDecoder(encoding: string): Decoder {
  const upper = upperHalf(encoding);
  const loose = new TextDecoder(encoding, { ignoreBOM: true });
  const strict = new TextDecoder(encoding, { ignoreBOM: true, fatal: true });
  const isStrict = (piece: Buffer, options: { readonly stream: boolean }): boolean => {
    try {
      strict.decode(piece, options);
      return true;
    } catch {
      return false;
    }
  };
  return (piece, isLast) => {
    const options = { stream: !isLast };
    const text = upper ? fromSingleByte(piece.toString('latin1'), upper) : loose.decode(piece, options);
    const at = Math.max(0, text.indexOf('\ufffd'));
    if (upper ? !text.includes('\ufffd') : isStrict(piece, options)) return { utf8: Buffer.from(text) };
    const message = `the file is not ${encoding}: save it as "CSV UTF-8", or name its encoding with --encoding`;
    const value = text.slice(Math.max(0, at - 10), at + 10);
    return { utf8: Buffer.from(text.slice(0, at)), invalid: { message, value } };
  };
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
