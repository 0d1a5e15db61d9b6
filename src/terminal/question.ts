/** Asks for a confirmation at the terminal. */
import { createInterface } from 'node:readline';
import { createStop, FatalError } from '../model/stop.js';

export type QuestionOptions = {
  /** Whether --yes answers it. */
  readonly yes: boolean;
  /** Ends the question. */
  readonly signal?: AbortSignal;
  readonly input?: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output?: NodeJS.WritableStream;
};

/**
 * Asks a question that only `yes` confirms; anything else, and Ctrl-D, is a no.
 * @throws FatalError (exit 2, not-confirmed) without a terminal, (exit 130) after Ctrl-C; the signal's reason
 */
export async function askYes(question: string, options: QuestionOptions): Promise<boolean> {
  const { yes, signal, input = process.stdin, output = process.stderr } = options;
  if (yes) return true;
  if (input.isTTY !== true) {
    throw notConfirmed('this needs a confirmation, and there is no terminal to ask at', 'Add --yes.');
  }
  const prompt = createInterface({ input, output, terminal: true });
  try {
    return await new Promise<boolean>((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      prompt.on('SIGINT', () =>
        reject(new FatalError(createStop('SIGINT', 'stopped by Ctrl-C', 'Nothing was changed.'))),
      );
      prompt.on('close', () => resolve(false));
      prompt.question(`${question} Type yes to continue: `, (answer) =>
        resolve(answer.trim().toLowerCase() === 'yes'),
      );
    });
  } catch (error) {
    output.write('\n');
    throw error;
  } finally {
    prompt.close();
  }
}

/** How a command ends that was not confirmed. */
export function notConfirmed(message: string, hint: string): FatalError {
  return new FatalError(createStop('not-confirmed', message, hint));
}
