/** Reads and validates the input of a run before anything is sent. */
import type { RunShape } from '../events/event.js';
import type { ExitCode } from '../model/stop.js';
import type { Resource } from '../resources/resource.js';
import type { Run } from '../runs/find-run.js';
import { findStoredInput, readStoredInput, reuseValidation } from '../runs/stored-input.js';
import { type InputValidation, validateInput } from '../runs/validate-input.js';
import { openRereadable } from '../storage/file-source.js';
import { flushStdoutOrWarn } from '../terminal/stdout.js';
import type { Terminal } from '../terminal/terminal.js';
import type { Options } from './options/options.js';
import { printColumns, printProblems, toDialect } from './output.js';

export type ValidatedInput =
  | {
      readonly type: 'valid';
      /** The input's bytes, from the first at each call. */
      readonly bytes: () => AsyncIterable<Uint8Array>;
      readonly validation: InputValidation;
      readonly shape: RunShape;
    }
  /** The problems are printed already. */
  | { readonly type: 'refused'; readonly code: ExitCode };

type Reading<Item, O extends object> = {
  readonly command: string;
  readonly resource: Resource<Item, O>;
  readonly resourceOptions: O;
  readonly options: Options;
  readonly terminal: Terminal;
};

/** Reads the whole input; prints its columns, and its problems if it has any that are not to be skipped. */
export async function readAndValidate<Item, O extends object>(
  run: Pick<Run, 'file' | 'folder' | 'state'>,
  { command, resource, resourceOptions, options, terminal }: Reading<Item, O>,
): Promise<ValidatedInput> {
  const bytes = await openBytes(run);
  const dialect = toDialect(options);
  const skipInvalid = options.skipInvalid ?? false;
  const reused = run.state && (await reuseValidation(bytes(), dialect, run.state));
  const validation =
    reused ?? (await validateInput(bytes(), { dialect, input: resource.input(resourceOptions) }));
  if (validation.problems.length > 0 && (validation.broken || !skipInvalid)) {
    return {
      type: 'refused',
      code: await flushStdoutOrWarn(printProblems(command, run.file, validation, options)),
    };
  }
  if (validation.columns) printColumns(validation.columns, options, terminal);
  const shape = { resource: resource.kind, options: resourceOptions, skipInvalid, dialect };
  return { type: 'valid', bytes, validation, shape };
}

/** Standard input cannot be read a second time: a run that is resumed takes what its journal holds. */
async function openBytes({
  file,
  folder,
  state,
}: Pick<Run, 'file' | 'folder' | 'state'>): Promise<() => AsyncIterable<Uint8Array>> {
  if (file === '-' && state && findStoredInput(state)) return () => readStoredInput(folder, state);
  return openRereadable(file);
}
