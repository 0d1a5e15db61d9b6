/** Texts, groups and rows that are held as bytes: what goes in comes out, whatever the texts are. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RowStates } from '../../src/events/row-state.js';
import { GROUP_TYPES, type Group, normalizeName } from '../../src/resources/groups/api/group.js';
import { GroupIndex } from '../../src/resources/groups/api/group-index.js';
import { LateSet, TextSet, Texts } from '../../src/text/string-table.js';

/** Letters of one byte and of two, halves of surrogate pairs, and texts longer than a block. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('a', 'ÿ', 'Ā', '\ud83d', '👍', '\0') }),
);

describe('texts', () => {
  test('are given back exactly, and only the same text is the same', () => {
    fc.assert(
      fc.property(fc.array(text), text, (all, other) => {
        const texts = new Texts();
        const numbers = all.map((one) => texts.add(one));
        expect(numbers).toEqual(all.map((_, i) => i));
        expect(numbers.map((n) => texts.at(n))).toEqual(all);
        for (const n of numbers) {
          expect(texts.is(n, all[n] ?? '')).toBe(true);
          expect(texts.is(n, other)).toBe(all[n] === other);
        }
      }),
    );
  });

  test('may be longer than a block, and many more than a block holds', () => {
    const texts = new Texts();
    const all = [
      'x'.repeat(300_000),
      'Ā'.repeat(200_000),
      ...Array.from({ length: 50_000 }, (_, i) => `${i} é`),
    ];
    for (const one of all) texts.add(one);
    expect(all.every((one, n) => texts.at(n) === one && texts.is(n, one))).toBe(true);
  });

  test('in a set have one number each, as long as it lives', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 500 }), text, (all, other) => {
        const set = new TextSet();
        const model = new Map<string, number>();
        for (const one of all) {
          if (!model.has(one)) model.set(one, model.size);
          expect(set.add(one)).toBe(model.get(one));
        }
        expect(set.size).toBe(model.size);
        for (const [one, n] of model) expect([set.find(one), set.at(n)]).toEqual([n, one]);
        const late = new LateSet();
        for (const [i, one] of all.entries()) {
          late.add(one);
          if (i % 7 === 0) expect(late.has(one)).toBe(true);
        }
        for (const one of [set, late]) expect(one.has(other)).toBe(model.has(other));
      }),
    );
  });
});

describe('a listing', () => {
  const group = fc.record({
    id: text,
    name: fc.oneof(text, fc.constantFrom('Sales', ' Sales', 'Caf\u00e9', 'Cafe\u0301')),
    members: fc.nat(),
  });
  const settings = fc.record(
    { type: fc.constantFrom(...GROUP_TYPES), searchByDomain: fc.boolean(), description: text },
    { requiredKeys: [] },
  );

  test('finds by each name the first group that has it, exactly as it came, and tells of the others', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(group, settings)), (pairs) => {
        const groups = pairs.map(([own, more]): Group => ({ ...own, ...more }));
        const listing = new GroupIndex();
        const model = new Map<string, Group>();
        const others: Group[] = [];
        for (const one of groups) {
          listing.add(one);
          const name = normalizeName(one.name);
          if (model.has(name)) others.push(one);
          else model.set(name, one);
        }
        expect([...listing]).toEqual([...model.values()]);
        for (const [name, one] of model) expect(listing.get(name)).toEqual(one);
        expect(listing.others).toEqual(others);
        expect(listing.twice).toEqual(new Set(others.map(({ name }) => normalizeName(name))));
        expect(listing.has('never listed \u0000')).toBe(false);
      }),
    );
  });
});

describe('rows', () => {
  test('that nothing was sent for have their newest ending, with or without an id', () => {
    const rows = new RowStates();
    rows.settleUnsent('a', '', { status: 'already-provisioned', detail: 'identical', attempts: 0 });
    rows.settleUnsent('b', 'type=shared', { status: 'kept', detail: 'in use', attempts: 0, groupId: 'g1' });
    rows.settleUnsent('a', '', { status: 'already-provisioned', detail: '', attempts: 0, groupId: 'g2' });
    expect([...rows].map(([key, { settings, outcome }]) => [key, settings, outcome])).toEqual([
      ['a', '', { status: 'already-provisioned', detail: '', attempts: 0, groupId: 'g2' }],
      ['b', 'type=shared', { status: 'kept', detail: 'in use', attempts: 0, groupId: 'g1' }],
    ]);
    expect(rows.get('c')).toBeUndefined();
  });

  test('are told once, also where something is sent for one that needed nothing before', () => {
    const rows = new RowStates();
    rows.settleUnsent('a', '', { status: 'already-provisioned', detail: '', attempts: 0 });
    rows.sent('a', 'update').attempts += 1;
    expect([...rows].map(([key, { op, attempts }]) => [key, op, attempts])).toEqual([['a', 'update', 1]]);
    expect(rows.get('a')).toBe(rows.known('a'));
  });
});
