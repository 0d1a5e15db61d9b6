/** One request, one exchange, over real sockets: what was answered, or whether the request had left. */
import { createServer, type Server, type Socket } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Exchange } from '../../src/zoom/http-client.js';
import { openTestClient, sendJson, startScriptedServer } from '../support/scripted-server.js';

async function listen(onConnection: (socket: Socket) => void): Promise<{ url: URL; server: Server }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: new URL(`http://127.0.0.1:${address.port}`), server };
}

function answered(exchange: Exchange): Extract<Exchange, { type: 'answered' }> {
  if (exchange.type !== 'answered') throw new Error(`not answered: ${exchange.message}`);
  return exchange;
}

describe('an answer', () => {
  test('has its status, its headers in lower case and its body', async () => {
    const { url, requests } = await startScriptedServer((_, response) => {
      response.setHeader('X-Zm-TrackingId', 'v=2.0;rid=1');
      sendJson(response, 201, { id: 'ü' });
    });
    const exchange = await openTestClient().exchange({
      method: 'POST',
      url: new URL('/a?b=c', url),
      headers: {},
    });
    expect(exchange).toMatchObject({
      type: 'answered',
      status: 201,
      headers: { 'x-zm-trackingid': 'v=2.0;rid=1' },
      body: '{"id":"ü"}',
      complete: true,
    });
    expect(requests).toMatchObject([
      {
        method: 'POST',
        path: '/a?b=c',
        headers: {
          'user-agent': 'zoom-im-groups/test',
          accept: 'application/json',
          'accept-encoding': 'gzip, br, deflate',
        },
      },
    ]);
  });

  test('that is a redirect is not followed', async () => {
    const elsewhere = await startScriptedServer((_, response) => sendJson(response, 200, {}));
    const { url } = await startScriptedServer((_, response) => {
      response.writeHead(307, { location: elsewhere.url.href }).end();
    });
    const exchange = await openTestClient().exchange({
      method: 'POST',
      url,
      headers: { authorization: 'Bearer x' },
    });
    expect(exchange).toMatchObject({ type: 'answered', status: 307 });
    expect(elsewhere.requests).toEqual([]);
  });

  test('whose body ends early is incomplete, with what came', async () => {
    const { url } = await startScriptedServer((_, response) => {
      response.writeHead(201, { 'content-length': '100' });
      response.write('{"id":', () => response.destroy());
    });
    const exchange = await openTestClient().exchange({ method: 'POST', url, headers: {} });
    expect(exchange).toMatchObject({ type: 'answered', status: 201, body: '{"id":', complete: false });
  });

  test('is read up to 16 MiB, or as far as the request allows', async () => {
    const { url } = await startScriptedServer((_, response) => {
      response.writeHead(200);
      response.end(Buffer.alloc(17 * 1024 * 1024, 'x'));
    });
    const http = openTestClient();
    const read = async (more: { maxBodyBytes?: number }) =>
      answered(await http.exchange({ method: 'GET', url, headers: {}, ...more }));
    expect(await read({})).toMatchObject({ complete: false, tooLong: 16_777_216 });
    expect(await read({ maxBodyBytes: 1024 ** 3 })).toMatchObject({ complete: true });
  });

  test('is read in the codings gzip, br and deflate, also if they came unasked', async () => {
    const json = JSON.stringify({ id: 'g1' });
    const codings: readonly (readonly [string, Buffer])[] = [
      ['gzip', gzipSync(json)],
      ['x-gzip', gzipSync(json)],
      ['br', brotliCompressSync(json)],
      ['deflate', deflateSync(json)],
      ['deflate', deflateRawSync(json)],
      ['gzip, br', brotliCompressSync(gzipSync(json))],
      ['identity', Buffer.from(json)],
    ];
    const { url } = await startScriptedServer((_, response, count) => {
      const [coding, bytes] = codings[count - 1] ?? ['', ''];
      response.writeHead(201, { 'content-encoding': coding }).end(bytes);
    });
    const http = openTestClient();
    for (const [coding] of codings) {
      const exchange = await http.exchange({ method: 'GET', url, headers: {} });
      expect(exchange, coding).toMatchObject({ body: json, complete: true });
    }
  });

  test('that cannot be decoded is incomplete', async () => {
    const { url } = await startScriptedServer((_, response, count) => {
      const coding = ['gzip', 'br', 'zstd', 'gzip, gzip, gzip'][count - 1] ?? '';
      response.writeHead(201, { 'content-encoding': coding }).end('{"id":"g1"}');
    });
    const http = openTestClient();
    for (let i = 0; i < 4; i += 1) {
      expect(await http.exchange({ method: 'GET', url, headers: {} })).toMatchObject({
        body: '',
        complete: false,
      });
    }
  });

  test('that is small and unpacks to more than the bound is not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const { url } = await startScriptedServer((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    });
    const exchange = await openTestClient().exchange({ method: 'GET', url, headers: {} });
    expect(exchange).toMatchObject({ body: '', complete: false, tooLong: 16_777_216 });
  });

  test('that comes a byte at a time ends at the deadline of the whole exchange', async () => {
    const { url } = await startScriptedServer((_, response) => {
      response.writeHead(201, { 'content-length': '1000' });
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(timer));
    });
    const start = performance.now();
    const exchange = await openTestClient({ deadlineMs: 400 }).exchange({ method: 'POST', url, headers: {} });
    expect(performance.now() - start).toBeLessThan(1_500);
    expect(exchange).toMatchObject({ type: 'answered', status: 201, complete: false });
  });
});

describe('a request without an answer', () => {
  test('was not sent if nothing listens', async () => {
    const { url, server } = await startScriptedServer(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    expect(await openTestClient().exchange({ method: 'POST', url, headers: {} })).toMatchObject({
      type: 'unanswered',
      sent: false,
      code: 'ECONNREFUSED',
      tls: false,
    });
  });

  test('was not sent if the server does not speak TLS', async () => {
    const { url } = await startScriptedServer(() => undefined);
    const secure = new URL(url.href.replace('http:', 'https:'));
    expect(await openTestClient().exchange({ method: 'POST', url: secure, headers: {} })).toMatchObject({
      type: 'unanswered',
      sent: false,
      tls: true,
    });
  });

  test('may have taken effect if the connection broke after it, and is never sent twice', async () => {
    for (const method of ['POST', 'PATCH', 'DELETE', 'GET'] as const) {
      const { url, requests } = await startScriptedServer((_, response) => response.destroy());
      expect(await openTestClient().exchange({ method, url, headers: {} })).toMatchObject({
        type: 'unanswered',
        sent: true,
        tls: false,
      });
      expect(requests).toHaveLength(1);
    }
  });

  test('may have taken effect if nothing came before the deadline', async () => {
    const { url } = await startScriptedServer(() => undefined);
    const exchange = await openTestClient({ deadlineMs: 300 }).exchange({ method: 'POST', url, headers: {} });
    expect(exchange).toMatchObject({ type: 'unanswered', sent: true, code: 'ETIMEDOUT' });
  });

  test('was not sent, and is not sent later, if it waited for a connection until the deadline', async () => {
    const { url, requests } = await startScriptedServer((_, response) => {
      setTimeout(() => sendJson(response, 200, {}), 600);
    });
    const http = openTestClient({ connections: 1, deadlineMs: 300 });
    const [first, second] = await Promise.all(
      ['/1', '/2'].map((path) => http.exchange({ method: 'POST', url: new URL(path, url), headers: {} })),
    );
    expect(first).toMatchObject({ type: 'unanswered', sent: true });
    expect(second).toMatchObject({ type: 'unanswered', sent: false });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(requests.map(({ path }) => path)).toEqual(['/1']);
  });

  test('is not sent a second time if a kept connection broke meanwhile', async () => {
    let requests = 0;
    const { url } = await listen((socket) => {
      let isFirst = true;
      socket.on('data', () => {
        requests += 1;
        if (isFirst) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
        else socket.destroy();
        isFirst = false;
      });
    });
    const http = openTestClient({ connections: 1 });
    const post = () => http.exchange({ method: 'POST', url, headers: {} });
    expect(await post()).toMatchObject({ type: 'answered', status: 204 });
    expect(await post()).toMatchObject({ type: 'unanswered', sent: true });
    expect(requests).toBe(2);
  });
});

describe('a body', () => {
  test('is sent as a form with its parts in order, or as the text it is', async () => {
    const { url, requests } = await startScriptedServer((_, response) => sendJson(response, 201, {}));
    const http = openTestClient();
    await http.exchange({
      method: 'POST',
      url,
      headers: {},
      body: [
        ['name', 'Ä'],
        ['type', 'shared'],
      ],
    });
    await http.exchange({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json' },
      body: '{"a":1}',
    });
    expect(requests[0]?.headers['content-type']).toMatch(/^multipart\/form-data; ?boundary=/);
    expect(requests[0]?.body).toMatch(/name="name"\r\n\r\nÄ\r\n[\s\S]*name="type"\r\n\r\nshared\r\n/);
    expect(requests[1]).toMatchObject({ body: '{"a":1}', headers: { 'content-type': 'application/json' } });
  });
});

describe('a form', () => {
  test('arrives with every value as it was, but for line ends, which are CRLF in a form', async () => {
    const { url, requests } = await startScriptedServer((_, response) => sendJson(response, 201, {}));
    const http = openTestClient();
    const value = fc.string({ unit: 'grapheme', maxLength: 200 });
    const lineEnd = fc.constantFrom('\n', '\r\n', '\r', '--', '"');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(value, lineEnd)), fc.array(value), async (pieces, others) => {
        const values = [pieces.join(''), ...others];
        const body = values.map((text, i) => [`field${i}`, text] as const);
        await http.exchange({ method: 'POST', url, headers: {}, body });
        const sent = requests.at(-1);
        const headers = { 'content-type': sent?.headers['content-type'] ?? '' };
        const form = await new Response(sent?.body, { headers }).formData();
        const expected = body.map(([name, text]) => [name, text.replace(/\r\n?|\n/g, '\r\n')]);
        expect([...form]).toEqual(expected);
      }),
    );
  });
});

describe('a proxy', () => {
  const target = new URL('https://api.zoom.example/v2/im/groups');
  const post = { method: 'POST', url: target, headers: {} } as const;

  test('is asked for a tunnel to Zoom, with its user name and password', async () => {
    const asked: string[] = [];
    const { url } = await listen((socket) => {
      socket.on('data', (bytes) => {
        asked.push(bytes.toString());
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      });
    });
    const httpsProxy = `http://user:pass@${url.host}`;
    const exchange = await openTestClient({ proxies: { httpsProxy } }).exchange(post);
    expect(exchange).toMatchObject({ type: 'unanswered', sent: false, code: 'PROXY_CONNECT' });
    expect(exchange).toHaveProperty('message', expect.stringContaining('HTTP 407'));
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatch(/^CONNECT api\.zoom\.example:443 HTTP\/1\.1/);
    expect(asked[0]).toContain(`Basic ${Buffer.from('user:pass').toString('base64')}`);
  });

  test.each([
    ['closes after CONNECT', (socket: Socket) => socket.on('data', () => socket.end())],
    ['resets after CONNECT', (socket: Socket) => socket.on('data', () => socket.resetAndDestroy())],
    [
      'closes after it opened the tunnel',
      (socket: Socket) => socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\n')),
    ],
    ['refuses', (socket: Socket) => socket.on('data', () => socket.end('HTTP/1.1 503 No\r\n\r\n'))],
  ])('that %s is not connected again', async (_, onConnection) => {
    let connections = 0;
    const { url } = await listen((socket) => {
      connections += 1;
      onConnection(socket);
    });
    const http = openTestClient({ proxies: { httpsProxy: url.href }, deadlineMs: 3_000 });
    const start = performance.now();
    expect(await http.exchange(post)).toMatchObject({ type: 'unanswered', sent: false });
    expect(performance.now() - start).toBeLessThan(2_000);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(connections).toBeLessThanOrEqual(2);
  });

  test('that never answers CONNECT holds a request no longer than the deadline', async () => {
    const { url } = await listen(() => undefined);
    const http = openTestClient({ proxies: { httpsProxy: url.href }, deadlineMs: 300 });
    expect(await http.exchange(post)).toMatchObject({ type: 'unanswered', sent: false, code: 'ETIMEDOUT' });
  });

  test('is not used for this machine, nor for what NO_PROXY names', async () => {
    const { url, requests } = await startScriptedServer((_, response) => sendJson(response, 200, {}));
    let connections = 0;
    const proxy = await listen((socket) => {
      connections += 1;
      socket.destroy();
    });
    const proxies = { httpsProxy: proxy.url.href, httpProxy: proxy.url.href, noProxy: 'zoom.invalid' };
    const http = openTestClient({ proxies });
    expect(await http.exchange({ method: 'GET', url, headers: {} })).toMatchObject({ status: 200 });
    const direct = await http.exchange({ ...post, url: new URL('https://api.zoom.invalid/v2') });
    expect(direct).toMatchObject({ type: 'unanswered', sent: false });
    expect(requests).toHaveLength(1);
    expect(connections).toBe(0);
  });

  test('from the environment is not read: it is an option', async () => {
    let connections = 0;
    const proxy = await listen((socket) => {
      connections += 1;
      socket.destroy();
    });
    const saved = process.env.HTTPS_PROXY;
    process.env.HTTPS_PROXY = proxy.url.href;
    onTestFinished(() => {
      if (saved === undefined) delete process.env.HTTPS_PROXY;
      else process.env.HTTPS_PROXY = saved;
    });
    const http = openTestClient({ proxies: { noProxy: '' } });
    await http.exchange({ ...post, url: new URL('https://api.zoom.invalid/v2') });
    expect(connections).toBe(0);
  });
});
