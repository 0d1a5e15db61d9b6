/** A confirmation: what counts as yes, and how everything else ends. */
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createStop, FatalError } from '../../src/model/stop.js';
import { askYes } from '../../src/terminal/question.js';

type Input = PassThrough & { isTTY: boolean };

function terminal(isTTY = true): { input: Input; output: PassThrough } {
  return { input: Object.assign(new PassThrough(), { isTTY }), output: new PassThrough() };
}

async function answer(keys: string): Promise<boolean> {
  const { input, output } = terminal();
  const asked = askYes('Delete 3 groups from Zoom?', { yes: false, input, output });
  input.write(keys);
  return asked;
}

async function stopOf(asked: Promise<unknown>): Promise<unknown> {
  return asked.then(
    () => 'no stop',
    (error: unknown) => (error instanceof FatalError ? error.stop : error),
  );
}

describe('a question', () => {
  test.each(['yes\n', 'YES\n', ' yes \n'])('is confirmed by %j', async (keys) => {
    expect(await answer(keys)).toBe(true);
  });

  test.each(['no\n', 'y\n', '\n', '\x04'])('is not confirmed by %j', async (keys) => {
    expect(await answer(keys)).toBe(false);
  });

  test('that is left by Ctrl-C ends with 130', async () => {
    expect(await stopOf(answer('\x03'))).toMatchObject({ exit: 130, reason: 'SIGINT' });
  });

  test('ends with the reason of a signal, as after SIGTERM', async () => {
    const { input, output } = terminal();
    const stopping = new AbortController();
    const asked = askYes('Go?', { yes: false, signal: stopping.signal, input, output });
    const reason = new FatalError(createStop('SIGTERM', 'terminated', 'Nothing was changed.'));
    stopping.abort(reason);
    expect(await stopOf(asked)).toBe(reason.stop);
  });

  test('is not asked under --yes, whatever the input', async () => {
    const { input, output } = terminal(false);
    expect(await askYes('Go?', { yes: true, input, output })).toBe(true);
    expect(output.read()).toBeNull();
  });

  test('that no terminal can answer ends with 2 and names --yes', async () => {
    const { input, output } = terminal(false);
    input.write('yes\n');
    const stop = await stopOf(askYes('Go?', { yes: false, input, output }));
    expect(stop).toMatchObject({ exit: 2, reason: 'not-confirmed', hint: expect.stringContaining('--yes') });
  });
});
