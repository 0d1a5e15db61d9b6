/** When two names are the same, and how two groups differ. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  describeDifferences,
  findDifferences,
  formatSettings,
  GROUP_TYPES,
  type Group,
  nameKey,
  normalizeName,
  parseSettings,
} from '../../../src/resources/groups/api/group.js';
import { GroupIndex } from '../../../src/resources/groups/api/group-index.js';

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
  ])('ignores %s', (_, name, key) => {
    expect(nameKey(name)).toBe(key);
  });

  it.each([
    ['Sales', 'Sales 2'],
    ['Sales DACH', 'SalesDACH'],
    ['Größe', 'Grosse'],
    ['Cafe', 'Café'],
    ['A-B', 'A B'],
    ['東京', '京東'],
  ])('distinguishes %j from %j', (one, other) => {
    expect(nameKey(one)).not.toBe(nameKey(other));
  });

  it('is empty where nothing can be seen', () => {
    for (const name of ['', ' ', '\u200b\u2060', '\u00ad', '\u3164']) expect(nameKey(name)).toBe('');
  });
});

it('names are compared trimmed and composed, and case counts', () => {
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
    const found = findDifferences(
      { type: 'shared', searchByDomain: true },
      { type: 'normal', searchByAccount: true },
    );
    expect(found).toEqual([{ setting: 'type', from: 'normal', to: 'shared' }]);
    expect(describeDifferences(found)).toBe('differs: type normal → shared');
    expect(describeDifferences(findDifferences({ type: 'shared' }, {}))).toBe('identical');
  });

  it('are described in the words of the CSV', () => {
    const found = findDifferences(
      { searchByMaAccount: true, type: 'normal' },
      { searchByMaAccount: false, type: 'shared' },
    );
    expect(describeDifferences(found)).toBe(
      'differs: type shared → normal; search_by_ma_account false → true',
    );
  });

  it('are read back from their text exactly, whatever the description holds', () => {
    const settings = fc.record(
      {
        type: fc.constantFrom(...GROUP_TYPES),
        searchByDomain: fc.boolean(),
        searchByAccount: fc.boolean(),
        searchByMaAccount: fc.boolean(),
        description: fc.oneof(fc.string(), fc.constantFrom(';type=shared', 'a;b=c', 'description=')),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(settings, (given) => {
        expect(parseSettings(formatSettings(given))).toEqual(given);
      }),
    );
  });
});

describe('the groups of a list', () => {
  it('are found by exact name and by key, each id once', () => {
    const index = new GroupIndex();
    expect(index.add({ id: '1', name: 'Sales' })).toBe(true);
    expect(index.add({ id: '2', name: 'SALES' })).toBe(true);
    expect(index.add({ id: '1', name: 'Sales' })).toBe(false);
    expect(index.add({ id: '3', name: ' Cafe\u0301 ' })).toBe(true);
    expect(index.size).toBe(3);
    expect(index.findExact('Sales').map(({ id }) => id)).toEqual(['1']);
    expect(index.findAlike(nameKey('sales')).map(({ id }) => id)).toEqual(['1', '2']);
    expect(index.findExact('Café').map(({ id }) => id)).toEqual(['3']);
    expect(index.findAlike(nameKey('__proto__'))).toEqual([]);
    expect([...index].length).toBe(3);
  });

  it('are found as a search through all of them would', () => {
    const name = fc.string({
      unit: fc.constantFrom('a', 'A', 'ä', 'b', ' ', 'Ａ'),
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.array(name, { maxLength: 40 }), name, (names, wanted) => {
        const index = new GroupIndex();
        const all = names.map((one, i): Group => ({ id: String(i), name: one }));
        for (const group of all) index.add(group);
        const ids = (found: readonly Group[]): readonly string[] => found.map(({ id }) => id);
        expect(ids(index.findAlike(nameKey(wanted)))).toEqual(
          ids(all.filter((one) => nameKey(one.name) === nameKey(wanted))),
        );
        expect(ids(index.findExact(wanted))).toEqual(
          ids(all.filter((one) => normalizeName(one.name) === normalizeName(wanted))),
        );
      }),
    );
  });
});
