/** `--shard K/N`: every row belongs to exactly one shard, the same on every machine. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isInShard, parseShard } from '../../src/validation/shard.js';

test.each(['1/1', '2/3', '9999/9999'])('%s is a shard', (text) => {
  expect(parseShard(text)).toEqual({ k: Number(text.split('/')[0]), n: Number(text.split('/')[1]) });
});

test.each([
  '',
  '0/3',
  '4/3',
  '1',
  '1/0',
  '-1/2',
  '1/2/3',
  'a/b',
  '1.5/2',
  '1/10000',
])('%j is none', (text) => {
  expect(parseShard(text)).toBeUndefined();
});

test('every key is in exactly one of the shards', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 12 }), (key, n) => {
      const shards = Array.from({ length: n }, (_, i) => ({ k: i + 1, n }));
      expect(shards.filter((shard) => isInShard(key, shard)).length).toBe(1);
    }),
  );
});

test('shards are about equally large, for short names too', () => {
  const keys = Array.from({ length: 9_000 }, (_, i) => `g${i}`);
  for (const n of [2, 3, 4, 7]) {
    for (let k = 1; k <= n; k += 1) {
      const share = keys.filter((key) => isInShard(key, { k, n })).length / keys.length;
      expect(share).toBeGreaterThan(0.9 / n);
      expect(share).toBeLessThan(1.1 / n);
    }
  }
});

test('a key stays in its shard in every version: machines may not be updated at the same time', () => {
  const shardsOfThree = ['sales', 'legal', 'größe', 'x'].map((key) =>
    [1, 2, 3].find((k) => isInShard(key, { k, n: 3 })),
  );
  expect(shardsOfThree).toEqual([1, 1, 3, 2]);
});
