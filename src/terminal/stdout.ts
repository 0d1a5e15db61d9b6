/** Standard output: whether all that a command printed has arrived. */
import { fstatSync } from 'node:fs';
import { type ExitCode, FatalError } from '../model/stop.js';
import { errorCode, realDisk, writeAll, writeFailure } from '../storage/disk.js';

/** Why something that was printed is lost. */
let lost: unknown;

/** Writes results to standard output; `printed` tells whether they arrived. */
export function writeStdout(text: string): void {
  const { stdout } = process;
  const line = text.endsWith('\n') ? text : `${text}\n`;
  if (!isFile(stdout.fd)) {
    stdout.write(line, (error) => {
      // A reader that went away is no failure of the job.
      if (error && !['EPIPE', 'ERR_STREAM_DESTROYED'].includes(errorCode(error))) lost ??= error;
    });
    return;
  }
  // Node does not look how much of it a file took: what a full disk had no room for would be gone without a word.
  try {
    writeAll(realDisk, stdout.fd, Buffer.from(line));
  } catch (error) {
    lost ??= error;
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
 * Waits until all that was printed has arrived, and answers with the exit code of a command whose result it is.
 * @throws FatalError (exit 6) where some of it is lost
 */
export async function flushStdout(code: ExitCode): Promise<ExitCode> {
  await new Promise((flushed) => process.stdout.write('', flushed));
  if (lost === undefined) return code;
  throw writeFailure(
    'stdout-unwritable',
    'standard output',
    lost,
    'What was printed is not whole. Run it again.',
  );
}

/** The same for a command whose results are in its folder: it is told what is lost, and ends as it would have. */
export async function flushStdoutOrWarn(code: ExitCode): Promise<ExitCode> {
  try {
    return await flushStdout(code);
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    process.stderr.write(`${error.stop.message}\n`);
    return code;
  }
}
