/** Faults on purpose: what can go wrong between a client and Zoom, drawn from a seeded generator. */
import type { Operation, Route } from './routes.js';
import { errorResponse, formatBody, type HttpResponse, validationError } from './wire.js';

type Affected = Operation | 'add' | 'write' | 'list' | 'any' | 'token';

type FaultKind = {
  readonly kind: string;
  readonly affects: Affected;
  readonly description: string;
  /** Per affected request, unless another one is requested. */
  readonly probability: number;
};

type Row = readonly [kind: string, affects: Affected, description: string];

/** They affect a few requests. */
const INTERMITTENT: readonly Row[] = [
  ['reset-before', 'write', 'the connection is reset before the request takes effect'],
  ['reset-after', 'write', 'the request takes effect, then the connection is reset'],
  ['hang', 'write', 'no response ever comes; it takes effect half of the time'],
  ['drip', 'any', 'the response body comes byte by byte and never ends; effect half of the time'],
  ['500', 'write', 'HTTP 500 with a JSON body; effect half of the time'],
  ['empty-500', 'write', 'HTTP 500 with no body; effect half of the time'],
  ['502', 'write', 'HTTP 502 with HTML from the edge; effect half of the time'],
  ['503', 'write', 'HTTP 503 with Retry-After: 1; no effect'],
  ['429', 'write', 'a stray per-second 429; no effect'],
  ['daily', 'write', 'the daily limit is used up from the first affected request on'],
  ['daily-bare', 'write', 'the same, recognizable by the message alone'],
  ['other-409', 'write', 'HTTP 409 with another code or with HTML; no effect'],
  ['201-error', 'add', 'HTTP 201 with an error code; no effect'],
  ['cut-off', 'add', 'HTTP 201 whose body is cut off'],
  ['not-json', 'add', 'HTTP 201 whose body is not JSON'],
  ['no-id', 'add', 'HTTP 201 with an empty object'],
  ['adds-nobody', 'add-members', 'HTTP 201 without ids; nobody is added'],
  ['slow', 'write', 'the response takes two more seconds'],
  ['list-cut', 'list', 'the connection is reset in the middle of a listing'],
];

/** They affect every request until the account, the app or the client changes. */
const PERMANENT: readonly Row[] = [
  ['401', 'write', 'HTTP 401, code 124: the access token is refused'],
  ['token-expired', 'any', 'the tokens expire once, at the 50th request or soon after'],
  ['token-replaced', 'token', 'a new token invalidates the ones issued before'],
  ['400', 'write', 'HTTP 400, code 300: the request is refused'],
  ['403', 'write', 'HTTP 403: not permitted'],
  ['415', 'write', 'HTTP 415 for a form; JSON is accepted'],
  ['paid', 'write', 'HTTP 200, code 200: only for paid accounts'],
  ['scope', 'write', 'HTTP 400, code 4711: a scope is missing'],
  ['gone', 'any', 'HTTP 410, code 4137: IM groups are retired; contact groups work'],
  ['redirect', 'write', 'HTTP 302 to another host'],
  ['echo-secret', 'write', 'HTTP 400 with the Authorization header in its message'],
  ['no-list', 'list-groups', 'the scope to list groups is missing'],
  ['no-users', 'list-users', 'the scope to list users is missing'],
  ['broken-list', 'list', 'a listing ends in the middle of its JSON'],
  ['list-lag', 'list-groups', 'a listing shows new groups 4.5 seconds late'],
  ['member-lag', 'list-members', 'a listing shows new members 4.5 seconds late'],
  ['no-member-count', 'any', 'groups come without total_members'],
  ['folds-names', 'write', 'Zoom stores runs of blanks in a name as one blank'],
  ['gzip', 'any', 'responses are compressed, with gzip or br, whatever the client accepts'],
];

const toKinds = (rows: readonly Row[], probability: number): readonly FaultKind[] =>
  rows.map(([kind, affects, description]) => ({ kind, affects, description, probability }));

export const FAULT_KINDS: readonly FaultKind[] = [...toKinds(INTERMITTENT, 0.05), ...toKinds(PERMANENT, 1)];

/** `token` is the token call, which is no operation. */
function isAffected({ operation, method }: Route, affects: Affected): boolean {
  if (affects === 'any') return true;
  if (affects === 'write') return method !== 'GET';
  if (affects === 'list') return operation.startsWith('list-');
  if (affects === 'add') return operation === 'create' || operation === 'add-members';
  return affects === operation;
}

/** Faults that change a detail and leave the response to the next fault that occurs. */
const MODIFIERS: ReadonlySet<string> = new Set([
  'token-expired',
  'adds-nobody',
  'list-lag',
  'member-lag',
  'no-member-count',
  'folds-names',
  'gzip',
]);

/** Parses `KIND` or `KIND:PROBABILITY`. @throws Error that lists the kinds */
function parseFault(text: string): FaultKind {
  const [name = ''] = text.split(':', 1);
  const known = FAULT_KINDS.find(({ kind }) => kind === name);
  if (!known) {
    const kinds = FAULT_KINDS.map(({ kind }) => kind).join(', ');
    throw new Error(`unknown fault "${name}"; the kinds are ${kinds}`);
  }
  if (name === text) return known;
  const given = text.slice(name.length + 1);
  const [, number, percent] = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(given) ?? [];
  const probability = Number(number) / (percent === '%' ? 100 : 1);
  if (!(probability >= 0 && probability <= 1)) {
    throw new Error(`the probability of a fault is a number from 0 to 1 or a percentage, not "${given}"`);
  }
  return { ...known, probability };
}

/** Random numbers that are the same for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export type Occurrence = {
  /** Decides the response; undefined if no fault does. */
  readonly kind: string | undefined;
  readonly all: ReadonlySet<string>;
};

export class Faults {
  readonly #faults: readonly FaultKind[];
  readonly #random: () => number;

  /** @throws Error for an unknown fault */
  constructor(faults: readonly string[], random: () => number) {
    this.#faults = faults.map(parseFault);
    this.#random = random;
  }

  /**
   * Draws the faults of a request; of those that decide the response the first one counts. Every fault draws for
   * every request, affected or not, so that the same requests meet the same faults.
   */
  draw(route: Route, isForm: boolean): Occurrence {
    const kinds = this.#faults
      .filter(({ kind, affects, probability }) => {
        const occurs = this.#random() < probability;
        if (kind === 'gone' && route.api !== 'im') return false;
        return occurs && isAffected(route, affects) && (isForm || kind !== '415');
      })
      .map(({ kind }) => kind);
    return { kind: kinds.find((kind) => !MODIFIERS.has(kind)), all: new Set(kinds) };
  }

  /** Whether a new token replaces the ones before. */
  replacesTokens(): boolean {
    const fault = this.#faults.find(({ kind }) => kind === 'token-replaced');
    return fault !== undefined && this.#random() < fault.probability;
  }

  /** Half of the time: whether a request whose response is lost takes effect. */
  flipCoin(): boolean {
    return this.#random() < 0.5;
  }
}

/** What a response may repeat of its request. */
type RejectedRequest = {
  readonly host: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly scopes: readonly string[];
  readonly flipCoin: () => boolean;
};

export function missingScope({ scopes }: { readonly scopes: readonly string[] }): HttpResponse {
  return errorResponse(400, 4711, `Invalid access token, does not contain scopes:[${scopes.join(', ')}].`);
}

/** By kind: the response to a request that takes no effect. */
export const ERROR_RESPONSES: Readonly<Record<string, (request: RejectedRequest) => HttpResponse>> = {
  '503': () => ({ ...errorResponse(503, 503, 'Service Unavailable'), headers: { 'Retry-After': '1' } }),
  '401': () => errorResponse(401, 124, 'Invalid access token.'),
  '400': () => validationError([{ field: 'type', message: 'Invalid field.' }]),
  '403': () => errorResponse(403, 403, 'Forbidden'),
  '415': () => errorResponse(415, 415, 'Unsupported Media Type'),
  'other-409': ({ flipCoin }) =>
    flipCoin()
      ? errorResponse(409, 1009, 'The request conflicts with another operation.')
      : { status: 409, body: '<html><head><title>409 Conflict</title></head><body>edge</body></html>' },
  '201-error': () => errorResponse(201, 1010, 'The request could not be processed.'),
  paid: () => errorResponse(200, 200, 'Only available for paid account:kV2mTq8aQbO.'),
  scope: missingScope,
  'no-list': missingScope,
  'no-users': missingScope,
  gone: () => errorResponse(410, 4137, 'The IM Group APIs are no longer available.'),
  redirect: ({ host, path }) => ({
    status: 302,
    headers: { Location: `http://${host.replace('127.0.0.1', 'localhost')}${path}` },
  }),
  'echo-secret': ({ authorization }) => errorResponse(400, 300, `Bad header: ${authorization}`),
};

/** By kind: the response to a request that takes effect half of the time. */
export const AMBIGUOUS_RESPONSES: Readonly<Record<string, HttpResponse>> = {
  '500': errorResponse(500, 500, 'Internal Server Error'),
  'empty-500': { status: 500 },
  '502': { status: 502, body: '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>' },
};

/** The body of a successful response under a fault that spoils it. */
export function corruptBody(fault: string | undefined, { body }: HttpResponse): Pick<HttpResponse, 'body'> {
  if (fault === 'no-id') return { body: {} };
  if (fault === 'not-json') return { body: 'OK <created>' };
  if (fault === 'broken-list') return { body: formatBody(body).slice(0, -2) };
  return {};
}
