/** What `--write` creates is deleted by id, or named, whatever gets lost: on a virtual clock. */
import { expect, test } from 'vitest';
import { Requests } from '../../src/doctor/observe/requests.js';
import { type CreateOutcome, TemporaryGroups } from '../../src/doctor/observe/temporary-groups.js';
import { GROUPS_APIS } from '../../src/resources/groups/api/groups-apis.js';
import { createMemoryRecord, type RecordedGroup } from '../../src/storage/doctor-record.js';
import { createFakeZoom, type FakeZoom, type FakeZoomOptions } from '../support/fake-zoom.js';
import { createVirtualClock } from '../support/virtual-clock.js';

type CleanUp = { readonly zoom: FakeZoom; readonly left: readonly RecordedGroup[]; readonly ms: number };

/** Creates two groups, deletes them, and reports what is left. */
async function cleanUp(
  api: 'im' | 'contacts',
  options: Pick<FakeZoomOptions, 'fault' | 'spellsIds' | 'listingLagMs'>,
): Promise<CleanUp> {
  const clock = createVirtualClock();
  const zoom = createFakeZoom({ api, clock, ...options });
  zoom.add('zz-doctor-another');
  const { signal } = new AbortController();
  const requests = new Requests({ api: zoom.connect(), clock, signal });
  const groups = new TemporaryGroups(GROUPS_APIS[api], createMemoryRecord(), '0123abcd');
  const create = (suffix: string): Promise<CreateOutcome> => {
    const name = `${groups.base} ${suffix}`;
    return groups.create(requests, GROUPS_APIS[api].create({ name }, 'json'), name);
  };
  const left = await clock.run(
    (async () => {
      await create('one');
      await create('two');
      return groups.cleanUp(requests);
    })(),
  );
  return { zoom, left, ms: clock.monotonic() };
}

const isDelete = ({ call }: { readonly call: { readonly method: string } }): boolean =>
  call.method === 'DELETE';
const isCreate = ({ call }: { readonly call: { readonly method: string } }): boolean =>
  call.method === 'POST';

test.each([
  'im',
  'contacts',
] as const)('nothing is left of %s groups if all answers to writes are lost', async (api) => {
  const { zoom, left, ms } = await cleanUp(api, {
    fault: (request) => (isCreate(request) || isDelete(request) ? 'lost-after' : undefined),
    spellsIds: api === 'contacts',
  });
  expect(left).toEqual([]);
  expect(zoom.groups.map(({ name }) => name)).toEqual(['zz-doctor-another']);
  expect(zoom.sent.filter(isDelete)).toHaveLength(2);
  expect(ms).toBeLessThan(5_000);
});

test('a delete that did not take effect is sent again', async () => {
  let deletes = 0;
  const { zoom, left } = await cleanUp('im', {
    fault: (request) => {
      if (!isDelete(request)) return undefined;
      deletes += 1;
      return deletes % 2 === 1 ? 'lost-before' : 'lost-after';
    },
  });
  expect(left).toEqual([]);
  expect(zoom.groups).toHaveLength(1);
});

test('groups that cannot be deleted are named with the ids that a listing shows, and no other group is', async () => {
  const { zoom, left } = await cleanUp('im', {
    fault: (request) => (isCreate(request) ? 'lost-after' : isDelete(request) ? 'lost-before' : undefined),
  });
  const [, ...own] = zoom.groups;
  expect(own).toHaveLength(2);
  expect(left.map(({ id, name }) => ({ id, name }))).toEqual(own.map(({ id, name }) => ({ id, name })));
});

test('a group that a late list shows after a lost create is deleted', async () => {
  const { zoom, left } = await cleanUp('im', {
    fault: (request) => (isCreate(request) ? 'lost-after' : undefined),
    listingLagMs: 12_000,
  });
  expect(left).toEqual([]);
  expect(zoom.groups).toHaveLength(1);
});

test('creates that never took effect are not named', async () => {
  const { left } = await cleanUp('im', {
    fault: (request) => (isCreate(request) ? 'lost-before' : undefined),
  });
  expect(left).toEqual([]);
});

test('groups of which neither a create nor a list was answered are named without an id', async () => {
  const { zoom, left } = await cleanUp('im', {
    fault: (request) => (isDelete(request) ? undefined : 'lost-after'),
  });
  expect(zoom.groups).toHaveLength(3);
  expect(left.map(({ name }) => name)).toEqual(zoom.groups.slice(1).map(({ name }) => name));
  for (const group of left) expect(group).not.toHaveProperty('id');
});
