/** Which run a command means: a new one, or an unfinished one that --resume names or finds. */
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EventOf, RunCommand } from '../events/event.js';
import { type FatalError, usageError } from '../model/stop.js';
import { findUnfinishedRun, nameRunFolder, openRun, type Run, type RunFilter } from '../runs/find-run.js';
import { isSameFile } from '../storage/file-source.js';
import { REPORT_FILES, RUN_FILES } from '../storage/run-folder.js';
import type { Options } from './options/options.js';

/**
 * The run that the options mean. `--resume` without a folder begins a new run if there is nothing to resume, so that
 * one scheduled command serves both.
 * @param input what stands for the input in the journal: the file, `-`, or a rollback's source
 * @throws FatalError (exit 2) if a folder that was named holds no run, or if there is no input to begin with
 */
export function chooseRun(
  command: RunCommand,
  input: string | undefined,
  options: Options,
  warn: (message: string) => void,
): Run {
  const { resume, out, simulate = false } = options;
  // `--resume groups.csv` reads as a folder to the option parser; what is meant is plain.
  if (input === undefined && typeof resume === 'string' && isFile(resume)) {
    return chooseRun(command, resume, { ...options, resume: true }, warn);
  }
  const found =
    resume !== undefined && findRunToResume(resume, { command, file: input, simulated: simulate }, out);
  if (found) return refuseOwnReport(openRun(found, input));
  if (input === undefined) throw missingFileError(command);
  if (resume) warn(`no unfinished run of ${input} was found: this begins a new one`);
  const isUnnamed = out === undefined;
  return { folder: out ?? nameRunFolder(input, new Date()), file: input, state: undefined, isUnnamed };
}

function findRunToResume(
  resume: true | string,
  filter: RunFilter,
  out: string | undefined,
): string | undefined {
  if (typeof resume === 'string') return resume;
  if (out === undefined) return findUnfinishedRun(filter);
  if (isFile(join(out, RUN_FILES.journal))) return out;
  return findUnfinishedRun({ ...filter, parents: [dirname(out)] });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Exit 2: there is nothing to begin with. */
export function missingFileError(command: RunCommand): FatalError {
  return usageError(`${command} needs a file`, `For example: zoom-im-groups ${command} groups.csv`);
}

/** The run's reports are written again at its end, also one that is its input. */
function refuseOwnReport(run: Run): Run {
  const own = REPORT_FILES.map((name) => join(run.folder, name)).find((path) => isSameFile(path, run.file));
  if (own === undefined) return run;
  throw usageError(
    `${own} is the input, and this run would overwrite it`,
    'Copy it to another place and name that; or begin a new run, without --resume.',
  );
}

/** Options that a resume takes from the run's journal; given again, they must not differ. */
const SHAPING: readonly (readonly [keyof Options, string])[] = [
  ['api', '--api'],
  ['update', '--update'],
  ['body', '--body'],
  ['listing', '--no-listing'],
  ['skipInvalid', '--skip-invalid'],
  ['encoding', '--encoding'],
  ['delimiter', '--delimiter'],
  ['map', '--map'],
  ['shard', '--shard'],
  ['remove', '--remove'],
  ['sync', '--sync'],
  ['group', '--group'],
  ['split', '--split'],
  ['includeUpdates', '--include-updates'],
];

/**
 * The options of a run that is resumed: what shapes it comes from its journal.
 * @param isGiven whether the user gave the option
 * @throws FatalError (exit 2) if an option that was given differs from the run's
 */
export function restoreOptions(
  options: Options,
  run: EventOf<'run'>,
  isGiven: (option: keyof Options) => boolean,
): Options {
  const restored = toOptions(run);
  for (const [option, flag] of SHAPING) {
    if (!isGiven(option) || isSameChoice(options[option], restored[option])) continue;
    throw usageError(
      `${flag} differs from what this run was begun with`,
      'Leave it out, or begin a new run without --resume.',
    );
  }
  const { accountPlan } = run.target;
  return { ...options, ...(isGiven('accountPlan') ? {} : { accountPlan }), ...restored };
}

/** A switch that is off is the same as one that is not given. */
function isSameChoice(one: unknown, other: unknown): boolean {
  return JSON.stringify(one ?? false) === JSON.stringify(other ?? false);
}

/** The shaping options as the journal has them; those that the run did not use are absent. */
export function toOptions({ shape, target }: EventOf<'run'>): Partial<Options> {
  const { encoding, delimiter, map, shard } = shape.dialect;
  const { mode, ...own } = shape.options as Partial<Options> & { readonly mode?: string };
  return {
    ...own,
    // What `members` does is one choice in its journal, and two switches on the command line.
    ...(mode === undefined
      ? {}
      : { remove: mode === 'remove' || undefined, sync: mode === 'sync' || undefined }),
    api: target.api,
    skipInvalid: shape.skipInvalid,
    encoding: encoding === '' ? undefined : encoding,
    delimiter: delimiter === '' ? undefined : delimiter,
    map,
    shard: shard === undefined ? undefined : toShard(shard),
  } as Partial<Options>;
}

function toShard(text: string): { k: number; n: number } {
  const [k, n] = text.split('/').map(Number);
  return { k: k ?? 1, n: n ?? 1 };
}
