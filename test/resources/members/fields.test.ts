import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defineMemberInput, type MemberItem } from '../../../src/resources/members/fields.js';
import type { MembersOptions } from '../../../src/resources/members/options.js';
import { mapHeader } from '../../../src/validation/header.js';
import { createRowValidator, type ValidatedRow } from '../../../src/validation/row.js';

const ADD: MembersOptions = { api: 'im', mode: 'add' };
const FIXTURES = join(import.meta.dirname, '../../fixtures/members');

type Read = { readonly unused: readonly string[]; readonly rows: readonly ValidatedRow[] };

function read(header: readonly string[], records: readonly (readonly string[])[], options = ADD): Read {
  const input = defineMemberInput(options);
  const mapped = mapHeader(header, 1, {}, input.fields);
  if ('problems' in mapped) throw new Error(mapped.problems.map(({ message }) => message).join('; '));
  const validate = createRowValidator(mapped.columns, input);
  const rows = records.flatMap((cells, at) => validate({ line: at + 2, cells, raw: cells.join(',') }));
  return { unused: mapped.columns.unused, rows };
}

/** What a record gives: the membership, or the rules that it breaks. */
function show(row: ValidatedRow): string {
  const rules = row.type === 'invalid' ? `: ${row.problems.map(({ rule }) => rule).join(', ')}` : '';
  return row.type === 'item' ? row.name : `${row.type} ${row.name}${rules}`;
}

function readNames(
  header: readonly string[],
  cells: readonly string[],
  options?: MembersOptions,
): readonly string[] {
  return read(header, [cells], options).rows.map(show);
}

describe('the header', () => {
  test.each([
    ['group', 'email'],
    ['Group Name', 'User'],
    ['IM Group', 'UPN'],
    ['user_group', 'User Principal Name'],
    ['name', 'username'],
    ['GROUP', 'memberObjectIdOrUpn'],
    ['group', 'userIdOrLogin'],
  ])('%s and %s are the group and the address', (group, email) => {
    expect(readNames([group, email], ['Sales', 'ann@x.org'])).toEqual(['ann@x.org in Sales']);
  });

  test('`group` wins over its other names, `name` comes last, and what is not used is named', () => {
    const { rows, unused } = read(
      ['name', 'user group', 'group', 'email'],
      [['Ann', 'U', 'Sales', 'ann@x.org']],
    );
    expect([rows.map(show), unused]).toEqual([['ann@x.org in Sales'], ['name', 'user group']]);
    expect(readNames(['name', 'user group', 'email'], ['Ann', 'U', 'ann@x.org'])).toEqual(['ann@x.org in U']);
  });

  test('`email` wins over its other names, and a file without any of them is refused', () => {
    const { rows, unused } = read(['group', 'upn', 'email'], [['Sales', 'ann@corp.local', 'ann@x.org']]);
    expect([rows.map(show), unused]).toEqual([['ann@x.org in Sales'], ['upn']]);
    expect(() => readNames(['group', 'owner'], ['Sales', 'ann@x.org'])).toThrow('no email column');
  });

  test('a file without a group column needs --group, and the message says so', () => {
    expect(() => readNames(['email'], ['ann@x.org'])).toThrow(
      'the file has no group column: add one, name it with --map "COLUMN=group", or use --group NAME',
    );
    expect(readNames(['email'], ['ann@x.org'], { ...ADD, group: 'Sales' })).toEqual(['ann@x.org in Sales']);
  });

  test("with --group, a name column holds people's names", () => {
    const { rows, unused } = read(['name', 'email'], [['Ann', 'ann@x.org']], { ...ADD, group: 'Sales' });
    expect([rows.map(show), unused]).toEqual([['ann@x.org in Sales'], ['name']]);
  });
});

describe('a cell', () => {
  test('holds one address, unless --split names a separator, for either column', () => {
    expect(readNames(['group', 'email'], ['Sales', 'ann@x.org;bob@x.org'])).toEqual([
      'invalid ann@x.org;bob@x.org in Sales: email-invalid',
    ]);
    expect(
      readNames(['group', 'email'], ['Sales; Ops', 'ann@x.org;;bob@x.org;'], { ...ADD, split: ';' }),
    ).toEqual(['ann@x.org in Sales', 'bob@x.org in Sales', 'ann@x.org in Ops', 'bob@x.org in Ops']);
  });

  test('of a members column is split by itself, and may be empty', () => {
    const header = ['name', 'type', 'Members'];
    const names = readNames(header, ['Sales', 'shared', 'ann@x.org; bob@x.org,cat@x.org\ndan@x.org']);
    expect(names).toEqual(['ann', 'bob', 'cat', 'dan'].map((who) => `${who}@x.org in Sales`));
    expect(readNames(header, ['Sales', 'shared', ''])).toEqual([]);
  });

  test.each([
    ['', 'ann@x.org', 'group-missing'],
    ['Sales', '', 'email-missing'],
    ['Sales', '9832aad8-e4fe-496b-a604-95c6ef01ae75', 'email-invalid'],
    ['Sales', 'ann@', 'email-invalid'],
    ['Sales', 'ann b@x.org', 'email-invalid'],
    ['Sales', 'ann@x.org,bob@x.org', 'email-invalid'],
    ['Sales', `${'a'.repeat(249)}@x.org`, 'email-invalid'],
  ])('group %j with address %j is a problem', (group, email, rule) => {
    const [row] = read(['group', 'email'], [[group, email]]).rows;
    expect(row?.type === 'invalid' && row.problems.map((problem) => problem.rule)).toEqual([rule]);
  });
});

test('an address may have 254 characters', () => {
  const email = `${'a'.repeat(248)}@x.org`;
  expect(readNames(['group', 'email'], ['Sales', email])).toEqual([`${email} in Sales`]);
});

describe('two rows', () => {
  test('are the same if only the case of the address differs', () => {
    const { rows } = read(
      ['group', 'email'],
      [
        ['Sales', 'ann@x.org'],
        ['Sales', 'ANN@X.ORG'],
      ],
    );
    expect(rows.map(({ type }) => type)).toEqual(['item', 'duplicate']);
    expect(rows[0]).toMatchObject({ key: 'sales\u0000ann@x.org', fingerprint: '' });
  });

  test('of one person in groups that look alike are a problem', () => {
    const { rows } = read(
      ['group', 'email'],
      [
        ['Sales', 'ann@x.org'],
        ['SALES', 'ann@x.org'],
      ],
    );
    expect(rows.map(show)).toEqual(['ann@x.org in Sales', 'invalid ann@x.org in SALES: name-lookalike']);
  });

  test('what is done with the people is part of what a row asks for', () => {
    const { rows } = read(['group', 'email'], [['Sales', 'ann@x.org']], { ...ADD, mode: 'remove' });
    expect(rows[0]).toMatchObject({ fingerprint: 'remove' });
  });
});

test('the rows of one group fall to one shard, whether valid or not', () => {
  const input = defineMemberInput(ADD);
  const { rows } = read(
    ['group', 'email'],
    [
      ['Sales', 'ann@x.org'],
      ['SALES', 'ann@x.org'],
      ['sales', 'bob@x.org'],
      ['Sales', 'nobody'],
      ['Sales', 'bob@x.org'],
    ],
  );
  expect(new Set(rows.map((row) => input.shardKey?.(row as ValidatedRow<MemberItem>)))).toEqual(
    new Set(['sales']),
  );
});

describe('files of other programs', () => {
  /** @param skipped lines before the header */
  function readFixture(name: string, options: Partial<MembersOptions> = {}, skipped = 0): Read {
    const lines = readFileSync(join(FIXTURES, name), 'utf8').trimEnd().split('\n').slice(skipped);
    const [header = [], ...records] = lines.map((line) => line.split(','));
    return read(header, records, { ...ADD, ...options });
  }

  test('Microsoft Entra ID: one group a file, with --group', () => {
    const { rows } = readFixture('entra.csv', { group: 'Sales' }, 1);
    expect(rows.map(show)).toEqual([
      'ann@example.com in Sales',
      'bob@example.com in Sales',
      'invalid 9832aad8-e4fe-496b-a604-95c6ef01ae75 in Sales: email-invalid',
    ]);
  });

  test('Okta: one group a file, with --group', () => {
    expect(readFixture('okta.csv', { group: 'Sales' }).rows.map(show)).toEqual([
      'ann@example.com in Sales',
      'bob@example.com in Sales',
    ]);
  });

  test('Google Workspace through GAM', () => {
    const { rows, unused } = readFixture('gam.csv');
    expect(rows.map(show)).toEqual(['ann@example.com in Sales', 'bob@example.com in Support']);
    expect(unused).toEqual(['role', 'action', 'message']);
  });

  test("Zoom's own users: one row a user, with --split for several groups", () => {
    const { rows, unused } = readFixture('zoom-users.csv', { split: ';' });
    expect(rows.map(show)).toEqual([
      'ann@example.com in Sales',
      'ann@example.com in Support',
      'bob@example.com in Sales',
    ]);
    expect(unused).toContain('User Group');
  });
});
