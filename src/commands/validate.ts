/** `validate`: every problem of a CSV, offline. */
import { formatCommand, formatOptions } from '../cli/command-line.js';
import { toGroupsOptions } from '../cli/groups-options.js';
import { type Options, READ_OPTIONS } from '../cli/options/options.js';
import { describeValidation, explainSkipInvalid, toDialect } from '../cli/output.js';
import { DEFAULT_API } from '../model/choices.js';
import { EXIT, type ExitCode } from '../model/stop.js';
import { formatColumns } from '../reporting/columns-text.js';
import { formatProblems } from '../reporting/problems-text.js';
import { groups } from '../resources/groups/groups.js';
import { type InputValidation, validateInput } from '../runs/validate-input.js';
import { readBytes } from '../storage/file-source.js';
import { flushStdout, writeJson, writeStdout } from '../terminal/stdout.js';
import { formatCount } from '../text/format.js';
import { escapeInvisible } from '../text/visible.js';

/** `validate FILE`: exit 0 if apply would send every row, 2 if it would not. */
export async function validate([file = '-']: readonly string[], options: Options): Promise<ExitCode> {
  const input = groups.input(toGroupsOptions(options));
  const validation = await validateInput(file === '-' ? process.stdin : readBytes(file), {
    dialect: toDialect(options),
    input,
  });
  const { columns, problems, rows, broken } = validation;
  const isValid = problems.length === 0;
  const code = isValid ? EXIT.ok : EXIT.usage;
  if (options.json) {
    writeJson('validate', describeValidation(file, validation), {
      code,
      reason: isValid ? 'valid' : 'problems',
    });
    return flushStdout(code);
  }
  if (columns && !options.quiet) writeStdout(formatColumns(columns));
  if (!isValid) writeStdout(formatProblems(file, problems, options.all));
  if (options.quiet) return flushStdout(code);
  writeStdout(escapeInvisible(`${file}: ${formatCounts(validation)}`));
  if (rows === 0 && !broken)
    process.stderr.write(`${escapeInvisible(`warning: ${file} has a header and no rows`)}\n`);
  if (rows > 0 || !isValid) writeStdout(formatNextStep(file, validation, options));
  return flushStdout(code);
}

function formatCounts({ items, duplicates, invalid, problems }: InputValidation): string {
  const counts = [
    formatCount(items, 'group'),
    formatCount(duplicates, 'duplicate'),
    formatCount(invalid, 'invalid row'),
    formatCount(problems.length, 'problem'),
  ];
  return counts.join(', ');
}

function formatNextStep(file: string, validation: InputValidation, options: Options): string {
  const reading = formatOptions(options, READ_OPTIONS);
  if (validation.problems.length > 0) {
    return `${explainSkipInvalid(validation)}\nNext step: fix the file, then ${formatCommand('validate', file, reading)}`;
  }
  const api = options.api === DEFAULT_API ? [] : ['--api', options.api];
  return `Next step: ${formatCommand('plan', file, api, reading, formatOptions(options, ['config']))}`;
}
