/** A listing read as it comes is what JSON.parse makes of the whole. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupsIn } from '../../src/zoom/listing-parser.js';

async function read(
  bytes: Uint8Array,
  cuts: readonly number[],
): Promise<{ groups: unknown[]; rest: object }> {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    for (const [i, from] of places.entries()) yield bytes.subarray(from, places[i + 1] ?? from);
  };
  const groups: unknown[] = [];
  const batches = groupsIn(pieces());
  for (;;) {
    const next = await batches.next();
    if (next.done) return { groups, rest: next.value };
    groups.push(...next.value);
  }
}

const listing = fc.record({
  total_records: fc.nat(),
  groups: fc.array(
    fc.record({ id: fc.string(), name: fc.string({ unit: 'grapheme' }), nested: fc.jsonValue() }),
  ),
  next_page_token: fc.string(),
});

describe('a listing in pieces', () => {
  test('has the same groups, wherever it was cut, also inside a character', async () => {
    await fc.assert(
      fc.asyncProperty(listing, fc.array(fc.nat()), fc.boolean(), async (wanted, cuts, indented) => {
        const text = JSON.stringify(wanted, null, indented ? 2 : 0);
        const { groups, rest } = await read(Buffer.from(text), cuts);
        expect(groups).toEqual(JSON.parse(text).groups);
        expect(rest).toEqual({ ...JSON.parse(text), groups: [] });
      }),
      { numRuns: 300 },
    );
  });

  test('that ends too early is refused, wherever it ends', async () => {
    await fc.assert(
      fc.asyncProperty(listing, fc.nat(), fc.array(fc.nat()), async (wanted, at, cuts) => {
        const bytes = Buffer.from(JSON.stringify(wanted));
        await expect(read(bytes.subarray(0, at % bytes.length), cuts)).rejects.toThrow();
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    '',
    '[]',
    '{}',
    '{"groups":{}}',
    '{"groups":[1,,2]}',
    '{"groups":[1,]}',
    '{"groups":[,]}',
    '{"groups":[}',
    'null',
    '<html>',
    '{"groups":[]',
  ])('%j is no listing', async (text) => {
    await expect(read(Buffer.from(text), [])).rejects.toThrow();
  });

  test('a member of the same name further down is none', async () => {
    const { groups } = await read(Buffer.from('{"x":{"groups":[1]},"groups":[{"a":[2]}]}'), [3, 9]);
    expect(groups).toEqual([{ a: [2] }]);
  });
});
