/** One request, one exchange, over real sockets: what was answered, or whether the request had left. */
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { safeUrl } from '../../src/zoom/http-client.js';
import { answering, client, say } from '../support/scripted-server.js';

describe('an answer', () => {
  test('has its status, its headers in lower case and its body', async () => {
    const { url, asked } = await answering((_, response) => {
      response.setHeader('X-Zm-TrackingId', 'v=2.0;rid=1');
      say(response, 201, { id: 'ü' });
    });
    const exchange = await client().exchange({ method: 'POST', url: new URL('/a?b=c', url), headers: {} });
    expect(exchange).toMatchObject({
      kind: 'answered',
      status: 201,
      headers: { 'x-zm-trackingid': 'v=2.0;rid=1' },
      body: '{"id":"ü"}',
      cut: false,
    });
    expect(asked).toMatchObject([
      {
        method: 'POST',
        path: '/a?b=c',
        headers: { 'user-agent': 'zoom-im-groups/test', accept: 'application/json' },
      },
    ]);
  });

  test('that is a redirect is not followed', async () => {
    const elsewhere = await answering((_, response) => say(response, 200, {}));
    const { url } = await answering((_, response) => {
      response.writeHead(307, { location: elsewhere.url.href }).end();
    });
    const exchange = await client().exchange({ method: 'POST', url, headers: { authorization: 'Bearer x' } });
    expect(exchange).toMatchObject({ kind: 'answered', status: 307 });
    expect(elsewhere.asked).toEqual([]);
  });

  test('whose body ends before its time is told as cut short, with what came', async () => {
    const { url } = await answering((_, response) => {
      response.writeHead(201, { 'content-length': '100' });
      response.write('{"id":', () => response.destroy());
    });
    const exchange = await client().exchange({ method: 'POST', url, headers: {} });
    expect(exchange).toMatchObject({ kind: 'answered', status: 201, body: '{"id":', cut: true });
  });

  test('is read only as far as anybody would want it', async () => {
    const { url } = await answering((_, response) => {
      response.writeHead(200);
      response.end('x'.repeat(8 * 1024 * 1024));
    });
    const exchange = await client().exchange({ method: 'GET', url, headers: {} });
    if (exchange.kind !== 'answered') throw new Error('not answered');
    expect(exchange.cut).toBe(true);
    expect(exchange.body.length).toBeLessThan(2 * 1024 * 1024);
  });
});

describe('a request without an answer', () => {
  test('was not sent where nobody listens', async () => {
    const { url, server } = await answering(() => {});
    await new Promise((closed) => server.close(closed));
    expect(await client().exchange({ method: 'POST', url, headers: {} })).toMatchObject({
      kind: 'unanswered',
      sent: false,
      code: 'ECONNREFUSED',
      tls: false,
    });
  });

  test('was not sent where TLS is not spoken', async () => {
    const { url } = await answering(() => {});
    const secure = new URL(url.href.replace('http:', 'https:'));
    expect(await client().exchange({ method: 'POST', url: secure, headers: {} })).toMatchObject({
      kind: 'unanswered',
      sent: false,
      tls: true,
    });
  });

  test('may have taken effect where the connection broke after it, and is never sent twice', async () => {
    for (const method of ['POST', 'PATCH', 'DELETE', 'GET'] as const) {
      const { url, asked } = await answering((_, response) => response.destroy());
      expect(await client().exchange({ method, url, headers: {} })).toMatchObject({
        kind: 'unanswered',
        sent: true,
        tls: false,
      });
      expect(asked).toHaveLength(1);
    }
  });

  test('may have taken effect where nothing came in time', async () => {
    const { url } = await answering(() => {});
    const exchange = await client({ answerMs: 300 }).exchange({ method: 'POST', url, headers: {} });
    expect(exchange).toMatchObject({ kind: 'unanswered', sent: true, code: 'UND_ERR_HEADERS_TIMEOUT' });
  });

  test('a kept connection that broke meanwhile costs no request a second sending', async () => {
    let requests = 0;
    // Answers the first request of a connection, and cuts it at the second.
    const server = createServer((socket) => {
      let first = true;
      socket.on('error', () => {});
      socket.on('data', () => {
        requests += 1;
        if (first) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
        else socket.destroy();
        first = false;
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    try {
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('no port');
      const http = client({ connections: 1 });
      const url = new URL(`http://127.0.0.1:${address.port}`);
      const post = () => http.exchange({ method: 'POST', url, headers: {} });
      expect(await post()).toMatchObject({ kind: 'answered', status: 204 });
      expect(await post()).toMatchObject({ kind: 'unanswered', sent: true });
      expect(requests).toBe(2);
    } finally {
      server.close();
    }
  });
});

describe('a token goes', () => {
  test.each([
    'https://api.zoom.us/v2',
    'http://localhost:1/v2',
    'http://127.0.0.1:1',
    'http://127.8.9.1',
    'http://[::1]:1',
  ])('to %s', (text) => {
    expect(safeUrl(text, 'ZOOM_BASE_URL').href).toContain(new URL(text).host);
  });

  test.each([
    'http://api.zoom.us/v2',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'ftp://localhost',
    'https://user:secret@api.zoom.us',
    'api.zoom.us',
    '',
  ])('never to %j', (text) => {
    expect(() => safeUrl(text, 'ZOOM_BASE_URL')).toThrow(
      expect.objectContaining({
        stop: expect.objectContaining({ exit: 2, message: expect.stringContaining('ZOOM_BASE_URL') }),
      }),
    );
  });
});
