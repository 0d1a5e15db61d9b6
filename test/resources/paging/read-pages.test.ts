/** A paged list is read to its end, a page at a time, within bounds; and nothing less counts as the whole list. */
import { describe, expect, test } from 'vitest';
import type { Reply } from '../../../src/model/reply.js';
import { readPages } from '../../../src/resources/paging/read-pages.js';
import { eventsOf, rateLimited, serverError } from '../../support/events.js';
import type { Request } from '../../support/scripted-api.js';
import { createSession, runScript } from '../../support/scripted-run.js';

type Result = {
  readonly result: string;
  readonly items: readonly string[];
  readonly tokens: readonly string[];
  readonly warnings: readonly string[];
};

const page = (ids: readonly unknown[], next?: string, more: object = {}): Reply => ({
  type: 'success',
  httpStatus: 200,
  message: '',
  complete: true,
  body: {
    groups: ids.map((id) => ({ id })),
    ...(next === undefined ? {} : { next_page_token: next }),
    ...more,
  },
});
const expired: Reply = {
  type: 'rejected',
  httpStatus: 400,
  code: 300,
  message: 'expired',
  expiredPageToken: true,
};
const tokenOf = ({ call }: Request): string => call.query?.next_page_token ?? '';

/** @param before how many entries the list is said to have had before */
async function read(answer: (request: Request) => Reply, before = 0): Promise<Result> {
  let result = '';
  let items: readonly string[] = [];
  const step = readPages({
    operation: 'list-groups',
    call: { label: 'medium', method: 'GET', path: '/groups', success: 200 },
    listField: 'groups',
    parse: ({ id }) => (typeof id === 'string' ? id : undefined),
    createCollection: () => {
      const set = new Set<string>();
      return {
        add: (id: string) => !set.has(id) && set.add(id) === set,
        get size() {
          return before + set.size;
        },
        values: () => [...set],
      };
    },
    done: (found) => {
      result = found.type === 'complete' ? 'complete' : found.reason;
      if (found.type === 'complete') items = found.items.values();
      return {};
    },
  });
  const run = await runScript({ session: createSession(() => [{ steps: [step] }]), answer });
  const warnings = eventsOf(run.events, 'warning').map(({ message }) => message);
  return { result, items, tokens: run.sent.map(tokenOf), warnings };
}

test('follows its page tokens', async () => {
  const pages: Readonly<Record<string, Reply>> = {
    '': page(['a', 'b'], 'p2'),
    p2: page(['c'], 'p3'),
    p3: page(['d'], ''),
  };
  const found = await read((request) => pages[tokenOf(request)] ?? expired);
  expect(found).toEqual({
    result: 'complete',
    items: ['a', 'b', 'c', 'd'],
    tokens: ['', 'p2', 'p3'],
    warnings: [],
  });
});

test.each([
  ['rate-limited', rateLimited],
  ['lost', serverError],
])('a page that is %s is requested again, and no other', async (_, reply) => {
  let failures = 0;
  const found = await read((request) => {
    if (tokenOf(request) === '') return page(['a'], 'p2');
    failures += 1;
    return failures === 1 ? reply : page(['b']);
  });
  expect([found.result, found.tokens]).toEqual(['complete', ['', 'p2', 'p2']]);
});

describe('a page token that has expired', () => {
  test('begins the list again, without what was read before', async () => {
    let isNew = true;
    const found = await read((request) => {
      if (tokenOf(request) === '') return isNew ? page(['gone since'], 'p2') : page(['a'], 'p3');
      if (tokenOf(request) === 'p3') return page(['b']);
      isNew = false;
      return expired;
    });
    expect([found.result, found.items, found.tokens]).toEqual(['complete', ['a', 'b'], ['', 'p2', '', 'p3']]);
  });

  test('does so once: a list that never comes to its end has failed', async () => {
    const found = await read((request) => (tokenOf(request) === '' ? page(['a'], 'p2') : expired));
    expect([found.result, found.tokens]).toEqual(['expired', ['', 'p2', '', 'p2']]);
  });
});

test('entries that cannot be read are left out, with one warning', async () => {
  const found = await read(() => page(['a', 7, null, 'b']));
  expect([found.result, found.items]).toEqual(['complete', ['a', 'b']]);
  expect(found.warnings).toEqual([expect.stringContaining('2 entries without an id or a name')]);
});

test('entries that cannot be read count for the total that Zoom gives', async () => {
  expect((await read(() => page(['a', 7], undefined, { total_records: 2 }))).result).toBe('complete');
});

test('entries that are no objects are left out too', async () => {
  const found = await read(() => ({ ...page([]), body: { groups: [null, 7, 'x', { id: 'a' }] } }) as Reply);
  expect([found.result, found.items]).toEqual(['complete', ['a']]);
  expect(found.warnings).toEqual([expect.stringContaining('3 entries without an id or a name')]);
});

test('a list is given up at the third page in a row without anything new, and not before', async () => {
  const withNews = (request: Request): Reply =>
    page([request.nth < 4 ? 'a' : `g${request.nth}`], request.nth < 6 ? `p${request.nth}` : '');
  expect((await read(withNews)).result).toBe('complete');
  const found = await read(({ nth }) => page(['a'], `p${nth}`));
  expect(found.tokens.length).toBe(4);
});

test('a list may have 20,000 pages and 2,000,000 entries, and no more', async () => {
  const endless = await read(({ nth }) => page([`g${nth}`], `p${nth}`));
  expect([endless.result, endless.tokens.length]).toEqual(['the list has more than 20000 pages', 20_000]);
  const twoPages = ({ nth }: Request): Reply => page([`g${nth}`], nth === 1 ? 'p2' : '');
  expect((await read(twoPages, 1_999_999)).result).toBe('complete');
  expect((await read(twoPages, 2_000_000)).result).toBe('the list has more than 2000000 entries');
});

test('a page token that Zoom refuses for another reason does not begin the list again', async () => {
  const refused: Reply = { type: 'rejected', httpStatus: 400, message: 'no' };
  const found = await read((request) => (tokenOf(request) === '' ? page(['a'], 'p2') : refused));
  expect([found.result, found.tokens]).toEqual(['no', ['', 'p2']]);
});

describe('is no whole list', () => {
  test.each<[string, (request: Request) => Reply, RegExp]>([
    ['fewer entries than Zoom counts', () => page(['a'], undefined, { total_records: 2 }), /only 1 of 2/],
    [
      'a page token that comes twice',
      (r) => page([tokenOf(r)], tokenOf(r) === 'x' ? 'y' : 'x'),
      /page token came twice/,
    ],
    [
      'pages without anything new',
      ({ nth }) => page(['a'], `p${nth}`),
      /3 pages in a row brought nothing new/,
    ],
    ['a body without the list', () => page([], undefined, { groups: {} }), /not JSON/],
    ['a body that was cut short', () => ({ ...page(['a']), complete: false }) as Reply, /incomplete/],
    ['a refusal', () => ({ type: 'rejected', httpStatus: 400, message: 'no' }), /^no$/],
  ])('%s', async (_, answer, reason) => {
    const found = await read(answer);
    expect(found.result).toMatch(reason);
    expect(found.items).toEqual([]);
  });
});
