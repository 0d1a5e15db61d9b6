/** Ctrl-C and its kin: the first asks the run to stop, the second ends the process at once. */
import { EXIT, type ExitCode, FatalError } from '../model/outcome.js';
import { describeStop } from '../reporting/stop-reasons.js';

const CODES: Readonly<Record<'SIGINT' | 'SIGTERM' | 'SIGHUP', ExitCode>> = {
  SIGINT: EXIT.interrupt,
  SIGTERM: EXIT.terminate,
  SIGHUP: EXIT.hangup,
};

/** How long what is in flight may take after the first signal. */
const GRACE_MS = 30_000;

export type SignalHandling = { readonly signal: AbortSignal; readonly dispose: () => void };

/**
 * Listens for signals until disposed.
 * @param said tells a person what happens and what a second signal does
 * @param cut ends what is in flight, when the grace is over
 */
export function handleSignals(said: (text: string) => void, cut: () => void): SignalHandling {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const names = Object.keys(CODES) as (keyof typeof CODES)[];
  const onSignal = (name: keyof typeof CODES): void => {
    if (stopping.signal.aborted) {
      // The journal has all that is known; without our handlers the signal does what it always does.
      dispose();
      process.kill(process.pid, name);
      return;
    }
    said(`${name}: requests in flight are finished, then the reports are written; again: stops at once`);
    timer = setTimeout(cut, GRACE_MS).unref();
    const hint = 'Run the same command with --resume to go on.';
    stopping.abort(new FatalError({ exit: CODES[name], reason: name, message: describeStop(name), hint }));
  };
  const handlers = names.map((name) => ({ name, handler: () => onSignal(name) }));
  for (const { name, handler } of handlers) process.on(name, handler);
  function dispose(): void {
    clearTimeout(timer);
    for (const { name, handler } of handlers) process.off(name, handler);
  }
  return { signal: stopping.signal, dispose };
}
