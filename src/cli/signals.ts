/** Ctrl-C and the other stop signals: the first asks the command to stop, the second ends the process at once. */
import { createStop, FatalError } from '../model/stop.js';
import { describeStop } from '../reporting/stop-reasons.js';

/** What a user calls them. */
const NAMES = { SIGINT: 'Ctrl-C', SIGTERM: 'SIGTERM', SIGHUP: 'SIGHUP' } as const;

type SignalName = keyof typeof NAMES;

/** What the first signal means for what the command is doing. */
export type Reaction = {
  /** What the user does next. */
  readonly hint: string;
  /** Tells the user what happens now, and what a second signal does. Default: nothing is printed. */
  readonly announce?: (name: string) => void;
  /** Ends what is in flight if it takes longer than that. */
  readonly cutOff?: { readonly afterMs: number; readonly run: () => void };
};

export type Signals = {
  /** Aborts at the first signal; its reason is a `FatalError`. */
  readonly signal: AbortSignal;
  /** From now on the first signal means this. */
  readonly react: (reaction: Reaction) => void;
  readonly dispose: () => void;
};

/** For a command that has only read so far. */
export const NOTHING_CHANGED = 'Nothing was changed. Run the command again.';

/** Listens for signals until disposed. */
export function listenForSignals(): Signals {
  const stopping = new AbortController();
  let reaction: Reaction = { hint: NOTHING_CHANGED };
  let timer: NodeJS.Timeout | undefined;
  const names = Object.keys(NAMES) as SignalName[];
  const onSignal = (name: SignalName): void => {
    if (stopping.signal.aborted) {
      // The journal has all that is known; without our handlers the signal does what it always does.
      dispose();
      process.kill(process.pid, name);
      return;
    }
    const { hint, announce, cutOff } = reaction;
    announce?.(NAMES[name]);
    if (cutOff) timer = setTimeout(cutOff.run, cutOff.afterMs).unref();
    stopping.abort(new FatalError(createStop(name, describeStop(name), hint)));
  };
  const dispose = (): void => {
    clearTimeout(timer);
    for (const name of names) process.off(name, onSignal);
  };
  for (const name of names) process.on(name, onSignal);
  return {
    signal: stopping.signal,
    react: (next) => {
      reaction = next;
    },
    dispose,
  };
}
