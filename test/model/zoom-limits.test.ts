/** Zoom's published numbers, written down a second time. Source: Zoom's API reference, "Rate limits". */
import { expect, test } from 'vitest';
import type { RateLabel } from '../../src/model/call.js';
import { DEFAULT_ACCOUNT_PLAN, DEFAULT_API, DEFAULT_BODY } from '../../src/model/choices.js';
import { REQUESTS_PER_DAY, REQUESTS_PER_SECOND, ZOOM } from '../../src/model/zoom-limits.js';
import { GROUPS_APIS } from '../../src/resources/groups/api/groups-apis.js';
import { MEMBERS_APIS } from '../../src/resources/members/api/members-apis.js';

// The columns of the table: Free, Pro, Business+ (Business, Education, Enterprise and Partners).
test.each<[RateLabel, number, number, number]>([
  ['light', 4, 30, 80],
  ['medium', 2, 20, 60],
  ['heavy', 1, 10, 40],
])('%s calls: %d, %d and %d requests/s on the three plans', (label, free, pro, business) => {
  expect(REQUESTS_PER_SECOND[label]).toEqual({ free, pro, business });
});

// On Free each label has a daily limit; on paid plans only the heavy calls, together with the resource-intensive ones.
test('daily limits: all labels on the free plan, heavy calls on the others', () => {
  expect(REQUESTS_PER_DAY).toEqual({
    light: { free: 6_000 },
    medium: { free: 2_000 },
    heavy: { free: 1_000, pro: 30_000, business: 60_000 },
  });
});

test('the addresses are Zoom’s, and what applies if nothing is chosen is im, auto and pro', () => {
  expect(ZOOM).toEqual({ baseUrl: 'https://api.zoom.us/v2', tokenUrl: 'https://zoom.us/oauth/token' });
  expect([DEFAULT_API, DEFAULT_BODY, DEFAULT_ACCOUNT_PLAN]).toEqual(['im', 'auto', 'pro']);
});

// Zoom's API reference names the label beside each call.
test('each call on groups has the rate label of its documentation', () => {
  const labelsOf = (api: 'im' | 'contacts'): readonly RateLabel[] => {
    const { list, get, create, update, remove } = GROUPS_APIS[api];
    const calls = [list, get('g'), create({ name: 'n' }, 'json'), update('g', {}), remove('g')];
    return calls.map(({ label }) => label);
  };
  expect(labelsOf('im')).toEqual(['medium', 'light', 'light', 'light', 'light']);
  expect(labelsOf('contacts')).toEqual(['medium', 'light', 'heavy', 'heavy', 'heavy']);
});

test('each call on members has the label and the largest batch and page of its documentation', () => {
  const { im, contacts } = MEMBERS_APIS;
  const person = { id: 'u', email: 'u@example.com' };
  const labelsOf = ({ list, add, remove }: typeof im): readonly RateLabel[] =>
    [list('g'), add('g', [person]), remove('g', ['u'])].map(({ label }) => label);
  expect(labelsOf(im)).toEqual(['medium', 'medium', 'light']);
  expect(labelsOf(contacts)).toEqual(['medium', 'heavy', 'heavy']);
  expect([im.batchSizes, contacts.batchSizes]).toEqual([
    { add: 10, remove: 1 },
    { add: 50, remove: 20 },
  ]);
  expect(im.list('g').query).toEqual({ page_size: '300' });
  expect(contacts.list('g').query).toEqual({ page_size: '50' });
  expect(GROUPS_APIS.contacts.list.query).toEqual({ page_size: '50' });
});

test('an add and a removal are written as the documentation shows', () => {
  const people = [{ id: 'u1', email: 'a@example.com' }];
  expect(MEMBERS_APIS.im.add('g', people).body).toEqual({
    type: 'json',
    value: { members: [{ email: 'a@example.com' }] },
  });
  expect(MEMBERS_APIS.contacts.add('g', people).body).toEqual({
    type: 'json',
    value: { group_members: [{ type: 1, id: 'u1' }] },
  });
  expect(MEMBERS_APIS.contacts.remove('g', ['u1', 'u2']).query).toEqual({ member_ids: 'u1,u2' });
});
