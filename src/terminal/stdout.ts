/** Standard output: writing results, and finding out whether they arrived. */
import { fstatSync } from 'node:fs';
import { type ExitCode, FatalError } from '../model/stop.js';
import type { Exit } from '../reporting/exit-code.js';
import { errorCode, realDisk, writeAll, writeFailure } from '../storage/disk.js';
import { escapeInvisible, escapeInvisibleJson } from '../text/visible.js';

/** The first error by which output was lost. */
let writeError: unknown;

/** Writes results to standard output; `flushStdout` reports whether they arrived. */
export function writeStdout(text: string): void {
  const { stdout } = process;
  const line = text.endsWith('\n') ? text : `${text}\n`;
  if (!isFile(stdout.fd)) {
    stdout.write(line, (error) => {
      // A reader that went away is no failure of the command.
      if (error && !['EPIPE', 'ERR_STREAM_DESTROYED'].includes(errorCode(error))) writeError ??= error;
    });
    return;
  }
  // Node ignores how much of it a file took: on a full disk, the rest would be lost silently.
  try {
    writeAll(realDisk, stdout.fd, Buffer.from(line));
  } catch (error) {
    writeError ??= error;
  }
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
}

let isJsonWritten = false;

/** Whether the command has printed its JSON object: there is exactly one, whatever fails afterwards. */
export function hasWrittenJson(): boolean {
  return isJsonWritten;
}

/**
 * Prints a command's one JSON object.
 * @param command null if the command line names none that is known
 * @param fields what is particular to the command, in snake_case
 */
export function writeJson(
  command: string | null,
  fields: Readonly<Record<string, unknown>>,
  exit: Exit,
): void {
  isJsonWritten = true;
  const json = JSON.stringify({ schema_version: 2, command, ...fields, exit }, null, 2);
  writeStdout(json.replace(/[^\n]+/g, escapeInvisibleJson));
}

/**
 * Waits until all that was printed has arrived, and returns the exit code of a command whose result it is.
 * @throws FatalError (exit 6) if some of it is lost
 */
export async function flushStdout(code: ExitCode): Promise<ExitCode> {
  await new Promise((flushed) => process.stdout.write('', flushed));
  if (writeError === undefined) return code;
  const hint = 'What was printed is incomplete. Run it again.';
  throw writeFailure('stdout-unwritable', 'standard output', writeError, hint);
}

/** The same for a command whose results are in its folder: it reports the loss, and ends as it would have. */
export async function flushStdoutOrWarn(code: ExitCode): Promise<ExitCode> {
  try {
    return await flushStdout(code);
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    process.stderr.write(`${escapeInvisible(error.stop.message)}\n`);
    return code;
  }
}
