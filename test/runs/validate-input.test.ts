/** What validation finds in a file before anything is sent: a result for any bytes, and the file closed. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FatalError } from '../../src/model/stop.js';
import { defineGroupInput } from '../../src/resources/groups/fields.js';
import { type InputValidation, validateInput } from '../../src/runs/validate-input.js';
import { formatProblem } from '../../src/validation/problem.js';
import { command, file } from '../support/command.js';

const PLAIN = { encoding: '', delimiter: '', map: {} };
const INPUT = defineGroupInput(false);

/** Validates bytes that come in pieces, and says whether their source was left open. */
async function validateBytes(
  bytes: Uint8Array,
  size = 1 << 16,
  dialect: Partial<typeof PLAIN> = {},
): Promise<{ readonly found: InputValidation | FatalError; readonly isOpen: boolean }> {
  let isOpen = false;
  async function* source(): AsyncGenerator<Uint8Array> {
    isOpen = true;
    try {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    } finally {
      isOpen = false;
    }
  }
  const options = { dialect: { ...PLAIN, ...dialect }, input: INPUT };
  const found = await validateInput(source(), options).catch((error: unknown) => {
    if (error instanceof FatalError) return error;
    throw error;
  });
  return { found, isOpen };
}

const ENCODINGS: readonly ((text: string) => Buffer)[] = [
  (text) => Buffer.from(text),
  (text) => Buffer.from(`\ufeff${text}`),
  (text) => Buffer.from(`\ufeff${text}`, 'utf16le'),
  (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
  (text) => Buffer.from(text, 'latin1'),
];

const cell = fc.oneof(
  fc.constantFrom('Sales', 'shared', 'yes', 'Größe', '東京 🎉', '', ' ', '"', '"a,b"', '"x\ny"', 'a"b', '\0'),
  // Half a surrogate pair, which no encoding but UTF-16 can hold.
  fc.constantFrom('\ud83d', '\udc00\ud83d', '\u202e', '\u200b'),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.nat(1_000).map((length) => 'x'.repeat(length)),
);

/** A CSV that may be valid, in any encoding, some bytes of which were changed, lost or doubled. */
const damagedCsv = fc
  .record({
    header: fc.constantFrom('name', 'name', 'name,type', 'type,name,notes', 'name,name', 'nane', 'notes', ''),
    rows: fc.oneof(
      fc.array(fc.array(cell, { maxLength: 5 }), { maxLength: 12 }),
      fc.nat(20).map((n) => Array.from({ length: n }, (_, i) => [`Team ${i}`])),
    ),
    delimiter: fc.constantFrom(',', ';', '\t', '|', ','),
    newline: fc.constantFrom('\n', '\r\n', '\r', '\n\r'),
    encode: fc.constantFrom(...ENCODINGS),
    changes: fc.array(fc.tuple(fc.constantFrom('set', 'drop', 'double'), fc.nat(4_000), fc.nat(255)), {
      maxLength: 3,
    }),
  })
  .map(({ header, rows, delimiter, newline, encode, changes }) => {
    const lines = [header.replaceAll(',', delimiter), ...rows.map((cells) => cells.join(delimiter))];
    const bytes = [...encode(lines.join(newline))];
    for (const [change, place, byte] of changes) {
      const at = place % Math.max(1, bytes.length);
      if (change === 'set') bytes[at] = byte;
      else bytes.splice(at, change === 'drop' ? 1 : 0, ...(change === 'drop' ? [] : bytes.slice(at, at + 9)));
    }
    return Buffer.from(bytes);
  });
const noise = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array));
const dialects = fc.record({
  encoding: fc.constantFrom('', '', '', 'utf-8', 'utf-16le', 'windows-1252', 'shift_jis', 'gb18030'),
  delimiter: fc.constantFrom('', '', '', ';', 'tab', '|', 'ä', '🎉', '\0', ' '),
});

test('any bytes give a result with every problem located, and the file is closed', async () => {
  const ends = { clean: 0, problems: 0, broken: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.oneof({ weight: 4, arbitrary: damagedCsv }, noise),
      fc.integer({ min: 1, max: 400 }),
      dialects,
      async (bytes, size, dialect) => {
        const { found, isOpen } = await validateBytes(bytes, size, dialect);
        expect(isOpen).toBe(false);
        if (found instanceof FatalError) throw found;
        for (const problem of found.problems) {
          expect(formatProblem('a.csv', problem)).toMatch(
            /^a\.csv:[1-9]\d*:[1-9]\d* [a-z-]+ [^\p{Cc}\p{Bidi_Control}]+\)$/u,
          );
        }
        expect(found.rows).toBe(found.items + found.duplicates + found.invalid);
        expect(found.problems.length > 0).toBe(found.broken || found.invalid > 0);
        ends[found.broken ? 'broken' : found.invalid > 0 ? 'problems' : 'clean'] += 1;
      },
    ),
    { numRuns: 1_000 },
  );
  expect(Math.min(...Object.values(ends))).toBeGreaterThan(20);
});

test.each([
  ['the header is wrong', `nane\n${'Sales\n'.repeat(999)}`],
  ['the header has a stray quote', `na"me","x"y\n${'Sales\n'.repeat(999)}`],
  [
    'a byte is no UTF-8',
    Buffer.concat([Buffer.from('name\nA\n'), Buffer.from([0xff]), Buffer.from('\nB\n'.repeat(999))]),
  ],
  ['it is a PDF', `%PDF-1.7\n${'A\n'.repeat(999)}`],
])('a file is closed if %s', async (_, content) => {
  const { found, isOpen } = await validateBytes(Buffer.from(content), 6);
  expect(found).toMatchObject({ broken: true });
  expect(isOpen).toBe(false);
});

test('a cell of two megabytes, a line without an end, and 5,000 columns are problems of the file, not bugs', async () => {
  const long = 'x'.repeat(2 << 20);
  for (const text of [`name\n${long}\n`, `name\n"${long}`, long, `name${',x'.repeat(5_000)}\nA\n`]) {
    const { found } = await validateBytes(Buffer.from(text));
    expect(found instanceof FatalError ? 1 : found.problems.length).toBeGreaterThan(0);
  }
});

test('validate ends with 0 or 2 and without a stack trace, on any bytes', async () => {
  const samples = fc.sample(fc.oneof(damagedCsv, noise), { numRuns: 8, seed: 20_260_302 });
  for (const bytes of [...samples, Buffer.alloc(0), Buffer.alloc(4_096), Buffer.from([0xff, 0xfe, 0x3d])]) {
    const { code, stdout, stderr } = await command(['validate', file(bytes)]);
    expect([0, 2]).toContain(code);
    expect(stdout + stderr).not.toMatch(/^ +at |Warning|internal error/m);
  }
});
