/** The table of answers: what each exchange with Zoom means, whatever its body looks like. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Reply } from '../../src/model/reply.js';
import { createRedactor } from '../../src/text/redact.js';
import { type Exchange, openHttp } from '../../src/zoom/http-client.js';
import { imDirectory } from '../../src/zoom/im-groups.js';
import { type Call, replyOf } from '../../src/zoom/response-classifier.js';

const NOW = Date.UTC(2030, 0, 1, 12);

function call(more: Partial<Call> = {}): Call {
  return {
    done: 201,
    idOf: (body) => body.id,
    otherBody: '--body json',
    scrub: createRedactor(() => ['s3cr3t-token']),
    renewable: () => true,
    nowMs: NOW,
    ...more,
  };
}

function answer(status: number, body: unknown, headers: Record<string, string> = {}, cut = false): Exchange {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { kind: 'answered', status, headers, body: text, cut };
}

const zoom = (code: number, message: string) => ({ code, message });

/** What an answer means, and, of a stop, why. */
function meaning(reply: Reply): string {
  if (reply.kind === 'blocked') return `blocked: ${reply.stop.reason}`;
  if (reply.kind === 'limited') return `limited: ${reply.per}`;
  if (reply.kind === 'trouble') return `trouble: ${reply.patience}${reply.ambiguous ? ', ambiguous' : ''}`;
  return 'ambiguous' in reply ? `${reply.kind}, ambiguous` : reply.kind;
}

describe('an answer to a create', () => {
  const table: readonly (readonly [string, Exchange, string])[] = [
    ['201', answer(201, { id: 'g1' }), 'done'],
    ['201 cut short', answer(201, '{"id":"g', {}, true), 'done'],
    ['201 that is no JSON', answer(201, 'OK'), 'done'],
    [
      '200 with a code is no success',
      answer(200, zoom(200, 'Only available for paid account:x.')),
      'blocked: paid-plan',
    ],
    [
      '200 with a code as a text is no success either',
      answer(200, { code: '200', message: 'Only available for paid account:x.' }),
      'blocked: paid-plan',
    ],
    ['200 with another code is no success', answer(200, zoom(300, 'No.')), 'refused'],
    ['200 with nothing is no success, and no refusal', answer(200, '{}'), 'refused, ambiguous'],
    ['200 with a page of HTML', answer(200, '<html>Log in</html>'), 'refused, ambiguous'],
    ['202 with no code', answer(202, ''), 'refused, ambiguous'],
    ['201 with a page of HTML', answer(201, '<html>Created</html>'), 'done'],
    ['400 with code 200', answer(400, zoom(200, 'Only available for paid account:x.')), 'blocked: paid-plan'],
    ['400 with code 300', answer(400, zoom(300, 'Validation Failed.')), 'refused'],
    ['413', answer(413, ''), 'refused'],
    ['422', answer(422, ''), 'refused'],
    ['124 under 401', answer(401, zoom(124, 'Invalid access token.')), 'token'],
    ['124 under 400', answer(400, zoom(124, 'Access token is expired.')), 'token'],
    ['124 as a text', answer(400, { code: '124', message: 'Access token is expired.' }), 'token'],
    ['124 in the other shape', answer(400, { status: false, errorCode: 124 }), 'token'],
    ['the other shape of a 401', answer(401, { status: false, errorCode: 401 }), 'token'],
    ['4711', answer(400, zoom(4711, 'scopes:[imgroup:write:admin]')), 'blocked: scope-missing'],
    ['4711 under 403', answer(403, zoom(4711, 'scopes:[x]')), 'blocked: scope-missing'],
    ['4700', answer(400, zoom(4700, 'no')), 'blocked: scope-missing'],
    ['403', answer(403, ''), 'blocked: permission'],
    ['404 without 4130', answer(404, '<html>'), 'blocked: wrong-base-url'],
    ['404 with 4130', answer(404, zoom(4130, 'Group does not exist:x.')), 'absent'],
    ['301', answer(301, '', { location: 'https://elsewhere.example/' }), 'blocked: redirect'],
    ['302', answer(302, ''), 'blocked: redirect'],
    ['405', answer(405, ''), 'blocked: method'],
    ['409', answer(409, zoom(4132, 'Group name x is already in use.')), 'taken'],
    ['409 without a body', answer(409, ''), 'taken'],
    ['410', answer(410, zoom(4137, 'gone')), 'blocked: api-gone'],
    ['4137 under 400', answer(400, zoom(4137, 'gone')), 'blocked: api-gone'],
    ['415', answer(415, ''), 'blocked: media-type'],
    ['408', answer(408, ''), 'trouble: short, ambiguous'],
    ['429', answer(429, zoom(429, 'maximum per-second rate limit')), 'limited: second'],
    ['500', answer(500, zoom(500, 'oh')), 'trouble: short, ambiguous'],
    ['500 without a body', answer(500, ''), 'trouble: short, ambiguous'],
    ['502 with a page from the edge', answer(502, '<html>bad gateway</html>'), 'trouble: short, ambiguous'],
    ['503', answer(503, '', { 'retry-after': '7' }), 'trouble: long, ambiguous'],
    ['504', answer(504, ''), 'trouble: short, ambiguous'],
  ];
  test.each(table)('%s', (_, exchange, expected) => {
    expect(meaning(replyOf(exchange, call()))).toBe(expected);
  });

  test('means the same when it comes through a real socket', async () => {
    let next: Extract<Exchange, { kind: 'answered' }> | undefined;
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        if (!next) return;
        const length = next.cut ? { 'content-length': String(next.body.length + 9) } : {};
        response.writeHead(next.status, { ...next.headers, ...length });
        if (next.cut) response.write(next.body, () => request.socket.destroy());
        else response.end(next.body);
      });
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const http = openHttp({ userAgent: 'test', connections: 1 });
    const token = { token: async () => ({ token: 't0ken' }), refused: () => true, secrets: () => ['t0ken'] };
    const baseUrl = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v2`);
    const directory = imDirectory({ http, baseUrl, token, now: () => NOW }, 'multipart');
    try {
      for (const [title, exchange, expected] of table) {
        next = exchange.kind === 'answered' ? exchange : undefined;
        expect(meaning(await directory.create({ name: 'A' })), title).toBe(expected);
      }
    } finally {
      await http.close();
      server.closeAllConnections();
      server.close();
    }
  });

  test('that never came may have taken effect only if the request had begun to leave', () => {
    const silent = { kind: 'unanswered', code: 'ECONNRESET', message: 'reset', tls: false } as const;
    expect(meaning(replyOf({ ...silent, sent: true }, call()))).toBe('trouble: short, ambiguous');
    expect(meaning(replyOf({ ...silent, sent: false }, call()))).toBe('trouble: long');
  });

  test('a certificate that is not trusted ends the run and names NODE_EXTRA_CA_CERTS', () => {
    const reply = replyOf(
      { kind: 'unanswered', sent: false, code: 'SELF_SIGNED_CERT_IN_CHAIN', message: '', tls: true },
      call(),
    );
    expect(reply).toMatchObject({ kind: 'blocked', stop: { exit: 3, reason: 'tls' } });
    expect(JSON.stringify(reply)).toContain('NODE_EXTRA_CA_CERTS');
  });

  test('a token that can’t be renewed ends the run', () => {
    const reply = replyOf(answer(401, zoom(124, 'no')), call({ renewable: () => false }));
    expect(reply).toMatchObject({ kind: 'blocked', stop: { exit: 3, reason: 'token-refused' } });
  });

  test('every stop says what to do next', () => {
    for (const [, exchange] of table) {
      const reply = replyOf(exchange, call());
      if (reply.kind === 'blocked') expect(reply.stop.hint.length).toBeGreaterThan(10);
    }
  });
});

describe('the id of a created group', () => {
  test('comes from the body, else from Content-Location, else is not known', () => {
    const id = (exchange: Exchange) => {
      const reply = replyOf(exchange, call());
      return reply.kind === 'done' ? reply.groupId : 'not done';
    };
    expect(id(answer(201, { id: '-g1' }))).toBe('-g1');
    expect(id(answer(201, {}, { 'content-location': 'https://api.zoom.us/v2/im/groups/g%2D2' }))).toBe('g-2');
    expect(id(answer(201, {}))).toBeUndefined();
  });
});

describe('a 429', () => {
  const daily = (headers: Record<string, string>, message = 'x') =>
    replyOf(answer(429, zoom(429, message), headers), call());
  const midnight = Date.UTC(2030, 0, 2);

  test('is daily by its header, by a wait beyond two minutes, or by its wording', () => {
    expect(daily({ 'x-ratelimit-type': 'Daily-limit' })).toMatchObject({ per: 'day', resetsAt: midnight });
    expect(daily({ 'retry-after': '2030-01-02T00:00:00Z' })).toMatchObject({
      per: 'day',
      resetsAt: midnight,
    });
    expect(daily({}, 'You have exceeded the daily rate limit (6000)')).toMatchObject({
      per: 'day',
      resetsAt: midnight,
    });
    expect(daily({ 'retry-after': '121' })).toMatchObject({ per: 'day', resetsAt: NOW + 121_000 });
  });

  // Far from Greenwich, so that an instant without a zone is not right by luck.
  const { TZ } = process.env;
  beforeAll(() => void Object.assign(process.env, { TZ: 'America/New_York' }));
  afterAll(() => {
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  });

  // The answer's clock is five seconds behind ours, and an instant is read against the answer's.
  const date = 'Tue, 01 Jan 2030 11:59:55 GMT';
  test.each([
    ['3', 3_000],
    ['0', 0],
    ['0.5', 500],
    ['Tue, 01 Jan 2030 12:00:05 GMT', 10_000],
    ['Tuesday, 01-Jan-30 12:00:05 GMT', 10_000],
    ['2030-01-01T12:00:05Z', 10_000],
    ['2030-01-01T12:00:05.000Z', 10_000],
    ['2030-01-01T13:00:05+01:00', 10_000],
    ['2030-01-01T12:00:05', 10_000],
    ['2030-01-01 12:00:05', 10_000],
    ['Tue Jan  1 12:00:05 2030', 10_000],
    ['2030-01-01T11:59:00Z', 0],
    ['-5', undefined],
    ['3, 3', undefined],
    ['soon', undefined],
    ['', undefined],
  ])('is per second otherwise, and of its Retry-After %j a wait of %j ms', (value, waitMs) => {
    expect(daily({ 'retry-after': value, date })).toEqual({
      kind: 'limited',
      per: 'second',
      http: 429,
      code: 429,
      message: 'x',
      ...(waitMs === undefined ? {} : { waitMs }),
    });
  });

  test('that is daily and has an instant resets then, whatever the clocks say', () => {
    const given = (value: string) => daily({ 'retry-after': value, 'x-ratelimit-type': 'Daily-limit', date });
    for (const value of ['2030-01-02T00:00:00Z', '2030-01-02T00:00:00', 'Wed, 02 Jan 2030 00:00:00 GMT']) {
      expect(given(value), value).toMatchObject({ per: 'day', resetsAt: midnight });
    }
    expect(given('-5')).toMatchObject({ per: 'day', resetsAt: midnight });
    expect(given('')).toMatchObject({ per: 'day', resetsAt: midnight });
  });
});

describe('what is told of an answer', () => {
  test('is Zoom’s code, message, fields and tracking id', () => {
    const body = {
      ...zoom(300, 'Validation Failed.'),
      errors: [{ field: 'type', message: 'Invalid field.' }],
    };
    expect(replyOf(answer(400, body, { 'x-zm-trackingid': 'v=2.0;rid=1' }), call())).toMatchObject({
      http: 400,
      code: 300,
      message: 'Validation Failed. type: Invalid field.',
      trackingId: 'v=2.0;rid=1',
    });
  });

  test('holds no secret, also where Zoom echoes it, and is one short line', () => {
    const echoed = `Bad header: Bearer s3cr3t-token\nand s3cr3t-token${'x'.repeat(2_000)}`;
    const { message } = replyOf(answer(400, zoom(300, echoed)), call());
    expect(message).not.toContain('s3cr3t');
    expect(message).not.toContain('\n');
    expect(message.length).toBeLessThanOrEqual(500);
  });

  test('a page of HTML is no message', () => {
    expect(replyOf(answer(502, '<html><script>alert(1)</script></html>'), call()).message).toBe('HTTP 502');
  });

  test('what is left of a per-second limit, but not of a daily one', () => {
    const left = (headers: Record<string, string>) => replyOf(answer(201, {}, headers), call()).remaining;
    expect(left({ 'x-ratelimit-remaining': '0' })).toBe(0);
    expect(left({ 'x-ratelimit-remaining': '0', 'x-ratelimit-type': 'Daily-limit' })).toBeUndefined();
    expect(left({})).toBeUndefined();
  });
});

test('an update or a removal is done with 204, a listing with 200', () => {
  expect(replyOf(answer(204, ''), call({ done: 204 })).kind).toBe('done');
  expect(replyOf(answer(200, { groups: [] }), call({ done: 200 })).kind).toBe('done');
  expect(replyOf(answer(201, {}), call({ done: 204 })).kind).toBe('refused');
});
