/** Which column of a file is which field, and what is reported if that is unclear. */
import { describe, expect, it } from 'vitest';
import { defineGroupInput } from '../../src/resources/groups/fields.js';
import { type Columns, type Field, mapHeader } from '../../src/validation/header.js';
import { formatProblem, type Problem } from '../../src/validation/problem.js';

type Api = 'im' | 'contacts';

const inputOf = (api: Api) => defineGroupInput(api === 'contacts');

function columnsOf(header: readonly string[], map: Record<string, string> = {}, api: Api = 'im'): Columns {
  const read = mapHeader(header, 1, map, inputOf(api).fields);
  if ('problems' in read) throw new Error(read.problems.map((p) => formatProblem('a.csv', p)).join('\n'));
  return read.columns;
}

/** Each field that was found, with its column from 0. */
function fieldsOf(header: readonly string[], map: Record<string, string> = {}, api: Api = 'im'): object {
  return Object.fromEntries(
    [...columnsOf(header, map, api).fields].map(([field, { index }]) => [field, index]),
  );
}

function headerProblems(
  header: readonly string[],
  map: Record<string, string> = {},
  api: Api = 'im',
): readonly Problem[] {
  const read = mapHeader(header, 1, map, inputOf(api).fields);
  return 'problems' in read ? read.problems : [];
}

const ALL = ['name', 'type', 'search_by_domain', 'search_by_account', 'search_by_ma_account'];

describe('headers', () => {
  it.each([
    ['name', 'type', 'search_by_domain', 'search_by_account', 'search_by_ma_account'],
    ['Group Name', 'Group Type', 'search by domain', 'Search-By-Account', 'searchByMaAccount'],
    ['GROUP_NAME', ' TYPE ', 'searchByDomain', 'SEARCH_BY_ACCOUNT', 'Search By Master Account'],
    ['\ufeffname', 'ｔｙｐｅ', 'search\u00a0by\u00a0domain', 'search–by–account', 'search  by ma_account'],
  ])('match without regard to case, spaces, dashes and underscores: %s', (...header) => {
    expect(fieldsOf(header)).toEqual(Object.fromEntries(ALL.map((field, i) => [field, i])));
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
    expect(fieldsOf(['name', header])).toEqual({ name: 0 });
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
    expect(fieldsOf(['name', 'Team'], { team: 'name' })).toEqual({ name: 1 });
    expect(fieldsOf(['Typ', 'N'], { N: 'Name', Typ: 'type' })).toEqual({ name: 1, type: 0 });
    expect(fieldsOf(['__proto__', 'x'], Object.fromEntries([['__proto__', 'name']]))).toEqual({ name: 0 });
  });

  it('--map with an empty field ignores a column, a misspelt one too', () => {
    expect(headerProblems(['name', 'tpye'])).toMatchObject([{ rule: 'column-typo' }]);
    expect(headerProblems(['name', 'tpye'])[0]?.message).toContain('--map "tpye=" to ignore it');
    expect(fieldsOf(['name', 'tpye'], { tpye: '' })).toEqual({ name: 0 });
    expect(fieldsOf(['name', 'type'], { Type: ' ' })).toEqual({ name: 0 });
    expect(columnsOf(['name', 'tpye'], { tpye: '' }).unused).toEqual(['tpye']);
  });

  it('of several columns for a field that takes the first, the preferred one is used and the others are listed', () => {
    const fields: readonly Field[] = [
      { name: 'group', aliases: ['group name', 'name'], required: true, takesFirst: true },
    ];
    const read = mapHeader(['Name', 'Group Name', 'owner'], 1, {}, fields);
    const columns = 'columns' in read ? read.columns : undefined;
    expect(columns?.fields.get('group')).toEqual({ index: 1, header: 'Group Name' });
    expect(columns?.unused).toEqual(['Name', 'owner']);
  });

  it('a description is a field of contact groups only', () => {
    expect(fieldsOf(['name', 'description'], {}, 'contacts')).toEqual({ name: 0, description: 1 });
    expect(fieldsOf(['name', 'description'])).toEqual({ name: 0 });
    expect(columnsOf(['name', 'description']).unused).toEqual(['description']);
    expect(headerProblems(['name', 'descripton'], {}, 'contacts')[0]?.rule).toBe('column-typo');
  });
});
