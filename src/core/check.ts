/** What a row means: a definition, the repetition of one, or all that is wrong with it. */
import { type Definition, GROUP_TYPES, type GroupType, keyOf, type Settings, settingsText } from './group.js';
import { nameBook } from './names.js';
import { type Problem, type Rule, unseen } from './problem.js';

/** One record of the file. */
export type Row = {
  /** The physical line on which the record starts, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
  /** The record's text exactly as it was read, its line ending included. */
  readonly raw: string;
  /** What is wrong with the record as CSV; such a row is always invalid. */
  readonly fault?: Problem;
};

/** Which column of the file holds which field, from 0; made by `readColumns`. */
export type Columns = {
  readonly name: number;
  readonly settings: readonly {
    readonly setting: keyof Settings;
    readonly word: string;
    readonly at: number;
  }[];
  /** How many cells a row needs: up to the last header cell that is not blank. */
  readonly needed: number;
  /** How many header cells there are. */
  readonly width: number;
};

/** What a row turned out to be. `key` and `settings` are what the journal knows the row by. */
export type Checked =
  | {
      readonly kind: 'definition';
      readonly row: Row;
      readonly key: string;
      readonly settings: string;
      readonly definition: Definition;
    }
  | {
      readonly kind: 'duplicate';
      readonly row: Row;
      readonly key: string;
      readonly settings: string;
      readonly definition: Definition;
      /** The line of the first row with this name. */
      readonly of: number;
    }
  | {
      readonly kind: 'invalid';
      readonly row: Row;
      /** As far as it can be read. */
      readonly name: string;
      readonly problems: readonly Problem[];
    };

/** Zoom's limit. It does not say what it counts; code points are what a person would count. */
export const NAME_LENGTH_MAX = 128;
const DESCRIPTION_LENGTH_MAX = 128;

function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map(
  Object.entries({ true: true, yes: true, y: true, 1: true, on: true }).concat(
    Object.entries({ false: false, no: false, n: false, 0: false, off: false }),
  ),
);

type Finding = { readonly rule: Rule; readonly message: string };

function nameFinding(name: string): Finding | undefined {
  if (name === '') return { rule: 'name-missing', message: 'the name is empty' };
  if (name.length > NAME_LENGTH_MAX && lengthOf(name) > NAME_LENGTH_MAX) {
    const message = `the name has ${lengthOf(name)} characters, ${NAME_LENGTH_MAX} is the most that Zoom takes`;
    return { rule: 'name-too-long', message };
  }
  const found = unseen(name);
  if (found.length > 0) {
    return {
      rule: 'name-character',
      message: `the name holds ${found.slice(0, 5).join(', ')}: type it anew`,
    };
  }
  return keyOf(name) === ''
    ? { rule: 'name-missing', message: 'nothing of the name can be seen' }
    : undefined;
}

function isType(text: string): text is GroupType {
  return (GROUP_TYPES as readonly string[]).includes(text);
}

/** A cell's setting, nothing where the cell is empty, or what is wrong with it. */
function readSetting(setting: keyof Settings, word: string, cell: string): Settings | Finding {
  const text = cell.trim();
  if (text === '') return {};
  const lower = text.toLowerCase();
  switch (setting) {
    case 'type':
      if (isType(lower)) return { type: lower };
      return { rule: 'type-unknown', message: `${word} is one of ${GROUP_TYPES.join(', ')}, or empty` };
    case 'searchByDomain':
    case 'searchByAccount':
    case 'searchByMaAccount': {
      const value = BOOLEANS.get(lower);
      if (value !== undefined) return { [setting]: value };
      const message = `${word} is true/false, yes/no, y/n, 1/0, on/off, or empty`;
      return { rule: 'boolean-unknown', message };
    }
    case 'description':
      if (lengthOf(text) <= DESCRIPTION_LENGTH_MAX) return { description: text };
      return { rule: 'description-too-long', message: `${DESCRIPTION_LENGTH_MAX} characters is the most` };
  }
}

/** A row with another number of cells than the header: something was cut, or a quote is missing. */
function raggedProblem(row: Row, columns: Columns): Problem | undefined {
  const count = row.cells.length;
  const problem = (rule: Rule, column: number, what: string): Problem => ({
    line: row.line,
    column,
    rule,
    message: `the row has ${count} cells where the header has ${columns.width}: ${what}`,
    value: row.raw.trimEnd(),
  });
  if (count < columns.needed) {
    return problem('too-few-cells', count, 'add the missing delimiters, or look for a line break in a cell');
  }
  const extra = row.cells.findIndex((cell, at) => at >= columns.width && cell.trim() !== '');
  return extra < 0
    ? undefined
    : problem('too-many-cells', extra + 1, 'put a cell that holds the delimiter in double quotes');
}

/** The settings of a row and what is wrong with them. Rows share few combinations, so each is read once. */
function settingsReader(
  columns: Columns,
): (row: Row) => { settings: Settings; text: string; problems: Problem[] } {
  const known = new Map<string, { settings: Settings; text: string }>();
  return (row) => {
    let id = '';
    for (const { at } of columns.settings) id += `${row.cells[at] ?? ''}\0`;
    const before = known.get(id);
    if (before !== undefined) return { ...before, problems: [] };
    const problems: Problem[] = [];
    let settings: Settings = {};
    for (const { setting, word, at } of columns.settings) {
      const value = row.cells[at] ?? '';
      const read = readSetting(setting, word, value);
      if ('rule' in read) problems.push({ line: row.line, column: at + 1, ...read, value });
      else settings = { ...settings, ...read };
    }
    const text = settingsText(settings);
    if (problems.length === 0) {
      if (known.size >= 1000) known.clear();
      known.set(id, { settings, text });
    }
    return { settings, text, problems };
  };
}

/**
 * Checks the rows of one file, in their order: it remembers the names. An invalid row leaves no name
 * behind, so a later valid row with that name is a definition.
 */
export function checker(columns: Columns): (row: Row) => Checked {
  const names = nameBook();
  const readSettings = settingsReader(columns);
  return (row) => {
    const ragged = row.fault ?? raggedProblem(row, columns);
    const cell = row.cells[columns.name] ?? '';
    const name = cell.trim();
    if (ragged !== undefined) return { kind: 'invalid', row, name, problems: [ragged] };
    const { settings: wanted, text: settings, problems } = readSettings(row);
    const wrong = (found: Finding): void => {
      problems.push({ line: row.line, column: columns.name + 1, ...found, value: cell });
    };
    const finding = nameFinding(name);
    if (finding !== undefined) {
      wrong(finding);
      return { kind: 'invalid', row, name, problems };
    }

    const key = keyOf(name);
    const definition: Definition = { name, ...wanted };
    const first = names.find(key);
    if (first === undefined) {
      if (problems.length > 0) return { kind: 'invalid', row, name, problems };
      names.add(key, { name, line: row.line, settings });
      return { kind: 'definition', row, key, settings, definition };
    }
    if (first.name !== name) {
      wrong({
        rule: 'name-lookalike',
        message: `the name looks like ${JSON.stringify(first.name)} on line ${first.line}: write both alike, or make them differ`,
      });
    } else if (problems.length === 0 && first.settings !== settings) {
      const said = (text: string): string => (text === '' ? 'none' : text);
      wrong({
        rule: 'name-conflict',
        message: `the same name stands on line ${first.line} with other settings (${said(first.settings)}; here ${said(settings)}): keep one`,
      });
    }
    if (problems.length > 0) return { kind: 'invalid', row, name, problems };
    return { kind: 'duplicate', row, key, settings, definition, of: first.line };
  };
}
