/** Command lines that are printed to be run: the next command of a run, made from its own journal, and others. */
import type { EventOf } from '../events/event.js';
import { DEFAULT_ACCOUNT_PLAN } from '../model/choices.js';
import type { Stop } from '../model/stop.js';
import { REQUESTS_PER_SECOND } from '../model/zoom-limits.js';
import { findResource } from '../runs/resource-registry.js';
import { formatPathArgument, formatShellCommand } from '../text/shell-quote.js';
import { toOptions } from './choose-run.js';
import { type Options, SHAPE_OPTIONS, toFlag } from './options/options.js';

const ROLLBACK_PREFIX = 'rollback of ';

/** What stands for the input's path in a rollback, whose rows come from another run. */
export function describeRollbackInput(source: string): string {
  return `${ROLLBACK_PREFIX}${source}`;
}

/** The run folder that a rollback undoes; any other path stays as it is. */
function findRollbackSource(path: string): string {
  return path.startsWith(ROLLBACK_PREFIX) ? path.slice(ROLLBACK_PREFIX.length) : path;
}

/** What a resume may change, and how to reach the account. */
const ACCOUNT_OPTIONS: readonly (keyof Options)[] = [
  'simulate',
  'accountPlan',
  'rate',
  'concurrency',
  'yes',
  'config',
  'stateDir',
  'sharedLimit',
];

/** A command on a file; the options that are absent or off are left out. */
export function formatCommand(
  command: string,
  file: string,
  ...options: readonly (readonly string[])[]
): string {
  // A dash alone is standard input.
  const argument = file === '-' ? file : formatPathArgument(file);
  return formatShellCommand(['zoom-im-groups', command, argument, ...options.flat()]);
}

/** These options as words of a command line; those that are absent or off are left out. */
export function formatOptions(
  options: { readonly [Name in keyof Options]?: unknown },
  names: readonly (keyof Options)[],
): readonly string[] {
  return names.flatMap((name) => {
    const flag = toFlag(name);
    const value = options[name];
    if (value === undefined || value === false) return [];
    if (value === true) return [flag];
    if (name === 'map') return Object.entries(value ?? {}).flatMap((pair) => [flag, pair.join('=')]);
    const isPath = name === 'config' || name === 'stateDir';
    return [flag, isPath ? formatPathArgument(String(value)) : String(value)];
  });
}

/**
 * What shapes the run is in its journal, so that the folder is enough to resume it. A run belongs to one API: if that is
 * gone, a new run on its successor is what comes next.
 */
export function formatNextCommand(
  run: EventOf<'run'>,
  folder: string,
  options: Options,
  stop: Stop | undefined,
): string {
  const { command, input, simulated, target } = run;
  const { accountPlan, perSecond } = target;
  const { sharedLimit } = options;
  const source = command === 'rollback' ? findRollbackSource(input.path) : input.path;
  const isReplaced = stop?.reason === 'api-gone' && target.api === 'im' && command !== 'rollback';
  const how = {
    ...options,
    simulate: simulated,
    accountPlan: accountPlan === DEFAULT_ACCOUNT_PLAN ? undefined : accountPlan,
    rate: isReplaced || hasDefaultRate(run) ? undefined : perSecond,
    // A URL that may hold a password is not printed: it has to come from the environment again.
    sharedLimit: /[@?]/.test(sharedLimit ?? '') ? undefined : sharedLimit,
  };
  const what = isReplaced
    ? ['--api', 'contacts', ...formatOptions(toOptions(run), SHAPE_OPTIONS)]
    : ['--resume', formatPathArgument(folder)];
  return formatCommand(command, source, what, formatOptions(how, ACCOUNT_OPTIONS));
}

/** Whether the run keeps to the rate of its account plan, so that `--rate` need not be given again. */
function hasDefaultRate({ shape, target }: EventOf<'run'>): boolean {
  const label = findResource(shape.resource)?.writeLabel(shape.options);
  return label === undefined || REQUESTS_PER_SECOND[label][target.accountPlan] === target.perSecond;
}
