import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDotenv } from '../../src/text/dotenv.js';

describe('lines of NAME=value', () => {
  test.each([
    ['A=b', 'b'],
    ['export A = b ', 'b'],
    ['A="b # c" # d', 'b # c'],
    ["A='b'", 'b'],
    ['A=b#c', 'b#c'],
    ['A=b # c', 'b'],
    ['A=', ''],
    ['A=#c', ''],
    ['A=b=c==', 'b=c=='],
    ['A="b', '"b'],
    ['A="b\u2028c"', 'b\u2028c'],
  ])('%s', (line, value) => {
    expect(parseDotenv(line)).toEqual([{ name: 'A', value, line: 1 }]);
  });

  test('blank lines and comments are skipped but counted, whatever ends a line', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      expect(parseDotenv(['# c', '', ' A=b', 'B=c', ''].join(end))).toEqual([
        { name: 'A', value: 'b', line: 3 },
        { name: 'B', value: 'c', line: 4 },
      ]);
    }
  });

  test.each(['A', 'A: b', '1A=b', '=b', 'A-B=c'])('%s is no such line', (line) => {
    expect(parseDotenv(`X=1\n${line}`)).toEqual({ badLine: 2 });
  });

  test('any value of visible characters comes back when it is quoted', () => {
    const value = fc.string({ unit: 'grapheme' }).filter((text) => !/["\r\n]/.test(text));
    fc.assert(
      fc.property(value, (text) => {
        expect(parseDotenv(`A="${text}"`)).toEqual([{ name: 'A', value: text, line: 1 }]);
      }),
    );
  });
});
