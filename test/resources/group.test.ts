/** What makes two names one, and two groups different. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  describeDifferences,
  differences,
  formatSettings,
  nameKey,
  normalizeName,
} from '../../src/resources/groups/api/group.js';

describe('the key of a name', () => {
  const anyName = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.string({
      unit: fc.constantFrom(
        'a',
        'S',
        'ß',
        'ς',
        'Σ',
        'İ',
        'ı',
        'ﬁ',
        '\u0301',
        '\u0308',
        '\u200b',
        ' ',
        '\u00a0',
        'ǆ',
        '¨',
        'ΐ',
        '가',
        'ᄀ',
      ),
      maxLength: 8,
    }),
  );

  it('is its own key', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        expect(nameKey(nameKey(name))).toBe(nameKey(name));
      }),
      { numRuns: 2000 },
    );
  });

  it('is the same in either Unicode form', () => {
    const same = (name: string): void => {
      for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'])
        expect(nameKey(name.normalize(form))).toBe(nameKey(name));
    };
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), same), { numRuns: 2000 });
  });

  it('is the same in either case', () => {
    const same = (name: string): void => {
      expect(nameKey(name.toUpperCase())).toBe(nameKey(name.toLowerCase()));
    };
    fc.assert(fc.property(fc.string({ unit: 'grapheme-ascii' }), same));
    for (const name of ['Größe', 'Łódź', 'ΟΔΟΣ', 'Ёлка', 'Straße', 'ﬁnance', 'Ǆ']) same(name);
  });

  it.each([
    ['case', 'SALES', 'sales'],
    ['width', 'Ｓａｌｅｓ　１', 'sales 1'],
    ['half-width katakana', 'ﾄｳｷｮｳ', 'トウキョウ'],
    ['no-break and other blanks', 'a\u00a0b\u2003c\u202fd', 'a b c d'],
    ['runs of blanks and outer ones', '  a \t b ', 'a b'],
    ['zero-width characters', 'a\u200bb\u200cc\u200dd\u2060e\ufefff', 'abcdef'],
    ['direction marks', 'a\u202eb\u200fc', 'abc'],
    ['soft hyphens and variation selectors', 'a\u00adb❤\ufe0f', 'ab❤'],
    ['a capital ß', 'STRAẞE', 'strasse'],
    ['ligatures', 'ﬁnance', 'finance'],
    ['final sigma', 'ΟΔΟΣ', 'οδοσ'.slice(0, 3).concat('ς')],
  ])('does not see %s', (_, name, key) => {
    expect(nameKey(name)).toBe(key);
  });

  it.each([
    ['Sales', 'Sales 2'],
    ['Sales DACH', 'SalesDACH'],
    ['Größe', 'Grosse'],
    ['Cafe', 'Café'],
    ['A-B', 'A B'],
    ['東京', '京東'],
  ])('tells %j from %j', (one, other) => {
    expect(nameKey(one)).not.toBe(nameKey(other));
  });

  it('is empty where nothing can be seen', () => {
    for (const name of ['', ' ', '\u200b\u2060', '\u00ad', '\u3164']) expect(nameKey(name)).toBe('');
  });
});

it('the directory compares names trimmed and composed, and case counts', () => {
  expect(normalizeName(' Cafe\u0301 ')).toBe('Café');
  expect(normalizeName('SALES')).not.toBe(normalizeName('Sales'));
});

describe('settings', () => {
  it('have one text, in one order, without what is not set', () => {
    expect(formatSettings({})).toBe('');
    expect(formatSettings({ searchByDomain: false, type: 'shared' })).toBe(
      'type=shared;search_by_domain=false',
    );
  });

  it('differ only where both sides say something', () => {
    const found = differences(
      { type: 'shared', searchByDomain: true },
      { type: 'normal', searchByAccount: true },
    );
    expect(found).toEqual([{ setting: 'type', from: 'normal', to: 'shared' }]);
    expect(describeDifferences(found)).toBe('differs: type normal → shared');
    expect(describeDifferences(differences({ type: 'shared' }, {}))).toBe('identical');
  });

  it('are told in the words of the CSV', () => {
    const found = differences(
      { searchByMaAccount: true, type: 'normal' },
      { searchByMaAccount: false, type: 'shared' },
    );
    expect(describeDifferences(found)).toBe(
      'differs: type shared → normal; search_by_ma_account false → true',
    );
  });
});
