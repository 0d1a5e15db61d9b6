/** Replies as the classifier makes them, and the events of a run as a test asks for them. */
import type { Event, EventOf } from '../../src/events/event.js';
import type { Reply } from '../../src/model/reply.js';

export const created: Reply = {
  type: 'success',
  httpStatus: 201,
  message: '',
  body: { id: 'g1' },
  complete: true,
};
export const serverError: Extract<Reply, { type: 'transient' }> = {
  type: 'transient',
  ambiguous: true,
  maxAttempts: 3,
  httpStatus: 500,
  message: 'Internal server error',
};
/** Nothing was sent: no process listens at the address. */
export const refusedConnection: Reply = {
  type: 'transient',
  ambiguous: false,
  maxAttempts: 5,
  message: 'connect ECONNREFUSED 127.0.0.1:1',
};
export const connectionReset: Reply = {
  type: 'transient',
  ambiguous: true,
  maxAttempts: 3,
  message: 'socket hang up (ECONNRESET)',
};
export const rejected: Reply = {
  type: 'rejected',
  httpStatus: 400,
  code: 300,
  message: 'Validation Failed.',
};
export const conflict: Reply = {
  type: 'conflict',
  httpStatus: 409,
  code: 4132,
  message: 'Group name is already in use.',
};
export const unauthorized: Reply = { type: 'unauthorized', httpStatus: 401, code: 124, message: 'expired' };
export const rateLimited: Reply = { type: 'rate-limited', httpStatus: 429, message: 'per-second rate limit' };

/** The events of one type, in order. */
export function eventsOf<T extends Event['type']>(events: readonly Event[], type: T): readonly EventOf<T>[] {
  return events.filter((event): event is EventOf<T> => event.type === type);
}
