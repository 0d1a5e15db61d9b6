/** Standard output: writing results, and finding out whether they arrived. */
import { fstatSync } from 'node:fs';
import { type ExitCode, FatalError } from '../model/outcome.js';
import { errorCode, realDisk, writeAll, writeFailure } from '../storage/disk.js';
import { escapeInvisible } from '../text/visible.js';

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

/**
 * Waits until everything written has arrived, and returns the exit code of a command whose result it is.
 * @throws FatalError (exit 6) if some of it is lost
 */
export async function flushStdout(code: ExitCode): Promise<ExitCode> {
  await new Promise((resolve) => process.stdout.write('', resolve));
  if (writeError === undefined) return code;
  throw writeFailure(
    'stdout-unwritable',
    'standard output',
    writeError,
    'The output is incomplete. Run the command again.',
  );
}

/** The same for a command whose results are in its run folder: it only warns, and the exit code stays. */
export async function flushStdoutOrWarn(code: ExitCode): Promise<ExitCode> {
  try {
    return await flushStdout(code);
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    process.stderr.write(`${escapeInvisible(error.stop.message)}\n`);
    return code;
  }
}
