/** What a program may rely on that adds people to groups. */
import { expect, test } from 'vitest';
import { InvalidDefinitionsError, provisionMembers } from '../src/index.js';
import { startTestSimulator } from './support/simulator.js';

const GROUPS = [{ id: 'g-sales', name: 'Sales', members: [] }];

test('each membership is reported in order, and a second call finds it complete', async () => {
  const { zoom } = await startTestSimulator({ groups: GROUPS, users: 3, accountPlan: 'business' });
  const options = {
    credentials: { type: 'token', token: zoom.token } as const,
    baseUrl: zoom.baseUrl,
    accountPlan: 'business' as const,
    memberships: [
      { group: 'Sales', email: 'user1@example.com' },
      { group: 'Nowhere', email: 'user2@example.com' },
    ],
  };
  const first = await provisionMembers(options);
  expect(first.results.map(({ outcome }) => outcome.status)).toEqual(['added', 'failed']);
  expect(first.stop).toBeUndefined();
  const second = await provisionMembers(options);
  expect(second.results.map(({ outcome }) => outcome.status)).toEqual(['already-member', 'failed']);
  const removed = await provisionMembers({
    ...options,
    mode: 'remove',
    memberships: options.memberships.slice(0, 1),
  });
  expect(removed.results.map(({ outcome }) => outcome.status)).toEqual(['removed']);
  expect(zoom.groups()[0]?.members).toEqual([]);
});

test('an invalid address is refused before anything is sent, with all problems as a list', async () => {
  const { zoom } = await startTestSimulator({ groups: GROUPS, users: 3 });
  const call = provisionMembers({
    credentials: { type: 'token', token: zoom.token },
    baseUrl: zoom.baseUrl,
    memberships: [{ group: 'Sales', email: 'not an address' }],
  });
  await expect(call).rejects.toBeInstanceOf(InvalidDefinitionsError);
  await expect(call).rejects.toMatchObject({ problems: [{ line: 1, rule: 'email-invalid' }] });
  expect(zoom.requests()).toEqual([]);
});
