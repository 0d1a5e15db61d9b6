/** What a header and a row mean, and what is told of one that is wrong. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCsv } from '../../src/csv/reader.js';
import { nameKey } from '../../src/resources/groups/api/group.js';
import { mapHeader } from '../../src/validation/header.js';
import { createNameIndex } from '../../src/validation/name-index.js';
import { formatProblem, type Problem } from '../../src/validation/problem.js';
import { type Columns, createRowValidator, type Row, type ValidatedRow } from '../../src/validation/row.js';

type Api = 'im' | 'contacts';

function columnsOf(header: readonly string[], map: Record<string, string> = {}, api: Api = 'im'): Columns {
  const read = mapHeader(header, 1, map, api);
  if ('problems' in read) throw new Error(read.problems.map((p) => formatProblem('a.csv', p)).join('\n'));
  return read.columns;
}

function headerProblems(
  header: readonly string[],
  map: Record<string, string> = {},
  api: Api = 'im',
): readonly Problem[] {
  const read = mapHeader(header, 1, map, api);
  return 'problems' in read ? read.problems : [];
}

/** Rows from line 2 on, as a file would have them. */
function checkAll(
  header: readonly string[],
  cells: readonly (readonly string[])[],
  api: Api = 'im',
): readonly ValidatedRow[] {
  const check = createRowValidator(columnsOf(header, {}, api));
  return cells.map(
    (row, i): ValidatedRow => check({ line: i + 2, cells: row, raw: `${row.join(',')}\n` } satisfies Row),
  );
}

const rulesOf = (checked: readonly ValidatedRow[]): readonly (readonly string[] | string)[] =>
  checked.map((one) => (one.kind === 'invalid' ? one.problems.map((p) => p.rule) : one.kind));
const ALL = ['name', 'type', 'search_by_domain', 'search_by_account', 'search_by_ma_account'];

describe('headers', () => {
  it.each([
    ['name', 'type', 'search_by_domain', 'search_by_account', 'search_by_ma_account'],
    ['Group Name', 'Group Type', 'search by domain', 'Search-By-Account', 'searchByMaAccount'],
    ['GROUP_NAME', ' TYPE ', 'searchByDomain', 'SEARCH_BY_ACCOUNT', 'Search By Master Account'],
    ['\ufeffname', 'ｔｙｐｅ', 'search\u00a0by\u00a0domain', 'search–by–account', 'search  by ma_account'],
  ])('match without regard to case, spaces, dashes and underscores: %s', (...header) => {
    const columns = columnsOf(header);
    expect([columns.name, ...columns.settings.map(({ at }) => at)]).toEqual([0, 1, 2, 3, 4]);
  });

  it.each([
    'owner',
    'notes',
    'note',
    'department',
    'e-mail',
    'member count',
    'Name 2',
    'first name',
    'date',
    'code',
    'title',
    'group id',
    'group date',
    'site',
    'team',
    'time',
    'rate',
    'size',
    'zone',
    'state',
    'cost_center',
    'surname',
    'username',
    '__proto__',
    'constructor',
    'toString',
    '',
    ' ',
    'zoom__status',
    'description',
    'desc',
  ])('an ordinary column is left alone: %j', (header) => {
    expect(columnsOf(['name', header])).toMatchObject({ name: 0, settings: [] });
  });

  it.each([
    ['nme', 'name'],
    ['naem', 'name'],
    ['names', 'name'],
    ['Gruop Name', 'name'],
    ['tpye', 'type'],
    ['Typ', 'type'],
    ['search_by_domian', 'search_by_domain'],
    ['search_domain', 'search_by_domain'],
    ['searchbyacount', 'search_by_account'],
    ['search_by_m_account', 'search_by_ma_account'],
    ['search by everything', 'search_by_'],
  ])('what looks like a typo is a problem: %s', (header, field) => {
    const [problem, ...others] = headerProblems(['name', header]);
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ line: 1, column: 2, rule: 'column-typo', value: header });
    expect(problem?.message).toContain(`typo of ${field}`);
    expect(headerProblems(['name', header], { [header]: 'type' })).toEqual([]);
  });

  it('a field twice is a problem that lists the headers', () => {
    const [problem] = headerProblems(['name', 'x', 'Group Name']);
    expect(problem).toMatchObject({ rule: 'column-twice', column: 3, value: 'Group Name' });
    expect(problem?.message).toContain('"name", "x", "Group Name"');
  });

  it('no name column is a problem that lists the headers and names --map', () => {
    const [problem] = headerProblems(['team', 'owner']);
    expect(problem?.rule).toBe('no-name-column');
    expect(problem?.message).toMatch(/--map "COLUMN=name"; found: "team", "owner"/);
  });

  it('shows all that is wrong, not the first', () => {
    const rules = headerProblems(['tpye', 'search_by_domain', 'searchByDomain'], {
      gone: 'name',
      tpye: 'nothing',
    });
    expect(rules.map((p) => p.rule)).toEqual([
      'map-column-missing',
      'map-field-unknown',
      'column-typo',
      'column-twice',
    ]);
  });

  it('--map goes before what the headers say', () => {
    expect(columnsOf(['name', 'Team'], { team: 'name' })).toMatchObject({ name: 1 });
    expect(columnsOf(['Typ', 'N'], { N: 'Name', Typ: 'type' })).toMatchObject({
      name: 1,
      settings: [{ at: 0 }],
    });
    expect(columnsOf(['__proto__', 'x'], Object.fromEntries([['__proto__', 'name']]))).toMatchObject({
      name: 0,
    });
  });

  it('a description is a field of contact groups only', () => {
    expect(columnsOf(['name', 'description'], {}, 'contacts').settings).toMatchObject([
      { setting: 'description', at: 1 },
    ]);
    expect(columnsOf(['name', 'about'], { about: 'description' }, 'im').settings).toEqual([]);
    expect(headerProblems(['name', 'descripton'], {}, 'contacts')[0]?.rule).toBe('column-typo');
  });
});

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
    const [checked] = checkAll(ALL, [['A', '', cell, '', '']]);
    expect(checked).toMatchObject({ kind: 'definition' });
    expect(checked?.kind === 'definition' && checked.definition.searchByDomain).toBe(value);
  });

  it.each(['ja', 'wahr', '2', 'tru', '-', 'null', 'constructor'])('%j is no boolean', (cell) => {
    const [checked] = checkAll(ALL, [['A', '', '', cell, '']]);
    expect(checked).toMatchObject({
      problems: [{ line: 2, column: 4, rule: 'boolean-unknown', value: cell }],
    });
  });

  it('what is empty or absent is not set', () => {
    const [checked] = checkAll(['name', 'type'], [[' A ', '']]);
    expect(checked).toMatchObject({ key: 'a', settings: '' });
    expect(checked?.kind === 'definition' && Object.keys(checked.definition)).toEqual(['name']);
  });

  it('a type is one of three, in any case', () => {
    const checked = checkAll(
      ['name', 'type'],
      [
        ['A', 'Normal'],
        ['B', 'SHARED '],
        ['C', 'restricted'],
        ['D', 'private'],
        ['E', 'toString'],
      ],
    );
    expect(rulesOf(checked)).toEqual([
      'definition',
      'definition',
      'definition',
      ['type-unknown'],
      ['type-unknown'],
    ]);
    expect(checked[1]).toMatchObject({ settings: 'type=shared' });
  });

  it('a description may be up to 128 characters, and any description under IM groups', () => {
    const rows = [
      ['A', 'x'.repeat(128)],
      ['B', 'x'.repeat(129)],
    ];
    expect(rulesOf(checkAll(['name', 'description'], rows, 'contacts'))).toEqual([
      'definition',
      ['description-too-long'],
    ]);
    expect(rulesOf(checkAll(['name', 'description'], rows, 'im'))).toEqual(['definition', 'definition']);
  });

  it('stay right over more combinations than are remembered', () => {
    const rows = Array.from({ length: 5000 }, (_, i) => [`A${i}`, `text ${i}`]);
    const checked = checkAll(['name', 'description'], rows, 'contacts');
    expect(
      checked.every((one, i) => one.kind === 'definition' && one.definition.description === `text ${i}`),
    ).toBe(true);
  });
});

describe('names', () => {
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
        checkAll(
          ['name', 'type'],
          names.map((name) => [name, '']),
        ),
      ),
    ).toEqual([
      'definition',
      'definition',
      ['name-too-long'],
      'definition',
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
    const [checked] = checkAll(['name'], [[`Sales${character}Team`]]);
    expect(checked).toMatchObject({
      kind: 'invalid',
      problems: [{ rule: 'name-character', line: 2, column: 1 }],
    });
    expect(checked?.kind === 'invalid' && checked.problems[0]?.message).toContain(told);
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
    const [checked] = checkAll(['name'], [[name]]);
    expect(checked).toMatchObject({ kind: 'definition', definition: { name }, key: nameKey(name) });
  });

  it('twice with the same settings: the later row is a duplicate of the first', () => {
    const checked = checkAll(
      ['name', 'type', 'owner'],
      [
        ['A', 'shared', 'x'],
        [' A', 'SHARED', 'y'],
        ['A', 'shared', 'z'],
      ],
    );
    expect(rulesOf(checked)).toEqual(['definition', 'duplicate', 'duplicate']);
    expect(checked[2]).toMatchObject({ of: 2, key: 'a', settings: 'type=shared' });
  });

  it('twice with other settings: a problem that names both lines', () => {
    const checked = checkAll(
      ['name', 'type'],
      [
        ['A', 'shared'],
        ['B', ''],
        ['A', ''],
      ],
    );
    expect(checked[2]).toMatchObject({ problems: [{ rule: 'name-conflict', line: 4, column: 1 }] });
    expect(checked[2]?.kind === 'invalid' && checked[2].problems[0]?.message).toContain('line 2');
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
    const checked = checkAll(['name'], [[first], [second]]);
    expect(rulesOf(checked)).toEqual(['definition', ['name-lookalike']]);
    const message = checked[1]?.kind === 'invalid' ? checked[1].problems[0]?.message : '';
    expect(message).toContain(`${JSON.stringify(first)} on line 2`);
  });

  it('an invalid row leaves no name behind', () => {
    const checked = checkAll(
      ['name', 'type'],
      [
        ['A', 'wrong'],
        ['A', 'shared'],
        ['a', 'wrong'],
        ['A', 'wrong'],
      ],
    );
    expect(rulesOf(checked)).toEqual([
      ['type-unknown'],
      'definition',
      ['name-lookalike', 'type-unknown'],
      ['type-unknown'],
    ]);
    expect(checked[0]).toMatchObject({ name: 'A' });
  });

  it('are found again among many, by what they look like', () => {
    const book = createNameIndex();
    const names = Array.from({ length: 20_000 }, (_, i) => `Größe ${i}`);
    for (const [i, name] of names.entries()) {
      book.add(nameKey(name), { name, line: i + 2, settings: i % 2 ? 'type=normal' : '' });
    }
    expect(names.every((name, i) => book.find(nameKey(name.toUpperCase()))?.line === i + 2)).toBe(true);
    expect(book.find(nameKey('größe 7'))).toEqual({ name: 'Größe 7', line: 9, settings: 'type=normal' });
    expect(book.find('größe 20000')).toBeUndefined();
  });

  it('are told apart as a Map would', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'A', 'ä', 'b', ' ', 'Ａ'), maxLength: 3 });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), (names) => {
        const first = new Map<string, number>();
        const checked = checkAll(
          ['name'],
          names.map((name) => [name]),
        );
        for (const [i, one] of checked.entries()) {
          const name = (names[i] ?? '').trim();
          const line = first.get(nameKey(name));
          const same = line !== undefined && (names[line - 2] ?? '').trim() === name;
          const kind =
            name === '' ? 'invalid' : line === undefined ? 'definition' : same ? 'duplicate' : 'invalid';
          expect(one).toMatchObject(same ? { kind, of: line } : { kind });
          if (kind === 'definition') first.set(nameKey(name), i + 2);
        }
      }),
    );
  });
});

describe('rows', () => {
  it('need as many cells as the header, blank ones at its end not counted', () => {
    const header = ['name', 'type', 'owner', '', ''];
    const rows = [
      ['A', '', 'x'],
      ['B', ''],
      ['C', '', 'x', '', '', ' ', ''],
      ['D', '', 'x', '', '', 'y'],
    ];
    const checked = checkAll(header, rows);
    expect(rulesOf(checked)).toEqual(['definition', ['too-few-cells'], 'definition', ['too-many-cells']]);
    expect(checked[3]).toMatchObject({ problems: [{ line: 5, column: 6 }] });
  });

  it('tell everything that is wrong with them, from left to right', () => {
    const [checked] = checkAll(ALL, [['', 'x', 'y!', 'z', '']]);
    expect(checked?.kind === 'invalid' && checked.problems.map((p) => [p.column, p.rule])).toEqual([
      [1, 'name-missing'],
      [2, 'type-unknown'],
      [3, 'boolean-unknown'],
      [4, 'boolean-unknown'],
    ]);
  });

  it('with a fault of the CSV are invalid for that reason alone', () => {
    const fault: Problem = { line: 2, column: 1, rule: 'stray-quote', message: 'm', value: 'v' };
    const check = createRowValidator(columnsOf(['name']));
    expect(check({ line: 2, cells: ['A'], raw: 'A\n', fault })).toMatchObject({ problems: [fault] });
    expect(check({ line: 3, cells: ['A'], raw: 'A\n' }).kind).toBe('definition');
  });
});

describe('a problem as a line', () => {
  const problem: Problem = { line: 12, column: 3, rule: 'type-unknown', message: 'what to do', value: 'x' };

  it('is FILE:LINE:COLUMN rule-id message (value)', () => {
    expect(formatProblem('groups.csv', problem)).toBe('groups.csv:12:3 type-unknown what to do (x)');
    expect(formatProblem('groups.csv', { ...problem, value: '' })).toBe(
      'groups.csv:12:3 type-unknown what to do (empty)',
    );
  });

  it('writes out what a terminal would obey or hide', () => {
    const value = 'a\u001b[31m\r\n\tb\u202e\u200b\u2028';
    const line = formatProblem('x\u001b.csv', { ...problem, value, message: 'see "\u0007"' });
    expect(line).toBe(
      'x\\u{1b}.csv:12:3 type-unknown see "\\u{7}" (a\\u{1b}[31m\\r\\n\\tb\\u{202e}\\u{200b}\\u{2028})',
    );
  });

  it('cuts a long value short', () => {
    const line = formatProblem('a.csv', { ...problem, value: '🚲'.repeat(50_000) });
    expect(line).toBe(`a.csv:12:3 type-unknown what to do (${'🚲'.repeat(80)}…)`);
  });
});

describe('the samples', () => {
  async function checkSample(name: string): Promise<readonly ValidatedRow[]> {
    const bytes = readFileSync(new URL(`../../samples/${name}.csv`, import.meta.url));
    const sheet = await openCsv(
      (async function* () {
        yield bytes;
      })(),
      {},
    );
    const check = createRowValidator(columnsOf(sheet.header));
    const checked: ValidatedRow[] = [];
    for await (const rows of sheet.rows) checked.push(...rows.map(check));
    return checked;
  }

  it('groups.csv is right, with one row twice', async () => {
    const kinds = (await checkSample('groups')).map((one) => one.kind);
    expect(kinds.length).toBe(40);
    expect(kinds.filter((kind) => kind === 'duplicate').length).toBe(1);
    expect(kinds).not.toContain('invalid');
  });

  it('groups-with-problems.csv breaks every rule of a row at least once', async () => {
    const checked = await checkSample('groups-with-problems');
    const rules = checked.flatMap((one) => (one.kind === 'invalid' ? one.problems.map((p) => p.rule) : []));
    expect([...new Set(rules)].sort()).toEqual([
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
    expect(checked.filter((one) => one.kind === 'definition').length).toBe(2);
  });
});
