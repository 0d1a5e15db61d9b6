/** One request, one exchange, within a deadline and a size. Never a retry, never a redirect. */
import { constants as bufferConstants } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { StringDecoder } from 'node:string_decoder';
import { Agent, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import { decodeContent } from './content-encoding.js';
import { isLoopback, parseProxyUrl } from './safe-url.js';

/** What became of a request. */
export type Exchange = Answered | Unanswered;

export type Answered = {
  readonly type: 'answered';
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whether the whole body came, and could be decoded. */
  readonly complete: boolean;
  /** The body was longer than this many bytes, and was not read further. */
  readonly tooLong?: number;
};

export type Unanswered = {
  readonly type: 'unanswered';
  /** Whether the request had begun to leave: then it may have taken effect. */
  readonly sent: boolean;
  /** The error's code, such as ECONNREFUSED. */
  readonly code: string;
  readonly message: string;
  /** The server's certificate was not accepted, or the server does not speak TLS. */
  readonly tls: boolean;
};

export type HttpRequest = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** A body as text, or the ordered parts of a multipart/form-data body. */
  readonly body?: string | readonly (readonly [string, string])[];
  /** Most bytes of the response body, also after decompression. Default 16 MiB. */
  readonly maxBodyBytes?: number;
};

export type HttpClient = {
  exchange(request: HttpRequest): Promise<Exchange>;
  /** Closes every connection at once. */
  close(): Promise<void>;
};

/** The values of HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
export type ProxySettings = {
  readonly httpsProxy?: string | undefined;
  readonly httpProxy?: string | undefined;
  readonly noProxy?: string | undefined;
};

export type HttpClientOptions = {
  readonly userAgent: string;
  /** Connections to one origin at once. */
  readonly connections: number;
  readonly proxies?: ProxySettings;
  /** For a connection, and for a proxy's answer. Default 10 s. */
  readonly connectMs?: number;
  /** For a whole exchange, from the call to the last byte of the body. Default 60 s. */
  readonly deadlineMs?: number;
};

const CONNECT_MS = 10_000;
const DEADLINE_MS = 60_000;

const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** A body that is longer than a string can be could not be parsed either. */
const MAX_TEXT_BYTES = bufferConstants.MAX_STRING_LENGTH;

/** @throws FatalError (exit 2) for a proxy that is no URL */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { userAgent, deadlineMs = DEADLINE_MS } = options;
  const direct = new Agent(poolOptions(options));
  const proxied = options.proxies && createProxyAgent(options.proxies, options);
  return {
    exchange: (request) => {
      // A proxy would look for loopback on its own machine.
      const dispatcher = proxied && !isLoopback(request.url) ? proxied : direct;
      return exchange(dispatcher, request, userAgent, deadlineMs);
    },
    close: async () => {
      await Promise.all([direct.destroy(), proxied?.destroy()]);
    },
  };
}

function poolOptions({ connections, connectMs = CONNECT_MS }: HttpClientOptions): Agent.Options {
  return {
    connections,
    // A second request behind one that is not answered yet would share its fate.
    pipelining: 1,
    connect: { timeout: connectMs },
    // The deadline of the exchange covers both.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

/** Without a proxy for a protocol, the agent would read the environment: an empty text keeps it from that. */
function createProxyAgent(proxies: ProxySettings, options: HttpClientOptions): Dispatcher {
  const { connectMs = CONNECT_MS } = options;
  const { noProxy = '' } = proxies;
  const httpProxy = proxies.httpProxy ? parseProxyUrl(proxies.httpProxy, 'HTTP_PROXY').href : '';
  const httpsProxy = proxies.httpsProxy ? parseProxyUrl(proxies.httpsProxy, 'HTTPS_PROXY').href : '';
  return new EnvHttpProxyAgent({
    ...poolOptions(options),
    httpProxy,
    httpsProxy,
    noProxy,
    requestTls: { timeout: connectMs },
    proxyTls: { timeout: connectMs },
    clientFactory: (origin, pool) => createTunnelPool(origin, pool, connectMs),
  });
}

/** The proxy did not open a tunnel. */
class ProxyError extends Error {
  readonly code = 'PROXY_CONNECT';
}

/**
 * The connections to a proxy. undici takes a connection that a proxy closes after CONNECT for an idle one that was
 * closed, and connects again at once, for ever: any other error ends the requests that wait for the tunnel.
 */
function createTunnelPool(origin: URL, options: object, connectMs: number): Dispatcher {
  const pool = new Pool(origin, { ...options, headersTimeout: connectMs });
  const connect = pool.connect.bind(pool) as (
    to: Dispatcher.ConnectOptions,
  ) => Promise<Dispatcher.ConnectData>;
  return Object.assign(pool, {
    connect: async (to: Dispatcher.ConnectOptions) => {
      const answer = await connect(to).catch((error: unknown) => {
        const [first] = errorsIn(error);
        throw new ProxyError(`the proxy ${origin.host} opened no connection: ${first?.message ?? ''}`, {
          cause: error,
        });
      });
      if (answer.statusCode === 200) return answer;
      answer.socket.on('error', () => undefined).destroy();
      const why = answer.statusCode === 407 ? 'it asks for a user name and a password' : 'it refused';
      throw new ProxyError(
        `the proxy ${origin.host} opened no connection: ${why} (HTTP ${answer.statusCode})`,
      );
    },
  });
}

function exchange(
  dispatcher: Dispatcher,
  request: HttpRequest,
  userAgent: string,
  deadlineMs: number,
): Promise<Exchange> {
  return new Promise((resolve) => {
    const maxBytes = Math.min(request.maxBodyBytes ?? MAX_BODY_BYTES, MAX_TEXT_BYTES);
    const handler = new ExchangeHandler(maxBytes, deadlineMs, resolve);
    const { method, url } = request;
    const { headers, body } = encodeBody(request);
    try {
      dispatcher.dispatch(
        {
          origin: url.origin,
          method,
          path: url.pathname + url.search,
          headers: {
            'user-agent': userAgent,
            accept: 'application/json',
            'accept-encoding': 'gzip, br, deflate',
            ...headers,
          },
          ...(body === undefined ? {} : { body }),
        },
        handler,
      );
    } catch (error) {
      handler.fail(error);
    }
  });
}

/**
 * Parts become one text (multipart/form-data, RFC 7578). undici would stream a `FormData` part by part, which takes half
 * of a request's processor time. The names are those of Zoom's fields, which need no quoting.
 */
function encodeBody({ headers, body }: HttpRequest): Pick<HttpRequest, 'headers'> & { body?: string } {
  if (body === undefined) return { headers };
  if (typeof body === 'string') return { headers, body };
  const boundary = randomUUID();
  const parts = body.map(
    ([name, value]) =>
      `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value.replace(/\r\n?|\n/g, '\r\n')}\r\n`,
  );
  const contentType = `multipart/form-data; boundary=${boundary}`;
  return {
    headers: { ...headers, 'content-type': contentType },
    body: `${parts.join('')}--${boundary}--\r\n`,
  };
}

/** Collects one response. Whatever comes first ends the exchange: its last byte, an error, the deadline, the size. */
class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly #maxBytes: number;
  readonly #resolve: (exchange: Exchange | Promise<Exchange>) => void;
  readonly #timer: NodeJS.Timeout;
  /** Of a body that is compressed. */
  readonly #chunks: Buffer[] = [];
  /** Any other becomes text as it comes: a listing of a million groups has more than 100 MB. */
  readonly #decoder = new StringDecoder('utf8');
  #text = '';
  #bytes = 0;
  #controller: Dispatcher.DispatchController | undefined;
  #head: { readonly status: number; readonly headers: Readonly<Record<string, string>> } | undefined;
  #isOver = false;

  constructor(
    maxBytes: number,
    deadlineMs: number,
    resolve: (exchange: Exchange | Promise<Exchange>) => void,
  ) {
    this.#maxBytes = maxBytes;
    this.#resolve = resolve;
    this.#timer = setTimeout(() => {
      const seconds = deadlineMs / 1000;
      this.#cut(Object.assign(new Error(`no complete response within ${seconds} s`), { code: 'ETIMEDOUT' }));
    }, deadlineMs);
  }

  /** undici calls this right before it writes the request: an error's code alone does not say whether it was sent. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    // After the deadline nothing is sent any more.
    if (this.#isOver) controller.abort(new Error('the deadline has passed'));
    else this.#controller = controller;
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    // 103 Early Hints and its like announce a response.
    if (status >= 200) this.#head = { status, headers: joinHeaders(headers) };
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) this.#cut(new Error('the body is too long'), this.#maxBytes);
    else if (this.#encoding !== '') this.#chunks.push(chunk);
    else this.#text += this.#decoder.write(chunk);
  }

  onResponseEnd(): void {
    this.#end(true);
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    this.fail(error);
  }

  /** An error before the headers leaves no answer; after them, an answer that is cut short. */
  fail(error: unknown): void {
    if (this.#head) this.#end(false);
    else this.#settle(describeError(error, this.#controller !== undefined));
  }

  #cut(error: Error, tooLong?: number): void {
    if (this.#head) this.#end(false, tooLong);
    else this.fail(error);
    this.#controller?.abort(error);
  }

  #end(complete: boolean, tooLong?: number): void {
    if (!this.#head) return;
    const limit = tooLong === undefined ? {} : { tooLong };
    const answered = { type: 'answered', ...this.#head, complete, ...limit } as const;
    if (this.#encoding === '') this.#settle({ ...answered, body: this.#text + this.#decoder.end() });
    else this.#settle(decodeBody(answered, Buffer.concat(this.#chunks), this.#encoding, this.#maxBytes));
  }

  get #encoding(): string {
    return this.#head?.headers['content-encoding'] ?? '';
  }

  #settle(exchange: Exchange | Promise<Exchange>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#chunks.length = 0;
    this.#resolve(exchange);
  }
}

async function decodeBody(
  answered: Omit<Answered, 'body'>,
  bytes: Buffer,
  encoding: string,
  maxBytes: number,
): Promise<Answered> {
  const content = await decodeContent(bytes, encoding, maxBytes);
  return {
    ...answered,
    body: content.bytes.toString(),
    complete: answered.complete && content.complete,
    ...(content.tooLong ? { tooLong: maxBytes } : {}),
  };
}

function joinHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}

/** Codes of OpenSSL and of Node's own checks; all of them come before a request leaves. */
const TLS_CODE =
  /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO|HOSTNAME_MISMATCH|UND_ERR_PRX_TLS)/;

function describeError(error: unknown, sent: boolean): Unanswered {
  const chain = errorsIn(error);
  const code = chain.map((one) => ('code' in one ? String(one.code) : '')).find((one) => one !== '') ?? '';
  const message = chain.map((one) => one.message).find((one) => one !== '') ?? 'no answer';
  return { type: 'unanswered', sent, code, message, tls: !sent && chain.some(isTlsError) };
}

function isTlsError(error: Error): boolean {
  return 'code' in error && TLS_CODE.test(String(error.code));
}

/** An error, its causes, and what an AggregateError (one for each address that was tried) contains. */
function errorsIn(error: unknown): readonly Error[] {
  if (!(error instanceof Error)) return [new Error(String(error))];
  const inner = error instanceof AggregateError ? error.errors.flatMap(errorsIn) : [];
  return [error, ...inner, ...(error.cause === undefined ? [] : errorsIn(error.cause))];
}
