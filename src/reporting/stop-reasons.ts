/** Why a run stopped, in words for the user. */

const STOP_TEXTS: ReadonlyMap<string, string> = new Map([
  ['SIGHUP', 'its terminal was closed'],
  ['SIGINT', 'interrupted with Ctrl-C'],
  ['SIGTERM', 'terminated by the system (SIGTERM)'],
  ['aborted', 'the calling program aborted it'],
  ['all-refused', 'Zoom refused all of the first requests alike'],
  ['api-gone', "Zoom's IM groups API is not available on this account"],
  ['credentials', 'Zoom rejected the credentials'],
  ['cut-off', 'its process was killed'],
  ['daily-limit', "Zoom's daily limit is used up"],
  ['daily-quota', "the plan's daily limit for these requests is used up"],
  ['journal-gone', 'its journal disappeared'],
  ['journal-unwritable', 'the journal could not be written'],
  ['limit', 'it reached --limit'],
  ['listing-failed', 'the existing groups could not be listed'],
  ['listing-needed', 'the existing groups could not be listed'],
  ['max-failures', 'too many rows failed (--max-failures)'],
  ['media-type', 'Zoom does not accept this kind of request body'],
  ['method', 'the server does not support this request'],
  ['no-token', 'Zoom issued no access token'],
  ['outage', 'Zoom was unavailable'],
  ['paid-plan', 'Zoom requires a paid plan'],
  ['permission', 'Zoom denied permission'],
  ['redirect', 'the server answered with a redirect'],
  ['scope-missing', 'the Zoom app lacks a scope'],
  ['shared-limit', 'the Redis server of the shared limit is not reachable'],
  ['still-running', 'a process is still working on it'],
  ['tls', 'no trusted TLS connection to Zoom'],
  ['token-refused', 'Zoom rejected the access token'],
  ['unreachable', 'Zoom is not reachable'],
  ['wrong-base-url', 'this address is not the Zoom API'],
]);

/** A clause without its full stop; a reason that a newer version recorded is spelt out. */
export function describeStop(reason: string): string {
  return STOP_TEXTS.get(reason) ?? reason.replaceAll('-', ' ');
}

/** Why a row has no outcome. */
export function describeInterruption(reason: string): string {
  if (reason === 'still-running') return 'the run is still in progress';
  return `the run stopped: ${describeStop(reason)}`;
}
