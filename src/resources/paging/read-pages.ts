/** Reads a paged list of Zoom's to its end, one request a page, within bounds. */
import type { Call } from '../../model/call.js';
import type { RowRef } from '../../model/outcome.js';
import type { Reply } from '../../model/reply.js';
import type { Judgement, Step } from '../resource.js';

/** What a list has come to. */
export type PagesResult<T> =
  | { readonly type: 'complete'; readonly items: readonly T[]; /** Requests that it took. */ readonly pages: number }
  | { readonly type: 'failed'; readonly reply: Reply; /** The true cause in one line. */ readonly reason: string };

export type PagesSource<T> = {
  readonly operation: string;
  /** @param pageToken of the page to read; undefined for the first */
  readonly call: (pageToken: string | undefined) => Call;
  /** The field of the body that holds the list. */
  readonly listField: string;
  /** One element of the list; undefined if it cannot be read, such as one without an id. */
  readonly parse: (element: Readonly<Record<string, unknown>>) => T | undefined;
  /** Tells items apart, to notice pages that bring nothing new. */
  readonly keyOf: (item: T) => string;
  readonly rows?: readonly RowRef[];
  readonly delayMs?: number;
  readonly done: (result: PagesResult<T>) => Judgement;
};

/** Bounds against a list without an end; each is reported by name. */
const PAGES_WITHOUT_NEWS_MAX = 3;
const PAGES_MAX = 20_000;
const ITEMS_MAX = 2_000_000;

type Progress<T> = {
  readonly items: Map<string, T>;
  readonly tokens: Set<string>;
  pages: number;
  pagesWithoutNews: number;
  /** Elements that could not be read. */
  unreadable: number;
  /** Whether the list was begun again because a page token had expired. */
  restarted: boolean;
};

function startProgress<T>(restarted: boolean): Progress<T> {
  return { items: new Map(), tokens: new Set(), pages: 0, pagesWithoutNews: 0, unreadable: 0, restarted };
}

/** The step for the first page. Each further page is a step of its own, so that a refused page is sent again alone. */
export function readPages<T>(source: PagesSource<T>): Step {
  return pageStep(source, startProgress<T>(false), undefined);
}

function pageStep<T>(source: PagesSource<T>, progress: Progress<T>, pageToken: string | undefined): Step {
  const { operation, call, rows = [], delayMs } = source;
  return {
    operation,
    effect: 'read',
    rows,
    call: call(pageToken),
    onLost: 'resend',
    onFatal: 'judge',
    ...(delayMs === undefined || pageToken !== undefined ? {} : { delayMs }),
    judge: (reply) => judgePage(source, progress, reply),
  };
}

function judgePage<T>(source: PagesSource<T>, progress: Progress<T>, reply: Reply): Judgement {
  const fail = (reason: string): Judgement => source.done({ type: 'failed', reply, reason });
  // Zoom's page tokens expire after 15 minutes: a slow listing begins again, once.
  if (reply.type === 'rejected' && reply.expiredPageToken && !progress.restarted) {
    return { steps: [pageStep(source, startProgress<T>(true), undefined)] };
  }
  if (reply.type !== 'success') return fail(reply.message);
  const { body } = reply;
  const list = body[source.listField];
  if (!reply.complete || !Array.isArray(list)) return fail('the list came incomplete or is not JSON');
  progress.pages += 1;
  const before = progress.items.size;
  for (const element of list) {
    const item = typeof element === 'object' && element !== null ? source.parse(element) : undefined;
    if (item === undefined) progress.unreadable += 1;
    else progress.items.set(source.keyOf(item), item);
  }
  const isNews = progress.items.size > before;
  progress.pagesWithoutNews = isNews ? 0 : progress.pagesWithoutNews + 1;
  const next = body.next_page_token;
  if (typeof next !== 'string' || next === '') return finish(source, progress, reply);
  if (progress.tokens.has(next)) return fail('the list goes round in a circle: a page token came twice');
  progress.tokens.add(next);
  if (progress.pagesWithoutNews >= PAGES_WITHOUT_NEWS_MAX) {
    return fail(`${PAGES_WITHOUT_NEWS_MAX} pages in a row brought nothing new`);
  }
  if (progress.pages >= PAGES_MAX) return fail(`the list has more than ${PAGES_MAX} pages`);
  if (progress.items.size > ITEMS_MAX) return fail(`the list has more than ${ITEMS_MAX} entries`);
  return { steps: [pageStep(source, progress, next)] };
}

function finish<T>(source: PagesSource<T>, progress: Progress<T>, reply: Reply & { type: 'success' }): Judgement {
  const { items, unreadable, pages } = progress;
  const total = reply.body.total_records;
  const read = items.size + unreadable;
  if (typeof total === 'number' && total > read) {
    return source.done({ type: 'failed', reply, reason: `only ${read} of ${total} entries came` });
  }
  const judgement = source.done({ type: 'complete', items: [...items.values()], pages });
  if (unreadable === 0) return judgement;
  const warning = `${source.operation}: Zoom's list has ${unreadable} ${unreadable === 1 ? 'entry' : 'entries'} without an id or a name; ignored`;
  return { ...judgement, warnings: [...(judgement.warnings ?? []), warning] };
}
