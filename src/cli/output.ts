/** What the commands share with the person: how options become a reading and a terminal, problems and summaries. */
import { EXIT, type ExitCode } from '../model/outcome.js';
import { formatHeadline } from '../reporting/headline.js';
import { countOf, type Summary } from '../reporting/summary.js';
import { formatCommandLabel, formatSummary } from '../reporting/summary-text.js';
import { SETTINGS } from '../resources/groups/group.js';
import { type Run, rollbackSource } from '../runs/find-run.js';
import type { InputValidation, ReadOptions } from '../runs/validate-input.js';
import { writeStdout } from '../terminal/stdout.js';
import { createTerminal, type Terminal } from '../terminal/terminal.js';
import { formatCount } from '../text/format.js';
import { formatPathArgument, formatShellCommand } from '../text/shell-quote.js';
import { formatProblem } from '../validation/problem.js';
import type { Account } from './account.js';
import { redrawsLines, wantsColor } from './environment.js';
import type { Options } from './options.js';

/** How the options say that the CSV is to be read. */
export function readOptionsFrom({ encoding, delimiter, map, api, shard }: Options): ReadOptions {
  const dialect = { encoding: encoding ?? '', delimiter: delimiter ?? '', map: map ?? {} };
  return { dialect, api: api ?? 'im', ...(shard ? { shard } : {}) };
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

/** Columns that the chosen API has no setting for: told once, by name. */
export function warnUnsupported(
  { settings }: InputValidation,
  { directory }: Account,
  terminal: Terminal,
): void {
  const words = SETTINGS.filter(
    ([setting]) => settings.includes(setting) && directory.unsupported.includes(setting),
  );
  if (words.length === 0) return;
  const names = words.map(([, word]) => word).join(', ');
  terminal.log('warn', `contact groups have no such settings, so these columns are not sent: ${names}`);
}

/** All problems of a file, a line each; nothing was sent. */
export function printProblems(file: string, surveyed: InputValidation, options: Options): ExitCode {
  const { problems, rows } = surveyed;
  if (options.json) {
    writeStdout(
      JSON.stringify(
        { ...describeValidation(file, surveyed), exit: { code: EXIT.usage, reason: 'problems' } },
        null,
        2,
      ),
    );
  }
  const sum = `${formatCount(problems.length, 'problem')} in ${formatCount(rows, 'row')}: nothing was sent.`;
  const help = surveyed.broken ? '' : ' Mend them, or send the other rows with --skip-invalid.';
  process.stderr.write(`${formatProblems(file, surveyed)}${sum}${help}\n`);
  return EXIT.usage;
}

/** The problems of a file, a line each, as `validate` prints them and whatever the log is like. */
export function formatProblems(file: string, { problems }: InputValidation): string {
  return problems.map((problem) => `${formatProblem(file, problem)}\n`).join('');
}

/** A survey for a script. */
export function describeValidation(file: string, surveyed: InputValidation): Record<string, unknown> {
  const { sha256, rows, definitions, duplicates, invalid, problems } = surveyed;
  return { file, sha256, rows, definitions, duplicates, invalid, problems };
}

/** The result of a run on standard output; with --quiet only what needs attention, on standard error. */
export function printSummary(summary: Summary, folder: string, options: Options, terminal: Terminal): void {
  const { exit, resume_command: command } = summary;
  if (options.json) writeStdout(JSON.stringify({ ...summary, folder }, null, 2));
  if (options.quiet) {
    if (exit.code === EXIT.ok) return;
    const reason = [exit.message, exit.hint].filter((text) => text !== undefined);
    const lines = [
      `${formatHeadline(summary)} Results: ${folder}`,
      ...(reason.length > 0 ? [reason.join('. ')] : []),
      ...(command === undefined ? [] : [`${formatCommandLabel(exit.code, command)} ${command}`]),
    ];
    terminal.say(lines.join('\n'), { always: true });
    return;
  }
  if (options.json) return;
  const columns = process.stdout.columns || 80;
  const color = wantsColor(process.stdout.isTTY === true);
  writeStdout(formatSummary(summary, { color, columns, folder }));
}

/** The next command after a run that did not finish, or that has rows worth another attempt as they are. */
export function findResumeCommand(summary: Summary, run: Run, options: Options): string | undefined {
  const { code } = summary.exit;
  // The runs in a common report are resumed one by one.
  if (summary.files.journal === undefined || code === EXIT.ok || code === EXIT.usage) return undefined;
  const retries = countOf(summary, 'failed') + countOf(summary, 'unknown');
  if (code === EXIT.unprovisioned && retries === 0) return undefined;
  return nextCommand(summary, run, options);
}

/** A run belongs to one API: where that one is gone, the way on is a new run with the other. */
function nextCommand({ exit }: Summary, run: Run, options: Options): string {
  const { simulate, accountPlan, envFile } = options;
  if (exit.reason !== 'api-gone' || run.history?.runs.at(-1)?.command !== 'apply')
    return formatResumeCommand(run, options);
  return formatShellCommand([
    ...['zoom-im-groups', 'apply', run.file],
    ...applyOptions({ ...options, api: 'contacts', body: 'multipart', baseline: true }),
    ...(simulate ? ['--simulate'] : []),
    ...(accountPlan === 'pro' ? [] : ['--account-plan', accountPlan]),
    ...(envFile === undefined ? [] : ['--env-file', envFile]),
  ]);
}

/** The command that goes on with a run: the options that shape it, and its folder. */
export function formatResumeCommand(run: Run, options: Options): string {
  const { rate, concurrency, accountPlan, envFile, sharedLimit } = options;
  const isRollback = run.history?.runs.at(-1)?.command === 'rollback';
  return formatShellCommand([
    'zoom-im-groups',
    ...(isRollback ? ['rollback', formatPathArgument(rollbackSource(run))] : ['apply', fileWord(run.file)]),
    ...['--resume', formatPathArgument(run.folder)],
    ...(options.simulate ? ['--simulate'] : []),
    ...(accountPlan === 'pro' ? [] : ['--account-plan', accountPlan]),
    ...(rate === undefined ? [] : ['--rate', String(rate)]),
    ...(concurrency === undefined ? [] : ['--concurrency', String(concurrency)]),
    ...(isRollback ? rollbackOptions(options) : applyOptions(options)),
    ...(envFile === undefined ? [] : ['--env-file', formatPathArgument(envFile)]),
    // A URL with a password is not printed: it has to come from the environment again.
    ...(sharedLimit === undefined || sharedLimit.includes('@') ? [] : ['--shared-limit', sharedLimit]),
  ]);
}

/** A dash alone is standard input. */
function fileWord(file: string): string {
  return file === '-' ? file : formatPathArgument(file);
}

function rollbackOptions({ updates, yes }: Options): readonly string[] {
  return [...(updates ? ['--updates'] : []), ...(yes ? ['--yes'] : [])];
}

function applyOptions(options: Options): readonly string[] {
  const { api, body, shard, delimiter, encoding, map } = options;
  return [
    ...(api === 'im' ? [] : ['--api', api]),
    ...(body === 'multipart' ? [] : ['--body', body]),
    ...(options.update ? ['--update'] : []),
    ...(options.skipInvalid ? ['--skip-invalid'] : []),
    ...(options.baseline ? [] : ['--no-baseline']),
    ...(shard ? ['--shard', `${shard.k}/${shard.n}`] : []),
    ...(delimiter === undefined ? [] : ['--delimiter', delimiter]),
    ...(encoding === undefined ? [] : ['--encoding', encoding]),
    ...Object.entries(map ?? {}).flatMap(([column, field]) => ['--map', `${column}=${field}`]),
  ];
}
