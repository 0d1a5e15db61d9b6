/** The command line that resumes a run: made here for every command that prints one, from the run's own journal. */
import type { EventOf } from '../events/event.js';
import { DEFAULT_ACCOUNT_PLAN } from '../model/choices.js';
import { formatPathArgument, formatShellCommand } from '../text/shell-quote.js';
import type { Options } from './options/options.js';

const ROLLBACK_PREFIX = 'rollback of ';

/** What stands for the input's path in a rollback, whose rows come from another run. */
export function describeRollbackInput(source: string): string {
  return `${ROLLBACK_PREFIX}${source}`;
}

/** The run folder that a rollback undoes; any other path stays as it is. */
function findRollbackSource(path: string): string {
  return path.startsWith(ROLLBACK_PREFIX) ? path.slice(ROLLBACK_PREFIX.length) : path;
}

/**
 * What shapes the run is in its journal, so that the folder is enough; besides it stand only the options that a
 * resume may change, and those that say how to reach the account.
 */
export function formatResumeCommand(run: EventOf<'run'>, folder: string, options: Options): string {
  const { command, input, simulated, target } = run;
  const { rate, concurrency, config, sharedLimit, stateDir, yes } = options;
  const source = command === 'rollback' ? findRollbackSource(input.path) : input.path;
  return formatShellCommand([
    'zoom-im-groups',
    command,
    formatFileArgument(source),
    ...['--resume', formatPathArgument(folder)],
    ...(simulated ? ['--simulate'] : []),
    ...(target.accountPlan === DEFAULT_ACCOUNT_PLAN ? [] : ['--account-plan', target.accountPlan]),
    ...(rate === undefined ? [] : ['--rate', String(rate)]),
    ...(concurrency === undefined ? [] : ['--concurrency', String(concurrency)]),
    ...(yes ? ['--yes'] : []),
    ...(config === undefined ? [] : ['--config', formatPathArgument(config)]),
    ...(stateDir === undefined ? [] : ['--state-dir', formatPathArgument(stateDir)]),
    // A URL with a password is not printed: it has to come from the environment again.
    ...(sharedLimit === undefined || sharedLimit.includes('@') ? [] : ['--shared-limit', sharedLimit]),
  ]);
}

/** A dash alone is standard input. */
export function formatFileArgument(file: string): string {
  return file === '-' ? file : formatPathArgument(file);
}

/** The options that say how a file is read. */
export function formatReadOptions({ delimiter, encoding, map }: Options): readonly string[] {
  return [
    ...(delimiter === undefined ? [] : ['--delimiter', delimiter]),
    ...(encoding === undefined ? [] : ['--encoding', encoding]),
    ...Object.entries(map ?? {}).flatMap(([column, field]) => ['--map', `${column}=${field}`]),
  ];
}
