/** Any bytes: a CSV is validated or refused, a journal is reported or refused, and nothing else happens. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { EXIT, FatalError } from '../../src/model/stop.js';
import { groups } from '../../src/resources/groups/groups.js';
import { readRunState } from '../../src/runs/stored-input.js';
import { validateInput } from '../../src/runs/validate-input.js';
import { writeReports } from '../../src/runs/write-reports.js';
import { formatProblem } from '../../src/validation/problem.js';
import { folder } from '../support/command.js';
import { numbered, upTo } from '../support/interrupted-run.js';
import { live, Watched } from '../support/watched-run.js';

type Edit = { readonly at: number; readonly removed: number; readonly inserted: Uint8Array };

/** Bytes with some of them replaced by others. */
function applyEdits(bytes: Buffer, edits: readonly Edit[]): Buffer {
  return edits.reduce((before, { at, removed, inserted }) => {
    const from = Math.floor(at * before.length);
    return Buffer.concat([before.subarray(0, from), inserted, before.subarray(from + removed)]);
  }, bytes);
}

const bits = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 6 }) },
  {
    weight: 8,
    arbitrary: fc
      .constantFrom('"', '\0', '\r', '\n', ',', ';', '\ufeff', 'sep=', '{', '}', 'null')
      .map((text) => Buffer.from(text)),
  },
  { weight: 1, arbitrary: fc.constantFrom(70_000, 1_100_000).map((n) => Buffer.alloc(n, 'a')) },
);
const edits = fc.array(
  fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), removed: fc.nat(6), inserted: bits }),
  { maxLength: 6 },
);

const CSV = 'name,type,search_by_domain,owner\r\n"Sales, DACH",shared,yes,"a\nb"\r\nÄrger 🚲,normal,,x\r\n';
const UTF16 = Buffer.from(`\ufeff${CSV}`, 'utf16le');
const csvs = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          Buffer.from(CSV),
          Buffer.from(`\ufeff${CSV.replaceAll(',', ';')}`),
          UTF16,
          // With half a character at its end, and without its byte order mark.
          UTF16.subarray(0, 61),
          UTF16.subarray(2),
          Buffer.from(UTF16).swap16(),
          Buffer.from(CSV, 'latin1'),
        ),
        edits,
      )
      .map(([bytes, some]) => applyEdits(bytes, some)),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)) },
);
const dialects = fc.record({
  encoding: fc.constantFrom('', '', '', 'windows-1252', 'utf-16le', 'shift_jis', 'nonsense'),
  delimiter: fc.constantFrom('', '', ';', '\t', 'a'),
  map: fc.constantFrom<Record<string, string>>(
    {},
    { owner: 'name' },
    { Gruppe: 'name' },
    { constructor: 'x' },
  ),
});

const input = groups.input({
  api: 'im',
  update: false,
  body: 'auto',
  listing: true,
  needsListing: false,
});

test('any bytes are rows, or problems of one readable line each, or refused with exit 2', async () => {
  await fc.assert(
    fc.asyncProperty(csvs, dialects, fc.constantFrom(7, 65_536), async (bytes, dialect, size) => {
      const step = bytes.length > 10_000 ? 65_536 : size;
      const pieces = async function* (): AsyncGenerator<Uint8Array> {
        for (let from = 0; from < bytes.length; from += step) yield bytes.subarray(from, from + step);
      };
      const validation = await resultOrRefusal(() => validateInput(pieces(), { dialect, input }));
      for (const problem of validation?.problems ?? []) {
        const line = formatProblem('a.csv', problem);
        expect(line.length).toBeLessThan(5_000);
        expect(line).toMatch(/^a\.csv:[1-9]\d*:[1-9]\d* [a-z-]+ [^\p{Cc}\p{Bidi_Control}]+\)$/u);
      }
    }),
    { numRuns: 400 },
  );
});

/** What it returns; undefined if it stops with exit 2. Everything else that it throws is a bug. */
async function resultOrRefusal<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof FatalError && error.stop.exit === EXIT.usage) return undefined;
    throw error;
  }
}

let journal: Buffer;
beforeAll(async () => {
  const run = join(folder(), 'r');
  await live(run, numbered(upTo(6)), new Watched(['Group 2']));
  journal = readFileSync(join(run, 'journal.ndjson'));
});

/** Makes the reports as `report` does, from a journal of those bytes. */
async function makeReports(bytes: Uint8Array): Promise<void> {
  const run = join(folder(), 'r');
  mkdirSync(run);
  writeFileSync(join(run, 'journal.ndjson'), bytes);
  await resultOrRefusal(async () => writeReports(run, readRunState(run)));
}

test('a journal with any bytes changed is reported, or refused with exit 2', async () => {
  await fc.assert(
    fc.asyncProperty(edits, (some) => makeReports(applyEdits(journal, some))),
    { numRuns: 300 },
  );
});

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** The value with its n-th part, in reading order, replaced; undefined removes it. */
function replacePart(value: Json, n: { left: number }, by: Json | undefined): Json | undefined {
  if (n.left-- === 0) return by;
  if (Array.isArray(value)) return value.flatMap((one: Json) => replacePart(one, n, by) ?? []);
  if (typeof value !== 'object' || value === null) return value;
  const parts = Object.entries(value).map(([key, part]) => [key, replacePart(part, n, by)] as const);
  return Object.fromEntries(parts.filter((part): part is readonly [string, Json] => part[1] !== undefined));
}

test('a journal with lines of another shape, or in another order, is reported, or refused with exit 2', async () => {
  const lines = journal.toString().trimEnd().split('\n');
  const values = fc.constantFrom<Json | undefined>(
    undefined,
    null,
    0,
    -1,
    'x',
    '',
    true,
    [],
    {},
    [null],
    1e300,
  );
  const change = fc.record({
    line: fc.nat(lines.length - 1),
    part: fc.nat(40),
    by: values,
    to: fc.nat(lines.length - 1),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), fc.boolean(), (changes, isMoved) => {
      const made = [...lines];
      for (const { line, part, by, to } of changes) {
        if (isMoved) made.splice(to, 0, ...made.splice(line, 1));
        else
          made[line] = JSON.stringify(replacePart(JSON.parse(made[line] ?? ''), { left: part }, by) ?? null);
      }
      return makeReports(Buffer.from(`${made.join('\n')}\n`));
    }),
    { numRuns: 500 },
  );
});
