/** A server that responds as one test says, and records its requests. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, onTestFinished } from 'vitest';
import { createHttpClient, type HttpClient, type HttpClientOptions } from '../../src/zoom/http-client.js';

export type RecordedRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** ms of the monotonic clock. */
  readonly at: number;
};

export type ScriptedServer = {
  readonly url: URL;
  readonly requests: readonly RecordedRequest[];
  readonly server: Server;
};

const open: Server[] = [];
// Not when a test is over: of tests that run at the same time, vitest cannot tell whose server it is.
afterAll(async () => {
  for (const server of open) server.closeAllConnections();
  await Promise.all(open.map((server) => new Promise((resolve) => server.close(resolve))));
});

/** Listens on loopback until the test file ends. @param respond `count` is 1 for the first request */
export async function startScriptedServer(
  respond: (request: RecordedRequest, response: ServerResponse, count: number) => void,
): Promise<ScriptedServer> {
  const requests: RecordedRequest[] = [];
  const server = createServer(async (incoming, response) => {
    const at = performance.now();
    let body = '';
    incoming.setEncoding('utf8');
    for await (const chunk of incoming) body += chunk;
    const { method = '', url = '', headers } = incoming;
    const request = { method, path: url, headers, body, at };
    requests.push(request);
    respond(request, response, requests.length);
  });
  // An idle connection that closes while the client sends would be a fault that no test asked for.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(server);
  const { port } = server.address() as AddressInfo;
  return { url: new URL(`http://127.0.0.1:${port}`), requests, server };
}

export function sendJson(response: ServerResponse, status: number, body?: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

/** Closed when the test is over. */
export function openTestClient(options: Partial<HttpClientOptions> = {}): HttpClient {
  const http = createHttpClient({ userAgent: 'zoom-im-groups/test', connections: 4, ...options });
  onTestFinished(() => http.close());
  return http;
}
