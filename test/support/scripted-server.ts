/** A server that answers as one test says, and remembers what it was asked. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type Http, type HttpOptions, openHttp } from '../../src/zoom/http-client.js';

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};

export type Answering = { readonly url: URL; readonly asked: readonly Asked[]; readonly server: Server };

/** Listens on loopback until the test is over. */
export async function answering(
  answer: (asked: Asked, response: ServerResponse, nth: number) => void,
): Promise<Answering> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    request.setEncoding('utf8');
    for await (const piece of request) body += piece;
    const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
    asked.push(one);
    answer(one, response, asked.length);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  const { port } = server.address() as AddressInfo;
  return { url: new URL(`http://127.0.0.1:${port}`), asked, server };
}

/** Answers with JSON. */
export function say(response: ServerResponse, status: number, body?: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

/** A client that is closed when the test is over. */
export function client(more: Partial<HttpOptions> = {}): Http {
  const http = openHttp({ userAgent: 'zoom-im-groups/test', connections: 4, ...more });
  onTestFinished(() => http.close());
  return http;
}
