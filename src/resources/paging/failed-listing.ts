/** The true cause of a failed listing that a run cannot do without. */
import { createStop, type Stop } from '../../model/stop.js';
import type { PagesResult } from './read-pages.js';

export type RequiredListing = {
  /** What is listed, such as `existing IM groups`. */
  readonly what: string;
  /** What it is needed for, as the rest of a sentence. */
  readonly why: string;
  /** Each of them allows the listing. */
  readonly scopes: readonly string[];
};

export function explainFailedListing(
  { reply, reason }: Extract<PagesResult<unknown>, { type: 'failed' }>,
  { what, why, scopes }: RequiredListing,
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
