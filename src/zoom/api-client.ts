/** One authorised call: the token goes to the base URL's origin and nowhere else, the answer becomes a reply. */
import type { ListingEnd } from '../model/directory.js';
import type { Reply } from '../model/reply.js';
import type { Group } from '../resources/groups/group.js';
import { createRedactor } from '../text/redact.js';
import { type Http, type Request, readWhole } from './http-client.js';
import { groupsIn, type Rest } from './listing-parser.js';
import type { TokenSource } from './oauth.js';
import { shown } from './response-body.js';
import { type Call, replyOf } from './response-classifier.js';

/** What every call needs. */
export type Api = {
  readonly http: Http;
  readonly baseUrl: URL;
  readonly token: TokenSource;
  /** ms since 1970 */
  readonly now: () => number;
};

export type Caller = {
  /** A write: JSON where the body is text, a form where it is parts. */
  write(
    method: 'POST' | 'PATCH' | 'DELETE',
    path: string,
    done: Call['done'],
    body?: NonNullable<Request['body']>,
  ): Promise<Reply>;
  /** All groups of a listing, page by page where it has pages. */
  list(
    path: string,
    query: Readonly<Record<string, string>>,
    groupOf: (wire: Rest) => Group | undefined,
  ): AsyncGenerator<readonly Group[], ListingEnd>;
};

/** @param idOf where a create's answer has the new group's id, @param otherBody what helps where a body is refused */
export function caller(api: Api, idOf: Call['idOf'], otherBody: string): Caller {
  const scrub = createRedactor(() => api.token.secrets());
  const meaning = (token: string, done: Call['done']): Call => ({
    done,
    idOf,
    otherBody,
    scrub,
    renewable: () => api.token.refused(token),
    nowMs: api.now(),
  });
  return {
    write: async (method, path, done, body) => {
      const got = await api.token.token();
      if ('reply' in got) return got.reply;
      const exchange = await api.http.exchange(request(api, method, path, got.token, body));
      return replyOf(exchange, meaning(got.token, done));
    },
    list: (path, query, groupOf) => pages(api, path, query, groupOf, meaning),
  };
}

function request(
  { baseUrl }: Api,
  method: Request['method'],
  path: string,
  token: string,
  body?: Request['body'],
): Request {
  const url = new URL(baseUrl);
  const [pathname = '', search = ''] = path.split('?');
  url.pathname = url.pathname.replace(/\/+$/, '') + pathname;
  url.search = search;
  const json = typeof body === 'string' ? { 'content-type': 'application/json' } : {};
  return {
    method,
    url,
    headers: { authorization: `Bearer ${token}`, ...json },
    ...(body === undefined ? {} : { body }),
  };
}

async function* pages(
  api: Api,
  path: string,
  query: Readonly<Record<string, string>>,
  groupOf: (wire: Rest) => Group | undefined,
  meaning: (token: string, done: Call['done']) => Call,
): AsyncGenerator<readonly Group[], ListingEnd> {
  const asked = new Set<string>();
  let page = '';
  let requests = 0;
  let groups = 0;
  for (;;) {
    const got = await api.token.token();
    if ('reply' in got) return { ok: false, requests, reply: got.reply };
    const search = new URLSearchParams({
      ...query,
      ...(page === '' ? {} : { next_page_token: page }),
    }).toString();
    const answer = await api.http.open(
      request(api, 'GET', search === '' ? path : `${path}?${search}`, got.token),
    );
    requests += 1;
    if (answer.kind === 'unanswered' || answer.status !== 200) {
      const exchange = answer.kind === 'opened' ? await readWhole(answer) : answer;
      const reply = replyOf(exchange, meaning(got.token, 200));
      return { ok: false, requests, reply };
    }
    let rest: Rest;
    try {
      const batches = groupsIn(answer.body);
      for (;;) {
        const next = await batches.next();
        if (next.done) {
          rest = next.value;
          break;
        }
        groups += next.value.length;
        yield next.value.map((wire) => known(groupOf, wire));
      }
    } catch (error) {
      return { ok: false, requests, reply: broken(shown(messageOf(error), meaning(got.token, 200).scrub)) };
    }
    const following = rest.next_page_token;
    if (typeof following !== 'string' || following === '') {
      const total = rest.total_records;
      if (typeof total !== 'number' || total <= groups) return { ok: true, requests };
      return { ok: false, requests, reply: broken(`${groups} of ${total} groups came`) };
    }
    if (asked.has(following))
      return { ok: false, requests, reply: broken('the listing goes round in a circle') };
    asked.add(following);
    page = following;
  }
}

function known(groupOf: (wire: Rest) => Group | undefined, wire: unknown): Group {
  const group = typeof wire === 'object' && wire !== null ? groupOf(wire as Rest) : undefined;
  if (!group) throw new SyntaxError('a group without an id or a name');
  return group;
}

/** JSON.parse quotes what it can't read. */
function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A listing that came and can't be trusted; another try may be whole. */
function broken(why: string): Reply {
  return { kind: 'trouble', ambiguous: false, patience: 'short', message: `the listing is broken: ${why}` };
}
