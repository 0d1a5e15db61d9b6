/** The command line that continues a run, for its user to copy. */
import { EXIT } from '../model/outcome.js';
import { countOf, type Summary } from '../reporting/summary.js';
import { type Run, rollbackSource } from '../runs/find-run.js';
import { formatPathArgument, formatShellCommand } from '../text/shell-quote.js';
import type { Options } from './options.js';

/** The next command after a run that did not finish, or that has rows worth another attempt as they are. */
export function findResumeCommand(summary: Summary, run: Run, options: Options): string | undefined {
  const { code } = summary.exit;
  // The runs in a common report are resumed one by one.
  if (summary.files.journal === undefined || code === EXIT.ok || code === EXIT.usage) return undefined;
  const retries = countOf(summary, 'failed') + countOf(summary, 'unknown');
  if (code === EXIT.unprovisioned && retries === 0) return undefined;
  return formatNextCommand(summary, run, options);
}

/** A run belongs to one API: if that one is retired, the next step is a new run with the other. */
function formatNextCommand({ exit }: Summary, run: Run, options: Options): string {
  const { simulate, accountPlan } = options;
  if (exit.reason !== 'api-gone' || run.history?.runs.at(-1)?.command !== 'apply')
    return formatResumeCommand(run, options);
  return formatShellCommand([
    ...['zoom-im-groups', 'apply', formatFileArgument(run.file)],
    ...formatApplyOptions({ ...options, api: 'contacts', body: 'auto', listing: true }),
    ...(simulate ? ['--simulate'] : []),
    ...(accountPlan === 'pro' ? [] : ['--account-plan', accountPlan]),
    ...formatConfigOptions(options),
  ]);
}

/** The command that continues a run: the options that shape it, and its folder. */
export function formatResumeCommand(run: Run, options: Options): string {
  const { rate, concurrency, accountPlan, sharedLimit } = options;
  const isRollback = run.history?.runs.at(-1)?.command === 'rollback';
  return formatShellCommand([
    'zoom-im-groups',
    ...(isRollback
      ? ['rollback', formatPathArgument(rollbackSource(run))]
      : ['apply', formatFileArgument(run.file)]),
    ...['--resume', formatPathArgument(run.folder)],
    ...(options.simulate ? ['--simulate'] : []),
    ...(accountPlan === 'pro' ? [] : ['--account-plan', accountPlan]),
    ...(rate === undefined ? [] : ['--rate', String(rate)]),
    ...(concurrency === undefined ? [] : ['--concurrency', String(concurrency)]),
    ...(isRollback ? formatRollbackOptions(options) : formatApplyOptions(options)),
    ...formatConfigOptions(options),
    // A URL with a password is not printed: it has to come from the environment again.
    ...(sharedLimit === undefined || sharedLimit.includes('@') ? [] : ['--shared-limit', sharedLimit]),
  ]);
}

/** A dash alone is standard input. */
export function formatFileArgument(file: string): string {
  return file === '-' ? file : formatPathArgument(file);
}

/** Where credentials come from and locks are kept. */
function formatConfigOptions({ config, stateDir }: Options): readonly string[] {
  return [
    ...(config === undefined ? [] : ['--config', formatPathArgument(config)]),
    ...(stateDir === undefined ? [] : ['--state-dir', formatPathArgument(stateDir)]),
  ];
}

function formatRollbackOptions({ includeUpdates, yes }: Options): readonly string[] {
  return [...(includeUpdates ? ['--include-updates'] : []), ...(yes ? ['--yes'] : [])];
}

function formatApplyOptions(options: Options): readonly string[] {
  const { api, body, shard } = options;
  return [
    ...(api === 'im' ? [] : ['--api', api]),
    ...(body === 'auto' ? [] : ['--body', body]),
    ...(options.update ? ['--update'] : []),
    ...(options.skipInvalid ? ['--skip-invalid'] : []),
    ...(options.listing ? [] : ['--no-listing']),
    ...(shard ? ['--shard', `${shard.k}/${shard.n}`] : []),
    ...formatReadOptions(options),
  ];
}

/** The options that say how the CSV is read. */
export function formatReadOptions({ delimiter, encoding, map }: Options): readonly string[] {
  return [
    ...(delimiter === undefined ? [] : ['--delimiter', delimiter]),
    ...(encoding === undefined ? [] : ['--encoding', encoding]),
    ...Object.entries(map ?? {}).flatMap(([column, field]) => ['--map', `${column}=${field}`]),
  ];
}
