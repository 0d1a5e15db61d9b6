/** What commands print for their user: the columns and problems of a file, and what came of a run. */
import type { Dialect } from '../events/event.js';
import { EXIT, type ExitCode, type Stop } from '../model/stop.js';
import { formatColumns } from '../reporting/columns-text.js';
import { formatHeadline } from '../reporting/headline.js';
import { formatProblems } from '../reporting/problems-text.js';
import type { Summary } from '../reporting/summary.js';
import { formatSummary } from '../reporting/summary-text.js';
import { GROUPS_APIS } from '../resources/groups/api/groups-apis.js';
import type { InputValidation } from '../runs/validate-input.js';
import { writeJson, writeStdout } from '../terminal/stdout.js';
import { createTerminal, type Terminal } from '../terminal/terminal.js';
import { formatCount } from '../text/format.js';
import { formatShellCommand } from '../text/shell-quote.js';
import type { Columns } from '../validation/header.js';
import type { Account } from './account.js';
import { redrawsLines, wantsColor } from './options/environment.js';
import type { Options } from './options/options.js';
import { formatFileArgument, formatReadOptions } from './resume-command.js';

/** How the options say that the CSV is to be read. */
export function toDialect({ encoding, delimiter, map, shard }: Options): Dialect {
  return {
    encoding: encoding ?? '',
    delimiter: delimiter ?? '',
    map: map ?? {},
    ...(shard ? { shard: `${shard.k}/${shard.n}` } : {}),
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
    color: wantsColor(process.stderr.isTTY === true),
    redraws: redrawsLines(),
    simulated: simulate ?? false,
  });
}

/** The columns of a file, as every command that reads one shows them. */
export function printColumns(columns: Columns, { quiet }: Options, terminal: Terminal): void {
  if (!quiet) terminal.say(formatColumns(columns));
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
  const all = formatValidateCommand(file, options, ['--all']);
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

/** The command that checks a file read in the same way. */
export function formatValidateCommand(file: string, options: Options, more: readonly string[] = []): string {
  const words = ['zoom-im-groups', 'validate', formatFileArgument(file)];
  return formatShellCommand([...words, ...formatReadOptions(options), ...more]);
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

/** What is known about a run besides its summary. */
export type PrintedRun = {
  readonly folder: string;
  readonly stop: Stop | undefined;
  /** The command that prints it, if it is not the one that made the run. */
  readonly command?: string;
};

/** What a run amounts to, on standard output; under --quiet only if something is wrong, and on standard error. */
export function printSummary(summary: Summary, run: PrintedRun, options: Options, terminal: Terminal): void {
  const { folder } = run;
  const stop = summary.exit.code === EXIT.ok ? undefined : run.stop;
  const { resume_command: resumeCommand } = summary;
  if (options.json) {
    const { schema_version: _, command, exit, ...fields } = summary;
    writeJson(run.command ?? command, { ...fields, folder }, exit);
  }
  if (options.quiet) {
    if (summary.exit.code === EXIT.ok) return;
    const lines = [
      `${formatHeadline(summary)} Results: ${folder}`,
      ...(stop ? [`${stop.message}. ${stop.hint}`] : []),
      ...(resumeCommand === undefined ? [] : [`To resume, run: ${resumeCommand}`]),
    ];
    terminal.say(lines, { always: true });
    return;
  }
  if (options.json) return;
  const columns = process.stdout.columns || 80;
  const color = wantsColor(process.stdout.isTTY === true);
  writeStdout(formatSummary(summary, { color, columns, folder }));
}

/** Names the account that is about to be changed. */
export function nameTarget(
  { description, simulated }: Account,
  { api, quiet }: Options,
  say: (text: string) => void,
): void {
  if (!quiet)
    say(`Target: ${GROUPS_APIS[api].noun} of ${description}${simulated ? ' (nothing reaches Zoom)' : ''}`);
}
