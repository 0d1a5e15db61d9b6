/** Reads a paged list of Zoom's to its end, one request a page, within bounds. */
import type { Call } from '../../model/call.js';
import type { Reply } from '../../model/reply.js';
import { formatCount } from '../../text/format.js';
import type { Judgement, Step } from '../resource.js';

export type FailedListing = {
  readonly type: 'failed';
  readonly reply: Reply;
  /** The true cause in one line. */
  readonly reason: string;
};

/** What a list has come to. */
export type PagesResult<C> = { readonly type: 'complete'; readonly items: C } | FailedListing;

/** Where the items of a list are put. */
export type Collection<T> = {
  /** Whether the item is new. */
  add(item: T): boolean;
  readonly size: number;
};

export type PagesSource<T, C extends Collection<T>> = {
  readonly operation: string;
  /** The request for the first page. */
  readonly call: Call;
  /** The field of the body that holds the list. */
  readonly listField: string;
  /** One element of the list; undefined if it cannot be read, such as one without an id. */
  readonly parse: (element: Readonly<Record<string, unknown>>) => T | undefined;
  /** An empty collection: at the start, and if the list has to begin again. */
  readonly createCollection: () => C;
  readonly delayMs?: number;
  readonly done: (result: PagesResult<C>) => Judgement;
};

/** Bounds against a list without an end; each is reported by name. */
const PAGES_WITHOUT_NEWS_MAX = 3;
const PAGES_MAX = 20_000;
const ITEMS_MAX = 2_000_000;

/** The step for the first page. Each further page is a step of its own, so that a refused page is sent again alone. */
export function readPages<T, C extends Collection<T>>(source: PagesSource<T, C>): Step {
  return new PageReader(source).begin();
}

/** The request for a further page of the same list. */
export function toPageCall(call: Call, pageToken: string): Call {
  return { ...call, query: { ...call.query, next_page_token: pageToken } };
}

class PageReader<T, C extends Collection<T>> {
  readonly #source: PagesSource<T, C>;
  /** Whether the list was begun again because a page token had expired. */
  readonly #isSecondTry: boolean;
  readonly #items: C;
  readonly #tokens = new Set<string>();
  #pages = 0;
  #pagesWithoutNews = 0;
  /** Elements that could not be read. */
  #unreadable = 0;

  constructor(source: PagesSource<T, C>, isSecondTry = false) {
    this.#source = source;
    this.#isSecondTry = isSecondTry;
    this.#items = source.createCollection();
  }

  begin(): Step {
    const { call, delayMs = 0 } = this.#source;
    return { ...this.#read(call), delayMs };
  }

  #read(call: Call): Step {
    return {
      operation: this.#source.operation,
      effect: 'read',
      rows: [],
      call,
      onLost: 'resend',
      onFatal: 'judge',
      judge: (reply) => this.#judge(reply),
    };
  }

  #judge(reply: Reply): Judgement {
    const source = this.#source;
    const fail = (reason: string): Judgement => source.done({ type: 'failed', reply, reason });
    // Zoom's page tokens expire after 15 minutes: a slow listing begins again, once.
    if (reply.type === 'rejected' && reply.expiredPageToken && !this.#isSecondTry) {
      return { steps: [new PageReader(source, true).begin()] };
    }
    if (reply.type !== 'success') return fail(reply.message);
    const { body } = reply;
    const list = body[source.listField];
    if (!reply.complete || !Array.isArray(list)) return fail('the list came incomplete or is not JSON');
    this.#addPage(list);
    const next = body.next_page_token;
    if (typeof next !== 'string' || next === '') {
      const read = this.#items.size + this.#unreadable;
      const total = body.total_records;
      if (typeof total === 'number' && total > read) return fail(`only ${read} of ${total} entries came`);
      return this.#finish();
    }
    if (this.#tokens.has(next)) return fail('the list does not end: a page token came twice');
    this.#tokens.add(next);
    if (this.#pagesWithoutNews >= PAGES_WITHOUT_NEWS_MAX) {
      return fail(`${PAGES_WITHOUT_NEWS_MAX} pages in a row brought nothing new`);
    }
    if (this.#pages >= PAGES_MAX) return fail(`the list has more than ${PAGES_MAX} pages`);
    if (this.#items.size > ITEMS_MAX) return fail(`the list has more than ${ITEMS_MAX} entries`);
    return { steps: [this.#read(toPageCall(source.call, next))] };
  }

  #addPage(list: readonly unknown[]): void {
    let hasNews = false;
    for (const element of list) {
      const item = isRecord(element) ? this.#source.parse(element) : undefined;
      if (item === undefined) this.#unreadable += 1;
      else if (this.#items.add(item)) hasNews = true;
    }
    this.#pages += 1;
    this.#pagesWithoutNews = hasNews ? 0 : this.#pagesWithoutNews + 1;
  }

  #finish(): Judgement {
    const { operation, done } = this.#source;
    const judgement = done({ type: 'complete', items: this.#items });
    if (this.#unreadable === 0) return judgement;
    const warning = `${operation}: Zoom's list has ${formatCount(this.#unreadable, 'entry')} without an id or a name; ignored`;
    return { ...judgement, warnings: [...(judgement.warnings ?? []), warning] };
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
