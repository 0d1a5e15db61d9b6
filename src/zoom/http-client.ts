/** One request, one exchange: answered, or not and whether it left. Never a retry, never a redirect. */
import { DecoratorHandler, type Dispatcher, FormData, Pool } from 'undici';
import { usageError } from '../model/stop.js';

/** What became of a request. */
export type Exchange =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
      /** The body ended before its time, or was longer than anybody would send. */
      readonly cut: boolean;
    }
  | Unanswered;

export type Unanswered = {
  readonly kind: 'unanswered';
  /** Whether the request had begun to leave: then it may have taken effect. */
  readonly sent: boolean;
  /** The error's code, such as ECONNREFUSED. */
  readonly code: string;
  readonly message: string;
  /** The other side's certificate was not accepted, or TLS was not spoken. */
  readonly tls: boolean;
};

/** An answer whose body is read as it comes. Reading throws where the body is cut short. */
export type Opened = {
  readonly kind: 'opened';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
};

export type Request = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Ordered parts of a multipart/form-data body, or a body as text. */
  readonly body?: string | readonly (readonly [string, string])[];
};

export type Http = {
  /** Sends one request and reads its answer. */
  exchange(request: Request): Promise<Exchange>;
  /** Sends one request and leaves its answer's body to the caller. */
  open(request: Request): Promise<Opened | Unanswered>;
  /** Cuts every connection. */
  close(): Promise<void>;
};

export type HttpOptions = {
  readonly userAgent: string;
  /** Connections to one origin at once. */
  readonly connections: number;
  readonly connectMs?: number;
  /** For the answer to begin, and between two pieces of it. */
  readonly answerMs?: number;
};

/** No answer to a create or a token request is near this; a page of HTML from a proxy may be. */
const BODY_CHARACTERS_MAX = 1024 * 1024;

/** Opens one pool of connections for each origin that is asked. */
export function openHttp(options: HttpOptions): Http {
  const pools = new Map<string, Dispatcher>();
  const poolFor = (origin: string): Dispatcher => {
    const known = pools.get(origin);
    if (known) return known;
    const pool = new Pool(origin, {
      connections: options.connections,
      // A second request behind one that is not answered yet would share its fate.
      pipelining: 1,
      connect: { timeout: options.connectMs ?? 10_000 },
      headersTimeout: options.answerMs ?? 30_000,
      bodyTimeout: options.answerMs ?? 30_000,
    });
    pools.set(origin, pool);
    return pool;
  };
  const open = (request: Request) => opened(poolFor(request.url.origin), request, options.userAgent);
  return {
    open,
    exchange: async (request) => {
      const answer = await open(request);
      return answer.kind === 'opened' ? readWhole(answer) : answer;
    },
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
      pools.clear();
    },
  };
}

/** Notes when a request begins to be written: an error's code alone does not tell whether it left. */
class NoteStart extends DecoratorHandler {
  readonly #note: { sent: boolean };
  readonly #next: Dispatcher.DispatchHandler;

  constructor(next: Dispatcher.DispatchHandler, note: { sent: boolean }) {
    super(next);
    this.#next = next;
    this.#note = note;
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.#note.sent = true;
    this.#next.onRequestStart?.(controller, context);
  }
}

async function opened(pool: Dispatcher, request: Request, userAgent: string): Promise<Opened | Unanswered> {
  const note = { sent: false };
  const noting = pool.compose(
    (dispatch) => (given, handler) => dispatch(given, new NoteStart(handler, note)),
  );
  try {
    const { statusCode, headers, body } = await noting.request({
      method: request.method,
      path: request.url.pathname + request.url.search,
      headers: { 'user-agent': userAgent, accept: 'application/json', ...request.headers },
      ...(request.body === undefined ? {} : { body: bodyOf(request.body) }),
    });
    return { kind: 'opened', status: statusCode, headers: joined(headers), body };
  } catch (error) {
    return unanswered(error, note.sent);
  }
}

function bodyOf(body: NonNullable<Request['body']>): string | FormData {
  if (typeof body === 'string') return body;
  const form = new FormData();
  for (const [name, value] of body) form.append(name, value);
  return form;
}

function joined(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}

/** Reads an answer's body to its end, or as far as anybody would want it. */
export async function readWhole({ status, headers, body }: Opened): Promise<Exchange> {
  const decoder = new TextDecoder();
  let text = '';
  let cut = false;
  try {
    for await (const bytes of body) {
      text += decoder.decode(bytes, { stream: true });
      if (text.length <= BODY_CHARACTERS_MAX) continue;
      cut = true;
      break;
    }
  } catch {
    cut = true;
  }
  return { kind: 'answered', status, headers, body: text + decoder.decode(), cut };
}

/** Codes of OpenSSL and of Node's own checks; all of them come before a request leaves. */
const TLS_CODE = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO|HOSTNAME_MISMATCH)/;

function unanswered(error: unknown, sent: boolean): Unanswered {
  const chain = errorsIn(error);
  const code = chain.map((one) => ('code' in one ? String(one.code) : '')).find((one) => one !== '') ?? '';
  const message = chain.map((one) => one.message).find((one) => one !== '') ?? 'no answer';
  return { kind: 'unanswered', sent, code, message, tls: !sent && TLS_CODE.test(code) };
}

/** An error, its causes, and what an AggregateError (one for each address that was tried) holds. */
function errorsIn(error: unknown): readonly Error[] {
  if (!(error instanceof Error)) return [new Error(String(error))];
  const inner = error instanceof AggregateError ? error.errors.flatMap(errorsIn) : [];
  return [error, ...inner, ...(error.cause === undefined ? [] : errorsIn(error.cause))];
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * A URL that a secret may be sent to: https, or http on this machine.
 * @param what the variable that it comes from, for the message
 * @throws FatalError (exit 2) for any other
 */
export function safeUrl(text: string, what: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (!url || !safe) {
    throw usageError(
      `${what} is neither https nor on this machine (${text})`,
      'The access token goes there: use https://…',
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw usageError(
      `${what} holds a user name or a password`,
      'Leave them out: credentials come from ZOOM_CLIENT_ID and its kin.',
    );
  }
  return url;
}
