/** The true cause of a failed listing that a run cannot do without. */
import { createStop, type Stop } from '../../model/stop.js';
import type { FailedListing } from './read-pages.js';

/**
 * @param what what is listed, such as `existing IM groups`
 * @param why what it is needed for, as the rest of a sentence
 * @param scopes each of them allows the listing
 */
export function explainFailedListing(
  { reply, reason }: FailedListing,
  what: string,
  why: string,
  scopes: readonly string[],
): Stop {
  const message = `the ${what} could not be listed, and ${why}: ${reason}`;
  if (reply.type === 'fatal') return { ...reply.stop, message };
  const isRefused = reply.type === 'rejected' && !reply.expiredPageToken;
  if (isRefused || reply.type === 'not-found' || reply.type === 'conflict') {
    const hint = `Check that the app has one of these scopes: ${scopes.join(', ')}.`;
    return createStop('listing-needed', message, hint);
  }
  // A plan or an export has nothing to resume; a run prints its resume command.
  return createStop('listing-failed', message, 'Retry later.');
}
