/** What a row means: a definition, the repetition of one, or all that is wrong with it. */
import {
  type Definition,
  formatSettings,
  GROUP_TYPES,
  type GroupType,
  nameKey,
  type Settings,
} from '../resources/groups/group.js';
import { findInvisible } from '../text/invisible-characters.js';
import { createNameIndex, type FirstOccurrence } from './name-index.js';
import type { Problem, Rule } from './problem.js';

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
export type ValidatedRow =
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
  const found = findInvisible(name);
  if (found.length > 0) {
    return {
      rule: 'name-character',
      message: `the name holds ${found.slice(0, 5).join(', ')}: retype it`,
    };
  }
  return nameKey(name) === ''
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
    message: `the row has ${count} ${count === 1 ? 'cell' : 'cells'}, the header ${columns.width}: ${what}`,
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

type SettingsRead = {
  readonly settings: Settings;
  readonly text: string;
  readonly findings: readonly (Finding & { readonly at: number })[];
};

/** Cells that were read before, one column after the other. */
type Known = { readonly next: Map<string, Known>; read?: SettingsRead };

/** Combinations of settings that are kept; descriptions make any number of them. */
const KNOWN_MAX = 1000;

/** Reads a row's settings. Rows share few combinations, so each is read once. */
function settingsReader(columns: Columns): (cells: readonly string[]) => SettingsRead {
  let root: Known = { next: new Map() };
  let size = 0;
  const readAnew = (cells: readonly string[]): SettingsRead => {
    let settings: Settings = {};
    const findings: (Finding & { readonly at: number })[] = [];
    for (const { setting, word, at } of columns.settings) {
      const read = readSetting(setting, word, cells[at] ?? '');
      if ('rule' in read) findings.push({ ...read, at });
      else settings = { ...settings, ...read };
    }
    return { settings, text: formatSettings(settings), findings };
  };
  return (cells) => {
    let known = root;
    for (const { at } of columns.settings) {
      const cell = cells[at] ?? '';
      let next = known.next.get(cell);
      if (next === undefined) {
        next = { next: new Map() };
        known.next.set(cell, next);
        size += 1;
      }
      known = next;
    }
    known.read ??= readAnew(cells);
    if (size > KNOWN_MAX) {
      root = { next: new Map() };
      size = 0;
    }
    return known.read;
  };
}

/**
 * Checks the rows of one file, in their order: it remembers the names. An invalid row leaves no name
 * behind, so a later valid row with that name is a definition.
 */
export function createRowValidator(columns: Columns): (row: Row) => ValidatedRow {
  const names = createNameIndex();
  const readSettings = settingsReader(columns);
  return (row) => {
    const cell = row.cells[columns.name] ?? '';
    const name = cell.trim();
    const ragged = row.fault ?? raggedProblem(row, columns);
    if (ragged !== undefined) return { kind: 'invalid', row, name, problems: [ragged] };

    const problemAt = ({ rule, message }: Finding, at: number): Problem => {
      return { line: row.line, column: at + 1, rule, message, value: row.cells[at] ?? '' };
    };
    const { settings: wanted, text: settings, findings } = readSettings(row.cells);
    const unclear = nameFinding(name);
    const key = unclear === undefined ? nameKey(name) : '';
    const first = unclear === undefined ? names.find(key) : undefined;
    const wrong = unclear ?? clash(name, findings.length === 0 ? settings : undefined, first);
    if (wrong !== undefined || findings.length > 0) {
      const problems = findings.map((finding) => problemAt(finding, finding.at));
      if (wrong !== undefined) problems.push(problemAt(wrong, columns.name));
      return { kind: 'invalid', row, name, problems: problems.sort((a, b) => a.column - b.column) };
    }
    const definition: Definition = { ...wanted, name };
    if (first !== undefined) return { kind: 'duplicate', row, key, settings, definition, of: first.line };
    names.add(key, { name, line: row.line, settings });
    return { kind: 'definition', row, key, settings, definition };
  };
}

/** How a row contradicts the first one of its name; settings that can't be read contradict nothing. */
function clash(
  name: string,
  settings: string | undefined,
  first: FirstOccurrence | undefined,
): Finding | undefined {
  if (first === undefined) return undefined;
  if (first.name !== name) {
    const message = `the name looks like ${JSON.stringify(first.name)} on line ${first.line}: write both alike, or make them differ`;
    return { rule: 'name-lookalike', message };
  }
  if (settings === undefined || first.settings === settings) return undefined;
  const said = (text: string): string => (text === '' ? 'none' : text);
  const message = `the same name stands on line ${first.line} with other settings (${said(first.settings)}; here ${said(settings)}): keep one`;
  return { rule: 'name-conflict', message };
}
