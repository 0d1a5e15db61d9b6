/** Sharding: machines that know nothing of each other must agree, in every version, which rows are whose. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isInShard, parseShard } from '../../src/validation/shard.js';

function findShards(key: string, n: number): readonly number[] {
  return Array.from({ length: n }, (_, index) => index + 1).filter((k) => isInShard(key, { k, n }));
}

// FNV-1a's published values for '' and 'foobar', with 32 bits, are 0x811c9dc5 and 0xbf9cf968; the upper half is folded in.
test.each([
  ['', 2],
  ['foobar', 1],
  ['sales', 4],
  ['vertrieb süd', 2],
])('the shard of %j in 4 is %d, in every version', (key, shard) => {
  expect(findShards(key, 4)).toEqual([shard]);
});

test('every row is in exactly one shard', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 40 }), (key, n) => {
      expect(findShards(key, n)).toHaveLength(1);
    }),
  );
});

test('the shards of numbered names are about equally large', () => {
  const sizes = new Map<number, number>();
  for (let i = 0; i < 8_000; i += 1) {
    for (const k of findShards(`group ${i}`, 8)) sizes.set(k, (sizes.get(k) ?? 0) + 1);
  }
  for (const [, size] of sizes) expect(size).toBeGreaterThan(800);
  expect(sizes.size).toBe(8);
});

test('a shard is written K/N, counted from 1', () => {
  expect(parseShard('2/3')).toEqual({ k: 2, n: 3 });
  for (const text of ['0/3', '4/3', '1', '1/0', '1/2/3', 'a/b', ' 1/2', '1/20000']) {
    expect(parseShard(text), text).toBeUndefined();
  }
});
