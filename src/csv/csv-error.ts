/** Why a file can't be read: the error for it, and the files that are no CSV at all. */
import { createStop, FatalError } from '../model/stop.js';
import type { Problem } from '../validation/problem.js';

/**
 * What is wrong with a file as a whole: reading it ends here. It can be thrown by `readCsv` and while
 * its rows are taken; `problem` is for a list of problems, the `FatalError` for everybody else.
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

/** Shorthand for a fault that has no column. */
export function csvError(line: number, rule: Problem['rule'], message: string, value: string): CsvError {
  return new CsvError({ line, column: 1, rule, message, value });
}
