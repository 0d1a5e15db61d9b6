import { expect, test } from 'vitest';
import { formatCount } from '../../src/text/format.js';

test.each([
  [1, 'row', '1 row'],
  [2_000, 'row', '2,000 rows'],
  [1, 'retry', '1 retry'],
  [2, 'retry', '2 retries'],
  [3, 'day', '3 days'],
  [0, 'entry', '0 entries'],
])('%i %s is written as %s', (n, noun, text) => {
  expect(formatCount(n, noun)).toBe(text);
});
