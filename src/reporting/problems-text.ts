/** The problems of a file as text: the first ones in full, the rest summed up by rule, column and value. */
import { formatCount, formatNumber } from '../text/format.js';
import { formatProblem, formatValue, type Problem } from '../validation/problem.js';

/** As many as fit on a screen, with what is said around them. */
const SHOWN_MAX = 20;

const VALUES_SHOWN_MAX = 5;

/** A line for each problem; beyond the first 20, unless all are wanted, a line for each kind. */
export function formatProblems(file: string, problems: readonly Problem[], all = false): string {
  const rest = all ? [] : problems.slice(SHOWN_MAX);
  const shown = rest.length === 0 ? problems : problems.slice(0, SHOWN_MAX);
  const lines = shown.map((problem) => formatProblem(file, problem));
  if (rest.length > 0) lines.push(`and ${formatCount(rest.length, 'more problem')}:`, ...summarize(rest));
  return lines.map((line) => `${line}\n`).join('');
}

type Kind = {
  readonly first: Problem;
  readonly lines: Set<number>;
  readonly values: Set<string>;
  same: boolean;
};

function summarize(problems: readonly Problem[]): readonly string[] {
  const kinds = new Map<string, Kind>();
  for (const problem of problems) {
    const { rule, column, line, value, message } = problem;
    // Where cells are missing or too many, the column says nothing.
    const key = problem.header === undefined ? rule : `${rule} ${column}`;
    const kind = kinds.get(key) ?? { first: problem, lines: new Set(), values: new Set(), same: true };
    kinds.set(key, kind);
    kind.lines.add(line);
    kind.values.add(value);
    kind.same &&= message === kind.first.message;
  }
  return [...kinds.values()].sort((a, b) => b.lines.size - a.lines.size).map(formatKind);
}

function formatKind({ first, lines, values, same }: Kind): string {
  const where =
    first.header === undefined ? '' : ` ${formatValue(first.header)} holds ${listValues(values)};`;
  const what = same ? first.message : `for example, line ${formatNumber(first.line)}: ${first.message}`;
  return `  ${formatCount(lines.size, 'row')}: ${first.rule}${where} ${what}`;
}

function listValues(values: ReadonlySet<string>): string {
  const shown = [...values].slice(0, VALUES_SHOWN_MAX).map(formatValue);
  const more = values.size - shown.length;
  if (more > 0) return `${shown.join(', ')} or ${formatCount(more, 'other value')}`;
  return shown.length === 1 ? shown.join('') : `${shown.slice(0, -1).join(', ')} or ${shown.at(-1)}`;
}
