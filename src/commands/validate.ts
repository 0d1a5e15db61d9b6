/** `validate`: every problem of a CSV, offline. */

import type { Options } from '../cli/options.js';
import { print, printed, problemLines, readingFrom, shownSurvey } from '../cli/output.js';
import { EXIT, type ExitCode } from '../model/outcome.js';
import { survey } from '../runs/validate-input.js';
import { readBytes } from '../storage/atomic-file.js';
import { counted } from '../text/format.js';

/** `validate FILE`: exit 0 where apply would send every row, 2 where it would not. */
export async function validate([file = '-']: readonly string[], options: Options): Promise<ExitCode> {
  const surveyed = await survey(file === '-' ? process.stdin : readBytes(file), readingFrom(options));
  const { problems, definitions, duplicates, invalid } = surveyed;
  const code = problems.length === 0 ? EXIT.ok : EXIT.usage;
  if (options.json) {
    print(JSON.stringify({ ...shownSurvey(file, surveyed), exit: { code } }, null, 2));
    return printed(code);
  }
  if (problems.length > 0) print(problemLines(file, surveyed));
  if (options.quiet) return printed(code);
  const counts = [
    counted(definitions, 'group'),
    counted(duplicates, 'duplicate'),
    counted(invalid, 'invalid row'),
    counted(problems.length, 'problem'),
  ];
  print(`${file}: ${counts.join(', ')}`);
  return printed(code);
}
