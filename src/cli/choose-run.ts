/** Which run a command means: a new one, or an unfinished one that --resume names or finds. */
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EventOf, RunCommand } from '../events/event.js';
import type { RunState } from '../events/run-state.js';
import { type FatalError, usageError } from '../model/stop.js';
import { findUnfinishedRun, nameRunFolder, openRun, type Run, type RunFilter } from '../runs/find-run.js';
import { isSameFile } from '../storage/file-source.js';
import { REPORT_FILES, RUN_FILES } from '../storage/run-folder.js';
import { type Options, SHAPE_OPTIONS, toFlag } from './options/options.js';

/**
 * The run that the options mean. `--resume` without a folder begins a new run if there is nothing to resume, so that
 * one scheduled command serves both.
 * @param input what stands for the input in the journal: the file, `-`, or a rollback's source
 * @param name what the folder of a new run is named after
 * @throws FatalError (exit 2) if a folder that was named holds no run of this command, or if there is no input to begin with
 */
export function chooseRun(
  command: RunCommand,
  input: string | undefined,
  options: Options,
  warn: (message: string) => void,
  name: string | undefined = input,
): Run {
  const { resume, out, simulate = false } = options;
  // `--resume groups.csv` reads as a folder to the option parser; what is meant is plain.
  if (input === undefined && typeof resume === 'string' && isFile(resume)) {
    return chooseRun(command, resume, { ...options, resume: true }, warn);
  }
  const found =
    resume !== undefined && findRunToResume(resume, { command, file: input, simulated: simulate }, out);
  if (found) return refuseOtherCommand(refuseOwnReport(openRun(found, input)), command);
  if (input === undefined) throw missingFileError(command);
  if (resume) warn(`no unfinished run of ${input} was found: this begins a new one`);
  const isUnnamed = out === undefined;
  return {
    folder: out ?? nameRunFolder(name ?? input, new Date()),
    file: input,
    state: undefined,
    isUnnamed,
  };
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

function refuseOtherCommand(run: Run, command: RunCommand): Run {
  const before = run.state?.runs.at(-1)?.command ?? command;
  if (before === command) return run;
  throw usageError(
    `this run was made by ${before}, not by ${command}`,
    `Resume it with ${before}, or begin a new run without --resume.`,
  );
}

/** Options that a resume takes from the run's journal; given again, they must not differ. */
const FIXED: readonly (keyof Options)[] = ['api', 'body', 'listing', 'includeUpdates', ...SHAPE_OPTIONS];

/**
 * The options of a run: if it is resumed, what shapes it comes from its journal.
 * @throws FatalError (exit 2) if an option that was given differs from the run's
 */
export function restoreOptions(options: Options, state: RunState | undefined): Options {
  const run = state?.runs.at(-1);
  if (!run) return options;
  const restored = toOptions(run);
  for (const option of FIXED) {
    if (!options.given.has(option) || isSameChoice(options[option], restored[option])) continue;
    throw usageError(
      `${toFlag(option)} differs from what this run was begun with`,
      'Leave it out, or begin a new run without --resume.',
    );
  }
  const { accountPlan } = options.given.has('accountPlan') ? options : run.target;
  return { ...options, accountPlan, ...restored };
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
    shard,
  } as Partial<Options>;
}
