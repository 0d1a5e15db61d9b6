/** The error of a file that can't be read as a CSV. */
import { createStop, FatalError } from '../model/stop.js';
import type { Problem } from '../validation/problem.js';

/**
 * A problem of the file as a whole: reading stops here. `openCsv` and the iteration of its rows throw it; `problem` is
 * for a caller that lists problems, the `FatalError` for any other.
 */
export class CsvError extends FatalError {
  readonly problem: Problem;

  constructor(problem: Problem) {
    const message = `line ${problem.line}: ${problem.message}`;
    super(createStop('problems', message, 'Nothing was sent. Fix the file.'));
    this.name = 'CsvError';
    this.problem = problem;
  }
}

/** A `CsvError` without a column. */
export function csvError(line: number, rule: Problem['rule'], message: string, value: string): CsvError {
  return new CsvError({ line, column: 1, rule, message, value });
}
