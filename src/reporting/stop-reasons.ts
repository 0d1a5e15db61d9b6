/** Why a run stopped, in words for the user. */
import type { StopReason } from '../model/stop.js';

const STOP_TEXTS: Readonly<Record<StopReason, string>> = {
  aborted: 'the calling program aborted it',
  'all-refused': 'Zoom refused all of the first rows for the same reason',
  'api-gone': "Zoom's IM groups API is not available on this account",
  'checksum-mismatch': 'the plan has changed since it was reviewed',
  credentials: 'Zoom rejected the credentials',
  'cut-off': 'its process was killed',
  'daily-limit': "Zoom's daily limit is used up",
  'daily-quota': "the plan's daily limit for these requests is used up",
  'file-in-use': 'a file to be written is open in another program',
  'file-unwritable': 'a report could not be written',
  'folder-unwritable': 'the run folder could not be written',
  header: 'the header of the file cannot be used',
  'journal-damaged': 'its journal is damaged',
  'journal-gone': 'its journal disappeared',
  'journal-newer': 'its journal was written by a newer version',
  'journal-unwritable': 'the journal could not be written',
  limit: 'it reached --limit',
  'listing-failed': 'a list in Zoom could not be read',
  'listing-needed': 'a list in Zoom could not be read',
  'lock-unwritable': 'the lock could not be written',
  locked: 'another run holds this account',
  'max-failures': 'too many rows failed (--max-failures)',
  'max-removals': 'too many members would be removed (--max-removals)',
  'media-type': 'Zoom does not accept this kind of request body',
  method: 'the server does not support this request',
  'no-token': 'Zoom issued no access token',
  'not-confirmed': 'it was not confirmed',
  'nothing-stored': 'its journal holds no input',
  outage: 'Zoom was unavailable',
  'paid-plan': 'Zoom requires a paid plan',
  permission: 'Zoom denied permission',
  problems: 'the file has problems',
  redirect: 'the server answered with a redirect',
  'scope-missing': 'the Zoom app lacks a scope',
  'shared-limit': 'the Redis server of the shared limit is not reachable',
  SIGHUP: 'its terminal was closed',
  SIGINT: 'interrupted with Ctrl-C',
  SIGTERM: 'terminated by the system (SIGTERM)',
  'stdout-unwritable': 'standard output could not be written',
  'still-running': 'a process is still working on it',
  tls: 'no trusted TLS connection to Zoom',
  'token-refused': 'Zoom rejected the access token',
  unreachable: 'Zoom is not reachable',
  usage: 'an option or argument is wrong',
  'wrong-base-url': 'this address is not the Zoom API',
};

/** A clause without its full stop; a reason that a newer version recorded is spelt out. */
export function describeStop(reason: string): string {
  return isStopReason(reason) ? STOP_TEXTS[reason] : reason.replaceAll('-', ' ');
}

/** Why a row has no outcome. */
export function describeInterruption(reason: string): string {
  if (reason === 'still-running') return 'the run is still in progress';
  return `the run stopped: ${describeStop(reason)}`;
}

function isStopReason(reason: string): reason is StopReason {
  return Object.hasOwn(STOP_TEXTS, reason);
}
