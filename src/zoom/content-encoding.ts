/** Undoes the content codings of a response body: a proxy may compress even unasked. */
import { promisify } from 'node:util';
import { brotliDecompress, constants, gunzip, inflate, inflateRaw } from 'node:zlib';

export type Content = {
  readonly bytes: Buffer;
  /** Whether all of it could be decoded. */
  readonly complete: boolean;
  readonly tooLong: boolean;
};

type Decode = (bytes: Buffer, maxBytes: number) => Promise<Buffer>;

// Flushing makes a body that is cut short readable as far as it goes.
const zlibOptions = (maxBytes: number) => ({
  maxOutputLength: maxBytes,
  finishFlush: constants.Z_SYNC_FLUSH,
});

const decodeGzip: Decode = (bytes, maxBytes) => promisify(gunzip)(bytes, zlibOptions(maxBytes));

/** RFC 9110 means the zlib format, but some servers send raw deflate data: the first byte tells them apart. */
const decodeDeflate: Decode = (bytes, maxBytes) => {
  const hasHeader = ((bytes[0] ?? 0) & 0x0f) === 8;
  return promisify(hasHeader ? inflate : inflateRaw)(bytes, zlibOptions(maxBytes));
};

const decodeBrotli: Decode = (bytes, maxBytes) =>
  promisify(brotliDecompress)(bytes, {
    maxOutputLength: maxBytes,
    finishFlush: constants.BROTLI_OPERATION_FLUSH,
  });

const CODINGS: ReadonlyMap<string, Decode> = new Map([
  ['gzip', decodeGzip],
  ['x-gzip', decodeGzip],
  ['deflate', decodeDeflate],
  ['br', decodeBrotli],
]);

/** Decodes what `content-encoding` names, the last coding first. What cannot be decoded is no content. */
export async function decodeContent(bytes: Buffer, encoding: string, maxBytes: number): Promise<Content> {
  const names = encoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity')
    .reverse();
  let content = bytes;
  // More than two codings are an attack: each one multiplies.
  if (names.length > 2) return { bytes: Buffer.alloc(0), complete: false, tooLong: false };
  for (const name of names) {
    const decode = CODINGS.get(name);
    if (!decode) return { bytes: Buffer.alloc(0), complete: false, tooLong: false };
    try {
      if (content.length > 0) content = await decode(content, maxBytes);
    } catch (error) {
      const tooLong = error instanceof RangeError;
      return { bytes: Buffer.alloc(0), complete: false, tooLong };
    }
  }
  return { bytes: content, complete: true, tooLong: false };
}
