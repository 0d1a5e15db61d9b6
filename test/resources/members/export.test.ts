import { expect, test } from 'vitest';
import { runSession } from '../../../src/engine/loop.js';
import type { Event } from '../../../src/events/event.js';
import { createStop, type Stop } from '../../../src/model/stop.js';
import { MEMBERS_CSV_HEADER, openMembersExport } from '../../../src/resources/members/export.js';
import { FakeZoom, rejected } from './fake-zoom.js';
import { runMembers } from './run-members.js';

async function exportMembers(
  zoom: FakeZoom,
  api: 'im' | 'contacts',
): Promise<{ csv: string; warnings: readonly string[]; stop: Stop | undefined }> {
  let csv = MEMBERS_CSV_HEADER;
  const events: Event[] = [];
  const onLines = (lines: string): void => {
    csv += lines;
  };
  const stop = await runSession(openMembersExport({ api, onLines }), {
    api: zoom,
    record: (...more) => void events.push(...more),
    onLost: () => undefined,
    clock: zoom.clock,
    random: () => 0.5,
    concurrencyFor: () => 4,
    wasAttempted: () => false,
    signal: new AbortController().signal,
  });
  return {
    stop,
    csv,
    warnings: events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])),
  };
}

test.each([
  'im',
  'contacts',
] as const)('what is exported from %s groups changes nothing when it is read', async (api) => {
  const zoom = new FakeZoom();
  zoom.addUsers('ann@x.org', 'bob@x.org');
  zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org']);
  zoom.addGroup('Support', ['ann@x.org']);
  zoom.addGroup('Empty');
  const { csv, warnings, stop } = await exportMembers(zoom, api);
  expect(stop).toBeUndefined();
  expect(csv.trim().split('\n').sort()).toEqual([
    'Sales,ann@x.org',
    'Sales,bob@x.org',
    'Support,ann@x.org',
    'group,email',
  ]);
  expect(warnings).toEqual([]);
  for (const mode of ['add', 'sync'] as const) {
    const run = await runMembers(zoom, csv, { api, mode });
    expect(new Set([...run.outcomes.values()].map(({ status }) => status))).toEqual(
      new Set(['already-member']),
    );
  }
  expect(zoom.writes).toEqual([]);
});

test.each([
  [
    'refuses them',
    rejected('No.'),
    { reason: 'listing-failed', message: 'the members of "Sales" could not be read: No.' },
  ],
  [
    'asks for a scope',
    { type: 'fatal', message: 'no', stop: createStop('scope-missing', 'no scope', '') },
    { reason: 'scope-missing', message: 'no scope' },
  ],
] as const)('nothing is exported of members if Zoom %s, and the stop says why', async (_, reply, stop) => {
  const zoom = new FakeZoom();
  zoom.addGroup('Sales');
  zoom.answer = ({ path }) => (path.endsWith('/members') ? reply : undefined);
  expect(await exportMembers(zoom, 'im')).toMatchObject({ csv: 'group,email\n', stop });
});

test('members without an address are named in a warning', async () => {
  const zoom = new FakeZoom();
  zoom.addUsers('ann@x.org');
  zoom.addGroup('Sales', ['ann@x.org'], ['ug1']);
  const { csv, warnings } = await exportMembers(zoom, 'contacts');
  expect(csv).toBe('group,email\nSales,ann@x.org\n');
  expect(warnings).toEqual([
    '"Sales": 1 of its members is left out: user groups, or users without an address',
  ]);
});
