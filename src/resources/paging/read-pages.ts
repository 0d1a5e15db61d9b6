/** Reads a paged list of Zoom's to its end, one request a page, within bounds. */
import type { Call } from '../../model/call.js';
import type { RowRef } from '../../model/outcome.js';
import type { Reply } from '../../model/reply.js';
import { formatCount } from '../../text/format.js';
import type { Judgement, Step } from '../resource.js';

/** What a list has come to. */
export type PagesResult<C> =
  | { readonly type: 'complete'; readonly items: C }
  | {
      readonly type: 'failed';
      readonly reply: Reply;
      /** The true cause in one line. */
      readonly reason: string;
    };

/** Where the items of a list are put. */
export type Collection<T> = {
  /** Whether the item is new. */
  add(item: T): boolean;
  readonly size: number;
};

export type PagesSource<T, C extends Collection<T>> = {
  readonly operation: string;
  /** @param pageToken of the page to read; undefined for the first */
  readonly call: (pageToken: string | undefined) => Call;
  /** The field of the body that holds the list. */
  readonly listField: string;
  /** One element of the list; undefined if it cannot be read, such as one without an id. */
  readonly parse: (element: Readonly<Record<string, unknown>>) => T | undefined;
  /** An empty collection: at the start, and if the list has to begin again. */
  readonly createCollection: () => C;
  readonly rows?: readonly RowRef[];
  readonly delayMs?: number;
  readonly done: (result: PagesResult<C>) => Judgement;
};

/** Bounds against a list without an end; each is reported by name. */
const PAGES_WITHOUT_NEWS_MAX = 3;
const PAGES_MAX = 20_000;
const ITEMS_MAX = 2_000_000;

type Progress<C> = {
  readonly items: C;
  readonly tokens: Set<string>;
  pages: number;
  pagesWithoutNews: number;
  /** Elements that could not be read. */
  unreadable: number;
  /** Whether the list was begun again because a page token had expired. */
  restarted: boolean;
};

function startProgress<T, C extends Collection<T>>(
  source: PagesSource<T, C>,
  restarted: boolean,
): Progress<C> {
  return {
    items: source.createCollection(),
    tokens: new Set(),
    pages: 0,
    pagesWithoutNews: 0,
    unreadable: 0,
    restarted,
  };
}

/** The step for the first page. Each further page is a step of its own, so that a refused page is sent again alone. */
export function readPages<T, C extends Collection<T>>(source: PagesSource<T, C>): Step {
  return pageStep(source, startProgress(source, false), undefined);
}

function pageStep<T, C extends Collection<T>>(
  source: PagesSource<T, C>,
  progress: Progress<C>,
  pageToken: string | undefined,
): Step {
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

function judgePage<T, C extends Collection<T>>(
  source: PagesSource<T, C>,
  progress: Progress<C>,
  reply: Reply,
): Judgement {
  const fail = (reason: string): Judgement => source.done({ type: 'failed', reply, reason });
  // Zoom's page tokens expire after 15 minutes: a slow listing begins again, once.
  if (reply.type === 'rejected' && reply.expiredPageToken && !progress.restarted) {
    return { steps: [pageStep(source, startProgress(source, true), undefined)] };
  }
  if (reply.type !== 'success') return fail(reply.message);
  const { body } = reply;
  const list = body[source.listField];
  if (!reply.complete || !Array.isArray(list)) return fail('the list came incomplete or is not JSON');
  progress.pages += 1;
  let isNews = false;
  for (const element of list) {
    const item = typeof element === 'object' && element !== null ? source.parse(element) : undefined;
    if (item === undefined) progress.unreadable += 1;
    else if (progress.items.add(item)) isNews = true;
  }
  progress.pagesWithoutNews = isNews ? 0 : progress.pagesWithoutNews + 1;
  const next = body.next_page_token;
  if (typeof next !== 'string' || next === '') return finish(source, progress, reply);
  if (progress.tokens.has(next)) return fail('the list does not end: a page token came twice');
  progress.tokens.add(next);
  if (progress.pagesWithoutNews >= PAGES_WITHOUT_NEWS_MAX) {
    return fail(`${PAGES_WITHOUT_NEWS_MAX} pages in a row brought nothing new`);
  }
  if (progress.pages >= PAGES_MAX) return fail(`the list has more than ${PAGES_MAX} pages`);
  if (progress.items.size > ITEMS_MAX) return fail(`the list has more than ${ITEMS_MAX} entries`);
  return { steps: [pageStep(source, progress, next)] };
}

function finish<T, C extends Collection<T>>(
  source: PagesSource<T, C>,
  progress: Progress<C>,
  reply: Reply & { type: 'success' },
): Judgement {
  const { items, unreadable } = progress;
  const total = reply.body.total_records;
  const read = items.size + unreadable;
  if (typeof total === 'number' && total > read) {
    return source.done({ type: 'failed', reply, reason: `only ${read} of ${total} entries came` });
  }
  const judgement = source.done({ type: 'complete', items });
  if (unreadable === 0) return judgement;
  const warning = `${source.operation}: Zoom's list has ${formatCount(unreadable, 'entry')} without an id or a name; ignored`;
  return { ...judgement, warnings: [...(judgement.warnings ?? []), warning] };
}
