/** The command line that a run prints at its end: made here for every command, from the run's own journal. */
import type { EventOf } from '../events/event.js';
import { DEFAULT_ACCOUNT_PLAN } from '../model/choices.js';
import type { Stop } from '../model/stop.js';
import { REQUESTS_PER_SECOND } from '../model/zoom-limits.js';
import { findResource } from '../runs/resource-registry.js';
import { formatPathArgument, formatShellCommand } from '../text/shell-quote.js';
import { toOptions } from './choose-run.js';
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
 * What shapes the run is in its journal, so that the folder is enough to resume it; besides it stand only the options
 * that a resume may change, and those that say how to reach the account. A run belongs to one API: if that is gone, a
 * new run on its successor is what comes next.
 */
export function formatNextCommand(
  run: EventOf<'run'>,
  folder: string,
  options: Options,
  stop: Stop | undefined,
): string {
  const { command, input, simulated, target } = run;
  const { concurrency, config, sharedLimit, stateDir, yes } = options;
  const source = command === 'rollback' ? findRollbackSource(input.path) : input.path;
  const isReplaced = stop?.reason === 'api-gone' && target.api === 'im' && command !== 'rollback';
  return formatShellCommand([
    'zoom-im-groups',
    command,
    formatFileArgument(source),
    ...(isReplaced
      ? ['--api', 'contacts', ...formatShape(toOptions(run))]
      : ['--resume', formatPathArgument(folder)]),
    ...(simulated ? ['--simulate'] : []),
    ...(target.accountPlan === DEFAULT_ACCOUNT_PLAN ? [] : ['--account-plan', target.accountPlan]),
    ...(isReplaced || hasDefaultRate(run) ? [] : ['--rate', String(target.perSecond)]),
    ...(concurrency === undefined ? [] : ['--concurrency', String(concurrency)]),
    ...(yes ? ['--yes'] : []),
    ...(config === undefined ? [] : ['--config', formatPathArgument(config)]),
    ...(stateDir === undefined ? [] : ['--state-dir', formatPathArgument(stateDir)]),
    // A URL that may hold a password is not printed: it has to come from the environment again.
    ...(sharedLimit === undefined || /[@?]/.test(sharedLimit) ? [] : ['--shared-limit', sharedLimit]),
  ]);
}

/** Whether the run keeps to the rate of its account plan, so that `--rate` need not be given again. */
function hasDefaultRate({ shape, target }: EventOf<'run'>): boolean {
  const label = findResource(shape.resource)?.writeLabel(shape.options);
  return label === undefined || REQUESTS_PER_SECOND[label][target.accountPlan] === target.perSecond;
}

/** The options that shape a run, except those that belong to one API. */
function formatShape(shape: Partial<Options>): readonly string[] {
  const { update, skipInvalid, shard, remove, sync, group, split } = shape;
  return [
    ...(update ? ['--update'] : []),
    ...(remove ? ['--remove'] : []),
    ...(sync ? ['--sync'] : []),
    ...(group === undefined ? [] : ['--group', group]),
    ...(split === undefined ? [] : ['--split', split]),
    ...(skipInvalid ? ['--skip-invalid'] : []),
    ...(shard ? ['--shard', `${shard.k}/${shard.n}`] : []),
    ...formatReadOptions(shape),
  ];
}

/** A dash alone is standard input. */
export function formatFileArgument(file: string): string {
  return file === '-' ? file : formatPathArgument(file);
}

/** The options that say how a file is read. */
export function formatReadOptions({ delimiter, encoding, map }: Partial<Options>): readonly string[] {
  return [
    ...(delimiter === undefined ? [] : ['--delimiter', delimiter]),
    ...(encoding === undefined ? [] : ['--encoding', encoding]),
    ...Object.entries(map ?? {}).flatMap(([column, field]) => ['--map', `${column}=${field}`]),
  ];
}
