/** What commands print for their user: the columns and problems of a file, and what came of a run. */
import type { Dialect } from '../events/event.js';
import { EXIT, type ExitCode } from '../model/stop.js';
import { formatHeadline } from '../reporting/headline.js';
import { formatProblems } from '../reporting/problems-text.js';
import type { Summary } from '../reporting/summary.js';
import { formatSummary } from '../reporting/summary-text.js';
import { GROUPS_APIS } from '../resources/groups/api/groups-apis.js';
import type { InputValidation } from '../runs/validate-input.js';
import { writeJson, writeStdout } from '../terminal/stdout.js';
import { createTerminal, type Terminal } from '../terminal/terminal.js';
import { formatCount } from '../text/format.js';
import type { Account } from './account.js';
import { formatCommand, formatOptions } from './command-line.js';
import { redrawsLines, wantsColor } from './options/environment.js';
import { type Options, READ_OPTIONS } from './options/options.js';

/** How the options say that the CSV is to be read. */
export function toDialect({ encoding, delimiter, map, shard }: Options): Dialect {
  return {
    encoding: encoding ?? '',
    delimiter: delimiter ?? '',
    map: map ?? {},
    ...(shard === undefined ? {} : { shard }),
  };
}

/** The terminal that the options ask for. */
export function openTerminal(options: Options): Terminal {
  const { quiet, logFormat, logLevel, simulate } = options;
  return createTerminal({
    stream: process.stderr,
    quiet: quiet ?? false,
    format: logFormat,
    level: logLevel,
    color: wantsColor(process.stderr),
    redraws: redrawsLines(),
    simulated: simulate ?? false,
  });
}

/** The problems of a file that is refused: nothing was sent. */
export function printProblems(
  command: string,
  file: string,
  validation: InputValidation,
  options: Options,
): ExitCode {
  const { problems, rows } = validation;
  // Under --detailed-exitcode 2 means that there is something to do.
  const code = options.detailedExitcode ? EXIT.unprovisioned : EXIT.usage;
  if (options.json) writeJson(command, describeValidation(file, validation), { code, reason: 'problems' });
  const sum = `${formatCount(problems.length, 'problem')} in ${formatCount(rows, 'row')}: nothing was sent.`;
  const all = formatCommand('validate', file, formatOptions(options, READ_OPTIONS), ['--all']);
  const advice = [
    explainSkipInvalid(validation),
    ...(formatProblems(file, problems).split('\n').length - 1 < problems.length
      ? [`All of them: ${all}`]
      : []),
  ];
  process.stderr.write(`${formatProblems(file, problems)}${sum} ${advice.join('\n')}\n`);
  return code;
}

/** Why --skip-invalid can help, or can't. */
export function explainSkipInvalid({ broken, problems }: InputValidation): string {
  if (!broken) return 'Fix them, or send the other rows with --skip-invalid.';
  const line = problems.at(-1)?.line ?? 1;
  return `Fix them first: the file can't be read past line ${line}, so --skip-invalid can't send the other rows.`;
}

/** What a file holds, for a script. */
export function describeValidation(file: string, validation: InputValidation): Record<string, unknown> {
  const { sha256, rows, items, duplicates, invalid, columns, problems } = validation;
  return {
    input: { path: file, sha256, rows },
    counts: { items, duplicate: duplicates, invalid, problems: problems.length },
    columns: columns && {
      used: Object.fromEntries([...columns.fields].map(([field, { header }]) => [field, header])),
      not_used: columns.unused,
    },
    problems,
  };
}

/**
 * What a run amounts to, on standard output; under --quiet only if something is wrong, and on standard error.
 * @param command what prints it, if that is not the command that made the run
 */
export function printSummary(
  summary: Summary,
  folder: string,
  options: Options,
  terminal: Terminal,
  command: string = summary.command,
): void {
  const { exit, resume_command: resumeCommand } = summary;
  if (options.json) {
    const { schema_version: _, command: __, exit: ___, ...fields } = summary;
    writeJson(command, { ...fields, folder }, exit);
  }
  if (options.quiet) {
    if (exit.code === EXIT.ok) return;
    const lines = [
      `${formatHeadline(summary)} Results: ${folder}`,
      ...(exit.message === undefined ? [] : [`${exit.message}. ${exit.hint ?? ''}`]),
      ...(resumeCommand === undefined ? [] : [`To resume, run: ${resumeCommand}`]),
    ];
    terminal.say(lines, { always: true });
    return;
  }
  if (options.json) return;
  const columns = process.stdout.columns || 80;
  writeStdout(formatSummary(summary, { color: wantsColor(process.stdout), columns, folder }));
}

/** Names the account that is about to be changed. */
export function nameTarget({ description, simulated }: Account, { api }: Options, terminal: Terminal): void {
  const note = simulated ? ' (nothing reaches Zoom)' : '';
  terminal.say(`Target: ${GROUPS_APIS[api].noun} of ${description}${note}`);
}
