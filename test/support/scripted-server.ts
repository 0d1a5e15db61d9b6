/** A server that responds as one test says, and records its requests. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
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

/** Listens on loopback until the test is over. @param respond `count` is 1 for the first request */
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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
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
