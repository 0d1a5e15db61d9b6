/** Waiting for work that several callers share: one that aborts stops waiting, and the work continues. */
import { setMaxListeners } from 'node:events';

/** Rejects with the signal's reason if it aborts first. */
export function waitOrAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    // Also after an abort: a rejection that nothing handles would end the process.
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) return onAbort();
    // All requests in flight wait with the one signal of the run; Node warns about more than ten listeners.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
