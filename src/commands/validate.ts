/** `validate`: every problem of a CSV, offline. */

import type { Options } from '../cli/options.js';
import { describeValidation, formatProblems, readOptionsFrom } from '../cli/output.js';
import { EXIT, type ExitCode } from '../model/stop.js';
import { validateInput } from '../runs/validate-input.js';
import { readBytes } from '../storage/file-source.js';
import { flushStdout, writeStdout } from '../terminal/stdout.js';
import { formatCount } from '../text/format.js';

/** `validate FILE`: exit 0 where apply would send every row, 2 where it would not. */
export async function validate([file = '-']: readonly string[], options: Options): Promise<ExitCode> {
  const surveyed = await validateInput(
    file === '-' ? process.stdin : readBytes(file),
    readOptionsFrom(options),
  );
  const { problems, definitions, duplicates, invalid } = surveyed;
  const code = problems.length === 0 ? EXIT.ok : EXIT.usage;
  if (options.json) {
    writeStdout(JSON.stringify({ ...describeValidation(file, surveyed), exit: { code } }, null, 2));
    return flushStdout(code);
  }
  if (problems.length > 0) writeStdout(formatProblems(file, surveyed));
  if (options.quiet) return flushStdout(code);
  const counts = [
    formatCount(definitions, 'group'),
    formatCount(duplicates, 'duplicate'),
    formatCount(invalid, 'invalid row'),
    formatCount(problems.length, 'problem'),
  ];
  writeStdout(`${file}: ${counts.join(', ')}`);
  return flushStdout(code);
}
