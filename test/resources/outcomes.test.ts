/** How a row's failure is described, and what its outcome carries. */
import { expect, test } from 'vitest';
import { describeFailure, toRowOutcome } from '../../src/resources/outcomes.js';
import { rateLimited, rejected, serverError } from '../support/events.js';

test.each([
  ['the message of a refusal', rejected, 1, 'Validation Failed.'],
  ['no count for a refusal: only failures are tried again', rejected, 3, 'Validation Failed.'],
  ['a failure that came once without a count', serverError, 1, 'Internal server error'],
  ['how often it was tried', serverError, 2, 'Internal server error, 2 times'],
  ['how often Zoom’s rate limit refused it', rateLimited, 10, 'per-second rate limit, 10 times'],
  ['the status, if Zoom sent nothing that can be shown', { ...rejected, message: '' }, 1, 'HTTP 400'],
] as const)('a failed row says %s', (_, reply, attempts, text) => {
  expect(describeFailure(reply, attempts)).toBe(text);
});

test('an outcome has the ids that are known, and the status, code and tracking id of Zoom’s last answer', () => {
  const row = { key: 'a', fingerprint: 'f', name: 'A', line: 2 };
  const outcomeOf = (...rest: [ids?: { groupId?: string; userId?: string }, from?: typeof rejected]) =>
    toRowOutcome(row, 'failed', 'why', ...rest);
  expect(outcomeOf()).toEqual({ ...row, outcome: { status: 'failed', detail: 'why' } });
  expect(outcomeOf({ groupId: 'g1' }).outcome).toEqual({
    status: 'failed',
    detail: 'why',
    ids: { groupId: 'g1' },
  });
  expect(outcomeOf({ userId: 'u1' }).outcome.ids).toEqual({ userId: 'u1' });
  expect(outcomeOf({ groupId: 'g1', userId: 'u1' }).outcome.ids).toEqual({ groupId: 'g1', userId: 'u1' });
  expect(outcomeOf({ groupId: 'g1' }, { ...rejected, trackingId: 't' }).outcome).toEqual({
    status: 'failed',
    detail: 'why',
    ids: { groupId: 'g1' },
    httpStatus: 400,
    code: 300,
    trackingId: 't',
  });
});
