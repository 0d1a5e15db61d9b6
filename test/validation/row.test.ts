/** What the rows of a groups CSV ask for, and what is reported of one that is wrong. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCsv } from '../../src/csv/reader.js';
import { type Definition, nameKey } from '../../src/resources/groups/api/group.js';
import { defineGroupInput, type GroupItem } from '../../src/resources/groups/fields.js';
import { type Columns, mapHeader } from '../../src/validation/header.js';
import { formatProblem, type Problem } from '../../src/validation/problem.js';
import { createRowValidator, type Row, type ValidatedRow } from '../../src/validation/row.js';

type Api = 'im' | 'contacts';

const inputOf = (api: Api) => defineGroupInput(api === 'contacts');

function columnsOf(header: readonly string[], map: Record<string, string> = {}, api: Api = 'im'): Columns {
  const read = mapHeader(header, 1, map, inputOf(api).fields);
  if ('problems' in read) throw new Error(read.problems.map((p) => formatProblem('a.csv', p)).join('\n'));
  return read.columns;
}

/** Rows from line 2 on, as a file would have them. */
function validateAll(
  header: readonly string[],
  cells: readonly (readonly string[])[],
  api: Api = 'im',
): readonly ValidatedRow<GroupItem>[] {
  const validate = createRowValidator(columnsOf(header, {}, api), inputOf(api));
  return cells.flatMap((row, i) =>
    validate({ line: i + 2, cells: row, raw: `${row.join(',')}\n` } satisfies Row),
  );
}

const definitionOf = (row: ValidatedRow<GroupItem> | undefined): Definition | undefined =>
  row?.type === 'item' ? row.item.definition : undefined;
const problemsOf = (row: ValidatedRow<GroupItem> | undefined): readonly Problem[] =>
  row?.type === 'invalid' ? row.problems : [];

const rulesOf = (rows: readonly ValidatedRow<GroupItem>[]): readonly (readonly string[] | string)[] =>
  rows.map((row) => (row.type === 'invalid' ? row.problems.map(({ rule }) => rule) : row.type));
const ALL = ['name', 'type', 'search_by_domain', 'search_by_account', 'search_by_ma_account'];

describe('settings', () => {
  it.each([
    ['true', true],
    ['TRUE', true],
    ['Yes', true],
    ['y', true],
    ['1', true],
    ['ON', true],
    [' true ', true],
    ['false', false],
    ['No', false],
    ['n', false],
    ['0', false],
    ['off', false],
    ['', undefined],
    ['  ', undefined],
  ])('a boolean is %j', (cell, value) => {
    const [row] = validateAll(ALL, [['A', '', cell, '', '']]);
    expect(row).toMatchObject({ type: 'item' });
    expect(definitionOf(row)?.searchByDomain).toBe(value);
  });

  it.each(['ja', 'wahr', '2', 'tru', '-', 'null', 'constructor'])('%j is no boolean', (cell) => {
    const [row] = validateAll(ALL, [['A', '', '', cell, '']]);
    expect(row).toMatchObject({
      problems: [{ line: 2, column: 4, rule: 'boolean-unknown', value: cell }],
    });
  });

  it('what is empty or absent is not set', () => {
    const [row] = validateAll(['name', 'type'], [[' A ', '']]);
    expect(row).toMatchObject({ key: 'a', fingerprint: '' });
    expect(Object.keys(definitionOf(row) ?? {})).toEqual(['name']);
  });

  it('a type is one of three, in any case', () => {
    const rows = validateAll(
      ['name', 'type'],
      [
        ['A', 'Normal'],
        ['B', 'SHARED '],
        ['C', 'restricted'],
        ['D', 'private'],
        ['E', 'toString'],
      ],
    );
    expect(rulesOf(rows)).toEqual(['item', 'item', 'item', ['type-unknown'], ['type-unknown']]);
    expect(rows[1]).toMatchObject({ fingerprint: 'type=shared' });
  });

  it('a description may be up to 128 characters, and any description under IM groups', () => {
    const rows = [
      ['A', 'x'.repeat(128)],
      ['B', 'x'.repeat(129)],
    ];
    expect(rulesOf(validateAll(['name', 'description'], rows, 'contacts'))).toEqual([
      'item',
      ['description-too-long'],
    ]);
    expect(rulesOf(validateAll(['name', 'description'], rows, 'im'))).toEqual(['item', 'item']);
  });

  it('stay right over more combinations than are remembered', () => {
    const cells = Array.from({ length: 5000 }, (_, i) => [`A${i}`, `text ${i}`]);
    const rows = validateAll(['name', 'description'], cells, 'contacts');
    expect(rows.every((row, i) => definitionOf(row)?.description === `text ${i}`)).toBe(true);
  });
});

describe('names', () => {
  it('before a rename are checked alike', () => {
    const rows = validateAll(
      ['name', 'previous_name'],
      [
        ['A', ''],
        ['B', 'Old'],
        ['C', 'x'.repeat(129)],
        ['D', 'a\u200bb'],
      ],
    );
    expect(rulesOf(rows)).toEqual(['item', 'item', ['name-too-long'], ['name-character']]);
    expect(problemsOf(rows[2])[0]).toMatchObject({ column: 2 });
  });

  it('list the first five characters that cannot be seen', () => {
    const [row] = validateAll(['name'], [['\u0001a\u0002\u0003\u0004\u0005\u0006']]);
    const [problem] = problemsOf(row);
    expect(problem?.message).toContain('U+0005');
    expect(problem?.message).not.toContain('U+0006');
  });

  it('have 1 to 128 characters after trimming, counted as code points', () => {
    const names = [
      'x',
      ` ${'x'.repeat(128)} `,
      'x'.repeat(129),
      '🚲'.repeat(128),
      '🚲'.repeat(129),
      '',
      ' \u00a0\u3000',
    ];
    expect(
      rulesOf(
        validateAll(
          ['name', 'type'],
          names.map((name) => [name, '']),
        ),
      ),
    ).toEqual([
      'item',
      'item',
      ['name-too-long'],
      'item',
      ['name-too-long'],
      ['name-missing'],
      ['name-missing'],
    ]);
  });

  it.each([
    ['\u0000', 'U+0000 (control'],
    ['\t', 'U+0009 (control'],
    ['\n', 'U+000A (control'],
    ['\u0085', 'U+0085 (control'],
    ['\u200b', 'U+200B (zero-width'],
    ['\u200c', 'U+200C (zero-width'],
    ['\u200d', 'U+200D (zero-width'],
    ['\u2060', 'U+2060 (zero-width'],
    ['\ufeff', 'U+FEFF (zero-width'],
    ['\u00ad', 'U+00AD (zero-width'],
    ['\u200e', 'U+200E (changes the text direction'],
    ['\u202e', 'U+202E (changes'],
    ['\u2066', 'U+2066 (changes'],
    ['\u061c', 'U+061C (changes'],
    ['\u{e0041}', 'U+E0041 (zero-width'],
    ['\ufffd', 'U+FFFD (stands for a letter'],
  ])('must not hold %j', (character, told) => {
    const [row] = validateAll(['name'], [[`Sales${character}Team`]]);
    expect(row).toMatchObject({
      type: 'invalid',
      problems: [{ rule: 'name-character', line: 2, column: 1 }],
    });
    expect(problemsOf(row)[0]?.message).toContain(told);
  });

  it.each([
    'Größe',
    '東京オフィス',
    'R&D 🚲',
    'فريق المبيعات',
    'नमस्ते',
    'Sales\u00a0DACH',
    '=1+1',
    '-',
    '007',
    '__proto__',
    'constructor',
    'toString',
    'a,b;c"d',
    "O'Brien",
    'Ride ❤\ufe0f',
  ])('may be %j, and it stays as it is', (name) => {
    const [row] = validateAll(['name'], [[name]]);
    expect(row).toMatchObject({ type: 'item', item: { definition: { name } }, key: nameKey(name) });
  });

  it('twice with the same settings: the later row is a duplicate of the first', () => {
    const rows = validateAll(
      ['name', 'type', 'owner'],
      [
        ['A', 'shared', 'x'],
        [' A', 'SHARED', 'y'],
        ['A', 'shared', 'z'],
      ],
    );
    expect(rulesOf(rows)).toEqual(['item', 'duplicate', 'duplicate']);
    expect(rows[2]).toMatchObject({ of: 2, key: 'a', fingerprint: 'type=shared' });
  });

  it('twice with other settings: a problem that names both lines', () => {
    const rows = validateAll(
      ['name', 'type'],
      [
        ['A', 'shared'],
        ['B', ''],
        ['A', ''],
      ],
    );
    expect(rows[2]).toMatchObject({ problems: [{ rule: 'name-conflict', line: 4, column: 1 }] });
    expect(problemsOf(rows[2])[0]?.message).toContain('line 2');
    expect(problemsOf(rows[2])[0]?.message).toContain('(type=shared; here none)');
  });

  it.each([
    ['case', 'Sales DACH', 'SALES dach'],
    ['width', 'Sales', 'Ｓａｌｅｓ'],
    ['Unicode form', 'Café', 'Cafe\u0301'],
    ['a no-break space', 'Sales DACH', 'Sales\u00a0DACH'],
    ['two blanks', 'Sales DACH', 'Sales  DACH'],
    ['an ideographic space', '東京 1', '東京\u30001'],
    ['a letter with two lower forms', 'Straße', 'STRASSE'],
    ['a variation selector', 'Love ❤', 'Love ❤\ufe0f'],
  ])('that differ only in %s are a problem that names the earlier line', (_, first, second) => {
    const rows = validateAll(['name'], [[first], [second]]);
    expect(rulesOf(rows)).toEqual(['item', ['name-lookalike']]);
    const message = problemsOf(rows[1])[0]?.message;
    expect(message).toContain(`${JSON.stringify(first)} on line 2`);
  });

  it('an invalid row leaves no name behind', () => {
    const rows = validateAll(
      ['name', 'type'],
      [
        ['A', 'wrong'],
        ['A', 'shared'],
        ['a', 'wrong'],
        ['A', 'wrong'],
      ],
    );
    expect(rulesOf(rows)).toEqual([
      ['type-unknown'],
      'item',
      ['name-lookalike', 'type-unknown'],
      ['type-unknown'],
    ]);
    expect(rows[0]).toMatchObject({ name: 'A' });
  });

  it('are distinguished as a Map of their keys would', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'A', 'ä', 'b', ' ', 'Ａ'), maxLength: 3 });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), (names) => {
        const first = new Map<string, number>();
        const rows = validateAll(
          ['name'],
          names.map((name) => [name]),
        );
        for (const [i, row] of rows.entries()) {
          const name = (names[i] ?? '').trim();
          const line = first.get(nameKey(name));
          const isSame = line !== undefined && (names[line - 2] ?? '').trim() === name;
          const type =
            name === '' ? 'invalid' : line === undefined ? 'item' : isSame ? 'duplicate' : 'invalid';
          expect(row).toMatchObject(isSame ? { type, of: line } : { type });
          if (type === 'item') first.set(nameKey(name), i + 2);
        }
      }),
    );
  });
});

describe('rows', () => {
  it('need as many cells as the header, blank ones at its end not counted', () => {
    const header = ['name', 'type', 'owner', '', ''];
    const cells = [
      ['A', '', 'x'],
      ['B', ''],
      ['C', '', 'x', '', '', ' ', ''],
      ['D', '', 'x', '', '', 'y'],
    ];
    const rows = validateAll(header, cells);
    expect(rulesOf(rows)).toEqual(['item', ['too-few-cells'], 'item', ['too-many-cells']]);
    expect(rows[3]).toMatchObject({ problems: [{ line: 5, column: 6 }] });
  });

  it('tell everything that is wrong with them, from left to right', () => {
    const [row] = validateAll(ALL, [['', 'x', 'y!', 'z', '']]);
    expect(problemsOf(row).map((p) => [p.column, p.rule])).toEqual([
      [1, 'name-missing'],
      [2, 'type-unknown'],
      [3, 'boolean-unknown'],
      [4, 'boolean-unknown'],
    ]);
  });

  it('that are broken as CSV are invalid for that reason alone', () => {
    const csvProblem: Problem = { line: 2, column: 1, rule: 'stray-quote', message: 'm', value: 'v' };
    const validate = createRowValidator(columnsOf(['name']), inputOf('im'));
    expect(validate({ line: 2, cells: ['A'], raw: 'A\n', csvProblem })).toMatchObject([
      { problems: [csvProblem] },
    ]);
    expect(validate({ line: 3, cells: ['A'], raw: 'A\n' })).toMatchObject([{ type: 'item' }]);
  });

  it('name the column’s header beside its number, as a spreadsheet shows it', () => {
    const [row] = validateAll(['Group Name', 'Type'], [['A', 'x']]);
    expect(problemsOf(row)).toMatchObject([{ column: 2, header: 'Type' }]);
  });
});

describe('the samples', () => {
  async function validateSample(name: string): Promise<readonly ValidatedRow<GroupItem>[]> {
    const bytes = readFileSync(new URL(`../../samples/${name}.csv`, import.meta.url));
    const csv = await openCsv(
      (async function* () {
        yield bytes;
      })(),
      {},
    );
    const validate = createRowValidator(columnsOf(csv.header), inputOf('im'));
    const validated: ValidatedRow<GroupItem>[] = [];
    for await (const batch of csv.rows) validated.push(...batch.flatMap(validate));
    return validated;
  }

  it('groups.csv is right, with one row twice', async () => {
    const types = (await validateSample('groups')).map(({ type }) => type);
    expect(types.length).toBe(40);
    expect(types.filter((type) => type === 'duplicate').length).toBe(1);
    expect(types).not.toContain('invalid');
  });

  it('groups-with-problems.csv breaks every rule of a row at least once', async () => {
    const rows = await validateSample('groups-with-problems');
    expect([...new Set(rows.flatMap((row) => problemsOf(row).map(({ rule }) => rule)))].sort()).toEqual([
      'boolean-unknown',
      'name-character',
      'name-conflict',
      'name-lookalike',
      'name-missing',
      'name-too-long',
      'stray-quote',
      'too-few-cells',
      'too-many-cells',
      'type-unknown',
    ]);
    expect(rows.filter(({ type }) => type === 'item').length).toBe(2);
  });
});
