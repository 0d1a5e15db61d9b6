/** `apply`, `plan` and `members`: from a file to a plan that is shown, or to a run. */
import { createRunState } from '../events/run-state.js';
import type { ExitCode } from '../model/stop.js';
import { formatColumns } from '../reporting/columns-text.js';
import type { Resource, Session } from '../resources/resource.js';
import type { Run } from '../runs/find-run.js';
import { findStoredRun, readStoredInput, reuseValidation } from '../runs/stored-input.js';
import { type InputValidation, validateInput } from '../runs/validate-input.js';
import { openRereadable, readUntilAborted } from '../storage/file-source.js';
import { flushStdoutOrWarn } from '../terminal/stdout.js';
import { chooseRun, missingFileError, restoreOptions } from './choose-run.js';
import { withContext } from './command-context.js';
import type { Options } from './options/options.js';
import { nameTarget, printProblems, toDialect } from './output.js';
import { makePlan, type PlanView, refuseOtherChecksum, showPlan } from './plan.js';
import { openSession, type RunSession, runWithLock } from './run-session.js';

export type FileCommand = {
  readonly name: 'apply' | 'members';
  readonly resource: Resource;
  /** What shapes a run. */
  readonly toResourceOptions: (options: Options) => object;
  /** What a plan that is only shown needs, if it is not the same as for a run. */
  readonly forPlan?: (options: Options) => {
    readonly resourceOptions: object;
    readonly scopes: readonly (readonly string[])[];
  };
  readonly openPlan: (
    options: Options,
    validation: InputValidation,
  ) => {
    readonly view: PlanView;
    /** Asks about the plan before a run is begun. @throws FatalError for a no */
    readonly confirm?: (signal: AbortSignal) => Promise<void>;
  };
};

/**
 * @param shownAs what the command is called in its output
 * @throws FatalError if nothing was begun; what stops a run is in its journal and its exit code
 */
export async function runFileCommand(
  command: FileCommand,
  file: string | undefined,
  given: Options,
  shownAs: string = command.name,
): Promise<ExitCode> {
  const { name, resource } = command;
  return withContext(given, async ({ terminal, signals, warn, connect }) => {
    const run = given.dryRun ? toPlannedRun(file, name) : chooseRun(name, file, given, warn);
    const options = restoreOptions(given, run.state);
    const resourceOptions = command.toResourceOptions(options);
    const dialect = toDialect(options);
    const bytes = await openBytes(run, signals.signal);
    const read = (): AsyncIterable<Uint8Array> => readUntilAborted(bytes(), signals.signal);
    const validation =
      (run.state && (await reuseValidation(read(), dialect, run.state))) ??
      (await validateInput(read(), { dialect, input: resource.input(resourceOptions) }));
    const { skipInvalid = false, dryRun, checksum } = options;
    if (validation.problems.length > 0 && (validation.broken || !skipInvalid)) {
      return flushStdoutOrWarn(printProblems(shownAs, run.file, validation, options));
    }
    if (validation.columns) terminal.say(formatColumns(validation.columns));
    const forPlan = dryRun ? command.forPlan?.(options) : undefined;
    const account = await connect(options, {
      api: options.api,
      writeLabel: resource.writeLabel(resourceOptions),
      scopes: forPlan?.scopes ?? resource.scopes(resourceOptions),
      resumed: run.state,
    });
    nameTarget(account, options, terminal);
    const shape = { resource: resource.kind, options: resourceOptions, skipInvalid, dialect };
    const session: RunSession = {
      command: name,
      run,
      resource,
      shape,
      bytes,
      validation,
      account,
      options,
      terminal,
      signals,
    };
    const { view, confirm } = command.openPlan(options, validation);
    const plan = (opened: Session): ReturnType<typeof makePlan> => makePlan(opened, account, shape, view);
    if (dryRun) {
      const reading = {
        ...session,
        shape: { ...shape, options: forPlan?.resourceOptions ?? resourceOptions },
      };
      return showPlan(shownAs, await plan(openSession(reading, createRunState())), view, session);
    }
    if (checksum === undefined && !confirm) return runWithLock(session);
    const review = async (opened: Session): Promise<void> => {
      const planned = await plan(opened);
      if (checksum !== undefined) refuseOtherChecksum(planned.checksum, checksum);
      await confirm?.(signals.signal);
    };
    return runWithLock({ ...session, review });
  });
}

/** What is only planned has no folder. */
function toPlannedRun(file: string | undefined, name: FileCommand['name']): Run {
  if (file === undefined) throw missingFileError(name);
  return { file, folder: '', state: undefined };
}

/** Standard input cannot be read a second time: a run that is resumed takes what its journal holds. */
async function openBytes(
  { file, folder, state }: Run,
  signal: AbortSignal,
): Promise<() => AsyncIterable<Uint8Array>> {
  if (file === '-' && state && findStoredRun(state)) return () => readStoredInput(folder, state);
  return openRereadable(file, signal);
}
