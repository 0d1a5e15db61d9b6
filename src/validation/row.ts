/** What a record of the file means to a resource: items to process, repetitions of earlier ones, or problems. */
import type { Columns, Field } from './header.js';
import type { Problem, Rule } from './problem.js';

/** One record of the file. */
export type Row = {
  /** The physical line on which the record starts, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
  /** The record's text exactly as it was read, with its line ending. */
  readonly raw: string;
  /** What is wrong with the record as CSV; such a row is always invalid. */
  readonly csvProblem?: Problem;
};

export type Finding = { readonly rule: Rule; readonly message: string; readonly field: string };

/** One thing that a record asks for, as far as it can be read. */
export type Entry<Item> = {
  /** Two entries with one key ask for the same thing. */
  readonly key: string;
  /** What else the entry asks for, as one text. */
  readonly fingerprint: string;
  /** For messages. */
  readonly name: string;
  readonly item: Item;
  readonly findings: readonly Finding[];
};

/** Where a key was met first. */
export type FirstEntry = { readonly name: string; readonly line: number; readonly fingerprint: string };

/** How a resource reads its rows. */
export type InputDefinition<Item = unknown> = {
  readonly fields: readonly Field[];
  /**
   * @param cell the text of a field's cell; undefined if the file has no such column
   * @param header the header of a field's column as the file has it
   */
  readonly parse: (
    cell: (field: string) => string | undefined,
    header: (field: string) => string | undefined,
  ) => readonly Entry<Item>[];
  /** What decides which shard a row falls to: rows with one such key stay together. Default: the row's own key. */
  shardKey?(row: ValidatedRow<Item>): string;
  /** The cells, by field, of a row that stands in no file, such as a removal of `--sync`. */
  readonly describeExtra?: (name: string) => Readonly<Record<string, string>>;
  /** How an entry contradicts the first one with its key; undefined if it repeats it. */
  findConflict(entry: Entry<Item>, first: FirstEntry): Finding | undefined;
};

export type ValidatedRow<Item = unknown> = {
  readonly row: Row;
  /** As far as it can be read. */
  readonly name: string;
} & (
  | { readonly type: 'item'; readonly key: string; readonly fingerprint: string; readonly item: Item }
  | {
      readonly type: 'duplicate';
      readonly key: string;
      readonly fingerprint: string;
      /** The line of the first entry with this key. */
      readonly of: number;
    }
  | { readonly type: 'invalid'; readonly problems: readonly Problem[] }
);

/** A row with another number of cells than the header: something was cut off, or a quote is missing. */
function findRaggedProblem(row: Row, columns: Columns): Problem | undefined {
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
    : problem('too-many-cells', extra + 1, 'put a cell that contains the delimiter in double quotes');
}

/**
 * Validates the rows of one file, in order: it remembers the keys. An invalid row leaves no key behind, so a later
 * valid row with that key is an item.
 * @param hasUniqueKeys whether an earlier pass met no key twice: then none is remembered, which saves much memory
 */
export function createRowValidator<Item>(
  columns: Columns,
  input: InputDefinition<Item>,
  hasUniqueKeys = false,
): (row: Row) => readonly ValidatedRow<Item>[] {
  const firsts = new Map<string, FirstEntry>();
  const validateEntry = (row: Row, entry: Entry<Item>): ValidatedRow<Item> => {
    const { key, fingerprint, name, item } = entry;
    const first = key === '' ? undefined : firsts.get(key);
    const conflict = first && input.findConflict(entry, first);
    const findings = conflict ? [...entry.findings, conflict] : entry.findings;
    if (findings.length > 0) {
      const problems = findings.map((finding) => toProblem(row, columns, finding));
      return { type: 'invalid', row, name, problems: problems.sort((a, b) => a.column - b.column) };
    }
    if (first) return { type: 'duplicate', row, key, fingerprint, name, of: first.line };
    if (!hasUniqueKeys) firsts.set(key, { name, line: row.line, fingerprint });
    return { type: 'item', row, key, fingerprint, name, item };
  };
  const header = (field: string): string | undefined => columns.fields.get(field)?.header;
  return (row) => {
    const problem = row.csvProblem ?? findRaggedProblem(row, columns);
    const cell = (field: string): string | undefined => {
      const column = columns.fields.get(field);
      return column === undefined ? undefined : (row.cells[column.index] ?? '');
    };
    if (problem) {
      const name = input.parse(cell, header)[0]?.name ?? '';
      return [{ type: 'invalid', row, name, problems: [problem] }];
    }
    return input.parse(cell, header).map((entry) => validateEntry(row, entry));
  };
}

function toProblem(row: Row, { fields }: Columns, { rule, message, field }: Finding): Problem {
  const column = fields.get(field);
  const index = column?.index ?? 0;
  return {
    line: row.line,
    column: index + 1,
    rule,
    message,
    value: row.cells[index] ?? '',
    ...(column === undefined ? {} : { header: column.header }),
  };
}
