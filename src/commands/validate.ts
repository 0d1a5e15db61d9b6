/** `validate`: every problem of a CSV, offline. */

import { EXIT, type ExitCode } from '../core/outcome.js';
import { problemLine } from '../core/problem.js';
import { survey } from '../input.js';
import { readBytes } from '../io/files.js';
import type { Options } from '../options.js';
import { print, readingFrom, shownSurvey } from './shown.js';

/** `validate FILE`: exit 0 where apply would send every row, 2 where it would not. */
export async function validate([file = '-']: readonly string[], options: Options): Promise<ExitCode> {
  const surveyed = await survey(file === '-' ? process.stdin : readBytes(file), readingFrom(options));
  const { problems, definitions, duplicates, invalid } = surveyed;
  const code = problems.length === 0 ? EXIT.ok : EXIT.usage;
  if (options.json) {
    print(JSON.stringify({ ...shownSurvey(file, surveyed), exit: { code } }, null, 2));
    return code;
  }
  for (const problem of problems) print(problemLine(file, problem));
  if (options.quiet) return code;
  const counts = [`${definitions} groups`, `${duplicates} duplicates`, `${invalid} invalid rows`];
  print(`${file}: ${counts.join(', ')}, ${problems.length} problems`);
  return code;
}
