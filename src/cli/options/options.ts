/** The options of one command: their types, as commander wants them, and which combinations are refused. */
import { type Command, Option } from 'commander';
import type { AccountPlan, Api, BodyChoice } from '../../model/choices.js';
import { usageError } from '../../model/stop.js';
import type { CommandName } from './commands.js';
import type { Limit } from './option-parsers.js';
import { OPTIONS, type OptionSpec } from './option-table.js';

/** Typed as the table parses them. */
export type Options = {
  /** Those that the user set, even to their defaults: on the command line, in the environment or in the config. */
  readonly given: ReadonlySet<string>;
  readonly simulate?: boolean;
  readonly accountPlan: AccountPlan;
  readonly api: Api;
  readonly out?: string;
  readonly force?: boolean;
  readonly members?: boolean;
  readonly resume?: string | true;
  readonly update?: boolean;
  readonly remove?: boolean;
  readonly sync?: boolean;
  readonly maxRemovals?: Limit;
  readonly includeUpdates?: boolean;
  readonly yes?: boolean;
  readonly write?: boolean;
  readonly member?: string;
  readonly skipInvalid?: boolean;
  readonly maxFailures?: Limit;
  readonly limit?: number;
  readonly checksum?: string;
  readonly dryRun?: boolean;
  readonly detailedExitcode?: boolean;
  readonly all?: boolean;
  readonly shard?: string;
  readonly body: BodyChoice;
  readonly listing: boolean;
  readonly rate?: number;
  readonly concurrency?: number;
  readonly sharedLimit?: string;
  readonly lockTimeout: number;
  readonly stateDir?: string;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly map?: Readonly<Record<string, string>>;
  readonly group?: string;
  readonly split?: string;
  readonly fault?: readonly string[];
  readonly latency?: number;
  readonly dailyLimit?: number;
  readonly port?: number;
  readonly seed?: number;
  readonly config?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly logFormat?: 'pretty' | 'json';
  readonly logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
};

/** The options that say how a file is read. */
export const READ_OPTIONS: readonly (keyof Options)[] = ['delimiter', 'encoding', 'map'];

/** Those that shape what a run does, except those that belong to one API. */
export const SHAPE_OPTIONS: readonly (keyof Options)[] = [
  'update',
  'remove',
  'sync',
  'group',
  'split',
  'skipInvalid',
  'shard',
  ...READ_OPTIONS,
];

/** How an option is written on the command line. */
export function toFlag(option: keyof Options): string {
  if (option === 'listing') return '--no-listing';
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The parsed options of a command. */
export function collectOptions(command: Command): Options {
  const options = command.opts<Options>();
  const given = Object.keys(options).filter((key) => command.getOptionValueSource(key) !== 'default');
  return { ...options, given: new Set(given) };
}

/** The options of a command as commander wants them. */
export function optionsFor(command: CommandName): Option[] {
  return specsFor(command).map(createOption);
}

/** Every option name once, such as `account-plan`: what an environment variable or a line of --config may set. */
export function optionNames(): ReadonlySet<string> {
  return new Set(OPTIONS.map((spec) => createOption(spec).name()));
}

function specsFor(command: CommandName): readonly OptionSpec[] {
  return OPTIONS.filter((spec) => spec.on.includes(command));
}

function createOption(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.help).helpGroup(spec.group);
  if (spec.choices) option.choices(spec.choices);
  if (spec.parse) option.argParser(spec.parse);
  if (spec.default !== undefined) option.default(spec.default, spec.defaultText);
  return option;
}

/**
 * Refuses an option that can't take effect beside the others. One that comes from the environment is ignored
 * instead: a variable is set for all commands.
 * @throws FatalError (exit 2)
 */
export function checkCombinations(name: CommandName, command: Command): void {
  const specs = specsFor(name);
  const flags = new Map(specs.map((spec) => [createOption(spec).long ?? '', createOption(spec)]));
  const isGiven = (flag: string): boolean => {
    const option = flags.get(flag);
    if (!option) return false;
    const value: unknown = command.getOptionValue(option.attributeName());
    if (option.negate) return value === false;
    return sourceOf(command, option) !== 'default' && value !== undefined && value !== false;
  };
  for (const [index, [flag, option]] of [...flags].entries()) {
    if (!isGiven(flag)) continue;
    const { needs = [], excludes = {} } = specs[index] ?? {};
    const possible = needs.filter((other) => flags.has(other));
    if (possible.length > 0 && !possible.some(isGiven)) {
      const needed = possible.join(' or ');
      if (sourceOf(command, option) === 'cli') {
        throw usageError(`${flag} works only with ${needed}`, `Add ${needed}, or leave out ${flag}.`);
      }
      command.setOptionValueWithSource(option.attributeName(), option.defaultValue, 'default');
      continue;
    }
    for (const [other, why] of Object.entries(excludes)) {
      if (isGiven(other))
        throw usageError(`${flag} can't be combined with ${other}: ${why}`, 'Leave out one of them.');
    }
  }
  const { body, api } = command.opts<Options>();
  if (isGiven('--body') && body === 'multipart' && api === 'contacts') {
    throw usageError('--body multipart is refused with --api contacts', 'Contact groups take JSON only.');
  }
}

function sourceOf(command: Command, option: Option): string {
  return command.getOptionValueSource(option.attributeName()) ?? 'default';
}
