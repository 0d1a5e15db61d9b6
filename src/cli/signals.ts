/** Ctrl-C and the other stop signals: the first asks the command to stop, the second ends the process at once. */
import { createStop, FatalError } from '../model/stop.js';
import { describeStop } from '../reporting/stop-reasons.js';

/** What a user calls them. */
const NAMES: Readonly<Record<'SIGINT' | 'SIGTERM' | 'SIGHUP', string>> = {
  SIGINT: 'Ctrl-C',
  SIGTERM: 'SIGTERM',
  SIGHUP: 'SIGHUP',
};

/** How long what is in flight may take after the first signal. */
const GRACE_MS = 30_000;

export type SignalHandling = { readonly signal: AbortSignal; readonly dispose: () => void };

/** Only what differs between a run and a command that only reads. */
export type SignalOptions = {
  /** What the user does next. */
  readonly hint: string;
  /** Tells the user what happens now, and what a second signal does. Default: nothing is printed. */
  readonly say?: (text: string) => void;
  /** Ends what is in flight when the grace period is over. */
  readonly cutOff?: () => void;
};

/** Listens for signals until disposed. */
export function handleSignals({ hint, say, cutOff }: SignalOptions): SignalHandling {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const names = Object.keys(NAMES) as (keyof typeof NAMES)[];
  const onSignal = (name: keyof typeof NAMES): void => {
    if (stopping.signal.aborted) {
      // The journal has all that is known; without our handlers the signal does what it always does.
      dispose();
      process.kill(process.pid, name);
      return;
    }
    say?.(
      `${NAMES[name]}: requests in flight are finished, then the reports are written; again: stops at once`,
    );
    if (cutOff) timer = setTimeout(cutOff, GRACE_MS).unref();
    stopping.abort(new FatalError(createStop(name, describeStop(name), hint)));
  };
  const handlers = names.map((name) => ({ name, handler: () => onSignal(name) }));
  for (const { name, handler } of handlers) process.on(name, handler);
  function dispose(): void {
    clearTimeout(timer);
    for (const { name, handler } of handlers) process.off(name, handler);
  }
  return { signal: stopping.signal, dispose };
}
