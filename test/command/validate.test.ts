/** `validate`: which columns are used, problems in a user's words and numbers, and what to do next. */
import { describe, expect, test } from 'vitest';
import { command, file } from '../support/command.js';

async function validate(
  text: string,
  ...args: readonly string[]
): Promise<{ code: number | null; lines: string[] }> {
  const path = file(text);
  const { code, stdout } = await command(['validate', path, ...args]);
  return { code, lines: stdout.replaceAll(path, 'FILE').trimEnd().split('\n') };
}

describe('the columns', () => {
  test('are named in one line, with what each is used as and which are not used', async () => {
    const { lines } = await validate('Group Name,Visibility,Type,members\nA,x,shared,b\n');
    expect(lines[0]).toBe('Columns: Group Name → name, Type → type; not used: Visibility, members');
  });

  test('of contact groups have a description, those of IM groups do not use it', async () => {
    const text = 'name,description\nA,b\n';
    expect((await validate(text)).lines[0]).toBe('Columns: name; not used: description');
    expect((await validate(text, '--api', 'contacts')).lines[0]).toBe('Columns: name, description');
  });

  test('that are many are cut, and control characters in them can be seen', async () => {
    const more = Array.from({ length: 40 }, (_, i) => `x${i}`);
    const { lines } = await validate(`name,"a\u202eb",${more.join(',')}\n`);
    expect(lines[0]).toMatch(/^Columns: name; not used: a\\u\{202e\}b, x0, .*, x10 and 29 more$/);
  });
});

describe('problems', () => {
  const many = (n: number): string =>
    `name,search_by_domain\n${Array.from({ length: n }, (_, i) => `G${i},${i % 3 ? 'ja' : 'nein'}\n`).join('')}`;

  test('beyond the first 20 are summed up by rule and value', async () => {
    const { code, lines } = await validate(`${many(400)}${'x'.repeat(200)},yes\n`);
    expect(code).toBe(2);
    expect(lines.filter((line) => line.startsWith('FILE:'))).toHaveLength(21);
    expect(lines[21]).toBe('and 381 more problems:');
    expect(lines[22]).toMatch(
      /^ {2}380 rows: boolean-unknown search_by_domain holds (ja or nein|nein or ja); .*yes\/no/,
    );
    expect(lines[23]).toMatch(/^ {2}1 row: name-too-long name holds x+…; the name has 200 characters/);
    expect(lines[24]).toBe('FILE: 0 groups, 0 duplicates, 401 invalid rows, 401 problems');
  });

  test('are all shown with --all and in --json', async () => {
    const { lines } = await validate(many(30), '--all');
    expect(lines.filter((line) => /^FILE:\d/.test(line))).toHaveLength(30);
    const json = JSON.parse((await command(['validate', file(many(30)), '--json'])).stdout);
    expect(json.problems).toHaveLength(30);
    expect(json.problems[0]).toMatchObject({ line: 2, column: 2, header: 'search_by_domain', value: 'nein' });
  });

  test('of apply are summed up too, with the command that shows all', async () => {
    const path = file(many(30));
    const done = await command(['apply', path, '--simulate']);
    expect(done.stderr).toContain('and 10 more problems:');
    expect(done.stderr).toContain(`All of them: zoom-im-groups validate ${path} --all`);
  });

  test.each([
    ['name,type\nA,x\n', ':2:2 type-unknown column "type": '],
    ['name,Group Type\n"A",normal\n"B\nC","x"\n', ':3:1 name-character column "name": '],
    ['name,note,type\nA,"1\n2\n3",normal\n\nB,,x\n', ':6:3 type-unknown row 4, column "type": '],
    ['sep=;\nname;type\nA;x\n', ':3:2 type-unknown row 2, column "type": '],
    ['"na\nme",type\nA,x\n', undefined],
    ['name,"ty\npe"\nA,x\n', ':3:2 type-unknown row 2, column "ty\\npe": '],
  ])('name the header, and the row of a spreadsheet if it is another number: %j', async (text, expected) => {
    const { lines } = await validate(text, ...(expected === undefined ? ['--map', 'na\nme=name'] : []));
    const wanted = expected ?? ':3:2 type-unknown row 2, column "type": ';
    expect(lines.find((line) => line.startsWith('FILE:'))).toContain(`FILE${wanted}`);
  });

  test('of a broken quote say why --skip-invalid does not help', async () => {
    const text = 'name,type\nA,normal\n"B,normal\nC,normal\n';
    const { lines } = await validate(text);
    expect(lines.join('\n')).toContain(
      "can't be read past line 3, so --skip-invalid can't send the other rows",
    );
    const done = await command(['apply', file(text), '--simulate', '--skip-invalid']);
    expect(done.code).toBe(2);
    expect(done.stderr).toContain("so --skip-invalid can't send the other rows");
  });
});

describe('the end', () => {
  test('names the next command, with the options that read the file', async () => {
    const valid = await validate('Gruppe;Art\nA;shared\n', '--map', 'Gruppe=name', '--delimiter', ';');
    expect(valid.lines.at(-1)).toBe("Next step: zoom-im-groups plan FILE --delimiter ';' --map Gruppe=name");
    const invalid = await validate('name,type\nA,x\n');
    expect(invalid.lines.at(-1)).toBe('Next step: fix the file, then zoom-im-groups validate FILE');
  });

  test('of a file with a header and no rows is a warning, and exit 0', async () => {
    const done = await command(['validate', file('name\n')]);
    expect(done.code).toBe(0);
    expect(done.stderr).toContain('has a header and no rows');
  });
});
