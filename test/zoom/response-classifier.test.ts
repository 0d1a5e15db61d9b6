/** What each response means. The rows are those of Zoom's API reference and of its developer forum, by their source. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Call } from '../../src/model/call.js';
import type { Reply } from '../../src/model/reply.js';
import { createRedactor } from '../../src/text/redact.js';
import type { Exchange } from '../../src/zoom/http-client.js';
import { type ClassifyContext, classifyResponse } from '../../src/zoom/response-classifier.js';

const NOW = Date.UTC(2030, 0, 1, 12);

const context: ClassifyContext = {
  accepted: false,
  deniedBefore: false,
  scopes: ['imgroup:write:admin', 'contact_group:write:group:admin'],
  wallNow: NOW,
  redact: createRedactor(() => ['s3cr3t-token']),
};

const create: Call = {
  label: 'light',
  method: 'POST',
  path: '/im/groups',
  body: { type: 'form', parts: [['name', 'A']] },
  success: 201,
};
const createJson: Call = { ...create, body: { type: 'json', value: { name: 'A' } } };
const change: Call = { ...createJson, method: 'PATCH', path: '/im/groups/g1', success: 204 };
const remove: Call = { label: 'light', method: 'DELETE', path: '/im/groups/g1', success: 204 };
const list: Call = { label: 'medium', method: 'GET', path: '/im/groups', success: 200 };
const nextPage: Call = { ...list, path: '/contacts/groups', query: { next_page_token: 'p2' } };
const contactGet: Call = { ...list, label: 'light', path: '/contacts/groups/g1' };
const contactCreate: Call = { ...createJson, label: 'heavy', path: '/contacts/groups' };

function answer(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
  complete = true,
): Extract<Exchange, { type: 'answered' }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { type: 'answered', status, headers, body: text, complete };
}

function classify(exchange: Exchange, call: Call = create, more: Partial<ClassifyContext> = {}): Reply {
  return classifyResponse(exchange, call, { ...context, ...more });
}

/** A reply in short, with what decides what is done about it. */
function summarize(reply: Reply): string {
  switch (reply.type) {
    case 'success':
      return reply.complete ? 'success' : 'success, incomplete';
    case 'fatal':
      return `fatal: ${reply.stop.reason}, exit ${reply.stop.exit}`;
    case 'rejected':
      if (reply.expiredPageToken) return 'rejected, expired page token';
      return reply.bodyFormat ? 'rejected, body format' : 'rejected';
    case 'transient':
      return `transient, ${reply.maxAttempts} attempts${reply.ambiguous ? ', ambiguous' : ''}`;
    case 'conflict':
    case 'not-found':
    case 'unauthorized':
    case 'rate-limited':
    case 'quota-exceeded':
      return reply.type;
  }
}

const zoom = (code: number | string, message: string) => ({ code, message });
const html = '<html><body>Access denied</body></html>';
const PAID = 'Only available for paid account:x.';
const LACKS = 'Invalid access token, does not contain scopes:[imgroup:write:admin].';
const MISSING = 'A group with this groupId: g1 does not exist.';

type Row = readonly [title: string, exchange: Exchange, call: Call, expected: string];

const rows: readonly Row[] = [
  // Zoom's API reference: POST /im/groups answers 201, PATCH and DELETE 204.
  ['201', answer(201, { id: 'g1' }), create, 'success'],
  ['201 cut short', answer(201, '{"id":"g', {}, false), create, 'success, incomplete'],
  ['201 that is no JSON', answer(201, 'OK'), create, 'success, incomplete'],
  ['201 with a page of HTML', answer(201, html), create, 'success, incomplete'],
  ['201 with an empty body', answer(201, ''), create, 'success, incomplete'],
  ['201 with code 0', answer(201, { code: 0, id: 'g1' }), create, 'success'],
  ['204 to a change', answer(204, ''), change, 'success'],
  ['204 to a delete', answer(204, ''), remove, 'success'],
  ['200 to a list', answer(200, { groups: [] }), list, 'success'],
  // The reference documents the error "Only available for paid account" under HTTP 200.
  ['200 with code 200', answer(200, zoom(200, PAID)), create, 'fatal: paid-plan, exit 3'],
  ['200 with code 200 as a text', answer(200, zoom('200', PAID)), create, 'fatal: paid-plan, exit 3'],
  ['400 with code 200', answer(400, zoom(200, PAID)), create, 'fatal: paid-plan, exit 3'],
  ['201 with code 200', answer(201, zoom(200, PAID)), create, 'fatal: paid-plan, exit 3'],
  ['200 with code 200 to a list', answer(200, zoom(200, PAID)), list, 'fatal: paid-plan, exit 3'],
  ['200 without permission', answer(200, zoom(200, 'No permission.')), create, 'fatal: permission, exit 3'],
  ['400 without permission', answer(400, zoom(200, 'No permission.')), create, 'fatal: permission, exit 3'],
  [
    '201 with another code for it',
    answer(201, zoom(1, 'No permission.')),
    create,
    'fatal: permission, exit 3',
  ],
  ['200 with code 200 in other words', answer(200, zoom(200, 'No.')), list, 'rejected'],
  ['201 with code 201', answer(201, { code: 201, id: 'g1' }), create, 'success'],
  [
    '201 with those words and no code',
    answer(201, { message: 'Paid, permission given.' }),
    create,
    'success',
  ],
  ['400 with another code and those words', answer(400, zoom(1010, 'Bad field: paid.')), create, 'rejected'],
  ...['paid', 'permission'].map(
    (word): Row => [`200 that repeats the name "${word}"`, answer(200, zoom(300, word)), create, 'rejected'],
  ),
  ['201 with another code', answer(201, zoom(300, 'Validation Failed.')), create, 'rejected'],
  ['200 with another code', answer(200, zoom(300, 'No.')), create, 'rejected'],
  ['204 with a code', answer(204, zoom(300, 'No.')), change, 'rejected'],
  ['200 to a create', answer(200, { id: 'g1' }), create, 'transient, 1 attempts, ambiguous'],
  ['200 to a create, with a page', answer(200, html), create, 'transient, 1 attempts, ambiguous'],
  ['202', answer(202, ''), create, 'transient, 1 attempts, ambiguous'],
  ['200 to a delete', answer(200, ''), remove, 'transient, 1 attempts, ambiguous'],
  ['a list that is cut short', answer(200, '{"groups":[', {}, false), list, 'transient, 3 attempts'],
  ['a list that is a page of HTML', answer(200, html), list, 'transient, 3 attempts'],
  ['a list that is too long', { ...answer(200, '', {}, false), tooLong: 1024 ** 3 }, list, 'rejected'],
  // Code 300 is Zoom's for validation.
  [
    '400 with a field error',
    answer(400, { ...zoom(300, 'Validation Failed.'), errors: [{ field: 'type', message: 'Invalid.' }] }),
    create,
    'rejected',
  ],
  ['400 that names no field', answer(400, zoom(300, 'Validation Failed.')), create, 'rejected, body format'],
  ['400 without a body', answer(400, ''), createJson, 'rejected, body format'],
  [
    '400 that misses a field that was sent',
    answer(400, zoom(300, 'Missing field: name')),
    create,
    'rejected, body format',
  ],
  ['400 that misses another field', answer(400, zoom(300, 'Missing field: owner')), create, 'rejected'],
  ['400 to a delete', answer(400, zoom(300, 'No.')), remove, 'rejected'],
  ['413', answer(413, html), create, 'rejected'],
  ['422', answer(422, ''), create, 'rejected'],
  ['418', answer(418, ''), create, 'rejected'],
  ['415 to a form', answer(415, ''), create, 'rejected, body format'],
  ['415 to JSON', answer(415, ''), createJson, 'fatal: media-type, exit 3'],
  ['408', answer(408, ''), create, 'transient, 3 attempts, ambiguous'],
  // Code 124: invalid or expired token, under 400 or 401.
  ['124 under 401', answer(401, zoom(124, 'Invalid access token.')), create, 'unauthorized'],
  ['124 under 400', answer(400, zoom(124, 'Access token is expired.')), create, 'unauthorized'],
  ['124 as a text', answer(400, zoom('124', 'Access token is expired.')), create, 'unauthorized'],
  ['124 as errorCode', answer(400, { status: false, errorCode: 124 }), create, 'unauthorized'],
  ['401 in another form', answer(401, { status: false, errorCode: 401 }), create, 'unauthorized'],
  ['401 without a body', answer(401, ''), create, 'unauthorized'],
  // Codes 4711, 4700 and 201: a scope is missing (developer forum).
  ...[400, 401, 403, 200].map(
    (status): Row => [
      `4711 under ${status}`,
      answer(status, zoom(4711, LACKS)),
      create,
      'fatal: scope-missing, exit 3',
    ],
  ),
  ['the words under 401 with 124', answer(401, zoom(124, LACKS)), create, 'fatal: scope-missing, exit 3'],
  ['the words without a code', answer(400, { message: LACKS }), list, 'fatal: scope-missing, exit 3'],
  ['4700', answer(400, zoom(4700, 'no')), create, 'fatal: scope-missing, exit 3'],
  ['4711 in other words', answer(400, zoom(4711, 'no')), create, 'fatal: scope-missing, exit 3'],
  ...[400, 401, 403].map(
    (status): Row => [
      `201 as a code of ${status}`,
      answer(status, zoom(201, 'no')),
      create,
      'fatal: scope-missing, exit 3',
    ],
  ),
  ...(
    [
      [400, 300, 'rejected'],
      [404, 4130, 'not-found'],
      [409, 4132, 'conflict'],
    ] as const
  ).map(
    ([status, code, expected]): Row => [
      `${code} that repeats a name with the words`,
      answer(status, zoom(code, 'Bad field: does not contain scopes.')),
      create,
      expected,
    ],
  ),
  ['403', answer(403, ''), create, 'fatal: permission, exit 3'],
  ['403 of a firewall', answer(403, html), create, 'transient, 2 attempts'],
  // 4130: the group does not exist; the reference lists it under 404.
  ['404 with 4130', answer(404, zoom(4130, 'Group does not exist:x.')), remove, 'not-found'],
  ['404 with another body', answer(404, html), create, 'fatal: wrong-base-url, exit 3'],
  ['404 without a body', answer(404, ''), list, 'fatal: wrong-base-url, exit 3'],
  // Contact groups report a missing group as 400 with 300.
  ['400/300 "does not exist"', answer(400, zoom(300, MISSING)), contactGet, 'not-found'],
  ['the same of an IM group', answer(400, zoom(300, MISSING)), remove, 'rejected'],
  ['the same under 422', answer(422, zoom(300, MISSING)), contactGet, 'rejected'],
  ['the same with another code', answer(400, zoom(1010, MISSING)), contactGet, 'rejected'],
  ['300', answer(300, ''), create, 'fatal: redirect, exit 3'],
  ['301', answer(301, '', { location: 'https://elsewhere.example/' }), create, 'fatal: redirect, exit 3'],
  ['302', answer(302, ''), create, 'fatal: redirect, exit 3'],
  ['307', answer(307, '', { location: '//[' }), create, 'fatal: redirect, exit 3'],
  ['405', answer(405, html), create, 'fatal: method, exit 3'],
  // 4137: "The IM Group APIs are no longer available."
  ['410', answer(410, zoom(4137, 'gone')), list, 'fatal: api-gone, exit 3'],
  ['410 without a body', answer(410, ''), create, 'fatal: api-gone, exit 3'],
  ['4137 under 400', answer(400, zoom(4137, 'gone')), create, 'fatal: api-gone, exit 3'],
  // 4132: "Group name … is already in use."; Zoom's Postman collection has a 409 without a body.
  ['409 with 4132', answer(409, zoom(4132, 'Group name x is already in use.')), create, 'conflict'],
  ['409 with 4132 in other words', answer(409, zoom(4132, 'Duplicate name.')), create, 'conflict'],
  ['409 without code and body', answer(409, ''), create, 'conflict'],
  ['409 with an empty object', answer(409, '{}'), create, 'conflict'],
  ['409 with words only', answer(409, { message: 'This name is in use.' }), contactCreate, 'conflict'],
  ['409 with another code', answer(409, zoom(1009, 'Conflict.')), create, 'transient, 3 attempts, ambiguous'],
  ['409 with a page of HTML', answer(409, '<html>in use</html>'), create, 'transient, 3 attempts, ambiguous'],
  ['409 with text', answer(409, 'in use'), create, 'transient, 3 attempts, ambiguous'],
  // Page tokens expire after 15 minutes: 400 with 300.
  [
    'an expired page token',
    answer(400, zoom(300, 'The next page token is invalid or expired.')),
    nextPage,
    'rejected, expired page token',
  ],
  [
    'an expired page token in other words',
    answer(400, zoom(300, 'Invalid.')),
    nextPage,
    'rejected, expired page token',
  ],
  [
    'an expired page token with another code',
    answer(400, zoom(1, 'next_page_token is expired')),
    nextPage,
    'rejected, expired page token',
  ],
  ['400 to a page with another code', answer(400, zoom(1, 'No.')), nextPage, 'rejected'],
  ['500', answer(500, zoom(500, 'oh')), create, 'transient, 3 attempts, ambiguous'],
  ['500 without a body', answer(500, ''), create, 'transient, 3 attempts, ambiguous'],
  ['502', answer(502, html), create, 'transient, 3 attempts, ambiguous'],
  ['504', answer(504, ''), create, 'transient, 3 attempts, ambiguous'],
  ['520', answer(520, html), create, 'transient, 3 attempts, ambiguous'],
  ['503', answer(503, ''), create, 'transient, 5 attempts, ambiguous'],
  ['503 to a list', answer(503, ''), list, 'transient, 5 attempts'],
  ['400 with a page of HTML', answer(400, html), create, 'transient, 3 attempts, ambiguous'],
  [
    '429',
    answer(429, zoom(429, 'You have reached the maximum per-second rate limit for this API.')),
    create,
    'rate-limited',
  ],
  ['429 with a page of HTML', answer(429, html), create, 'rate-limited'],
  ['429 of a day', answer(429, '', { 'x-ratelimit-type': 'Daily-limit' }), create, 'quota-exceeded'],
];

describe('a response', () => {
  test.each(rows)('%s', (_, exchange, call, expected) => {
    expect(summarize(classify(exchange, call))).toBe(expected);
  });

  test('404 without a code is refused, once any call was accepted', () => {
    expect(summarize(classify(answer(404, html), create, { accepted: true }))).toBe('rejected');
    expect(summarize(classify(answer(404, zoom(4130, 'x')), create, { accepted: true }))).toBe('not-found');
  });

  test('403 of a firewall ends the run the second time', () => {
    expect(summarize(classify(answer(403, html), create, { deniedBefore: true }))).toBe(
      'fatal: permission, exit 3',
    );
  });

  test('that stops the run has a message and a hint of one line each', () => {
    for (const [title, exchange, call] of rows) {
      const reply = classify(exchange, call);
      if (reply.type !== 'fatal') continue;
      for (const text of [reply.stop.message, reply.stop.hint]) {
        expect(text.length, title).toBeGreaterThan(10);
        expect(text, title).not.toContain('\n');
      }
    }
  });

  test('about a missing scope lists those of the message and those of the command', () => {
    const reply = classify(answer(400, zoom(4711, 'does not contain scopes:[a:b, c:d]')));
    if (reply.type !== 'fatal') throw new Error('not fatal');
    for (const scope of ['a:b', 'c:d', ...context.scopes]) expect(reply.stop.hint).toContain(scope);
  });

  test('about a retired API names the option that helps', () => {
    expect(classify(answer(410, ''))).toHaveProperty('stop.hint', expect.stringContaining('--api contacts'));
    expect(classify(answer(410, ''), contactGet)).toHaveProperty(
      'stop.hint',
      expect.not.stringContaining('--api'),
    );
  });

  test('that was too long says so', () => {
    const reply = classify({ ...answer(200, '', {}, false), tooLong: 16 * 1024 ** 2 }, list);
    expect(reply.message).toBe('the response is longer than 16 MiB');
  });

  test('that cannot be read says so, and one that can says what it is', () => {
    const messageOf = (exchange: Exchange, call = create) => classify(exchange, call).message;
    const unreadable = 'HTTP 200, but the response is cut short or not JSON';
    expect(messageOf(answer(200, '{"groups":[', {}, false), list)).toBe(unreadable);
    expect(messageOf(answer(200, 'OK'), list)).toBe(unreadable);
    expect(messageOf(answer(200, { groups: [] }, {}, false), list)).toBe(unreadable);
    expect(messageOf(answer(200, html), list)).toBe("HTTP 200, with a web page instead of Zoom's JSON");
    expect(messageOf(answer(202, { message: 'Accepted.' }))).toBe('Accepted.');
  });

  test('that redirects says where to, if it names a host', () => {
    const to = (location: string) => classify(answer(302, '', { location }));
    expect(to('https://login.example/x')).toHaveProperty(
      'stop.message',
      'the API address redirects to login.example (HTTP 302)',
    );
    for (const location of ['', '/login', 'mailto:admin@example.com']) {
      expect(to(location)).toHaveProperty(
        'stop.message',
        'the API address redirects to another address (HTTP 302)',
      );
    }
  });

  test('has the id that older documentation puts into Content-Location', () => {
    const at = (location: string) => classify(answer(201, {}, { 'content-location': location }));
    expect(at('https://api.zoom.us/v2/im/groups/g%2D2?x')).toHaveProperty('locationId', 'g-2');
    expect(at('/im/groups/%zz')).toHaveProperty('locationId', '%zz');
    expect(at('/im/groups')).not.toHaveProperty('locationId');
  });
});

describe('no response', () => {
  const silence = { type: 'unanswered', code: 'ECONNRESET', message: 'read ECONNRESET', tls: false } as const;

  test('may mean that a write took effect, but only if the request had begun to leave', () => {
    expect(summarize(classify({ ...silence, sent: true }))).toBe('transient, 3 attempts, ambiguous');
    expect(summarize(classify({ ...silence, sent: true }, list))).toBe('transient, 3 attempts');
    expect(summarize(classify({ ...silence, sent: false }))).toBe('transient, 5 attempts');
  });

  test('says why, with the error code once', () => {
    const messageOf = (code: string, message: string) =>
      classify({ ...silence, code, message, sent: true }).message;
    expect(messageOf('ECONNRESET', 'read ECONNRESET')).toBe('read ECONNRESET');
    expect(messageOf('UND_ERR_SOCKET', 'other side closed')).toBe('other side closed (UND_ERR_SOCKET)');
    expect(messageOf('', 'no answer')).toBe('no answer');
  });

  test('because of a certificate stops the run and names NODE_EXTRA_CA_CERTS', () => {
    const code = 'SELF_SIGNED_CERT_IN_CHAIN';
    const reply = classify({
      type: 'unanswered',
      sent: false,
      code,
      message: 'self-signed certificate',
      tls: true,
    });
    expect(reply).toMatchObject({
      type: 'fatal',
      stop: {
        exit: 3,
        reason: 'tls',
        message: expect.stringContaining(code),
        hint: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
      },
    });
  });
});

describe('Retry-After', () => {
  // The response's clock is five seconds behind ours, and an instant is read against the response's.
  const date = 'Tue, 01 Jan 2030 11:59:55 GMT';
  const wait = (value: string) => {
    const reply = classify(answer(503, '', { 'retry-after': value, date }));
    return reply.type === 'transient' ? reply.waitMs : 'not transient';
  };

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
    // No wait is longer than a day.
    ['99999999999999', 86_400_000],
    ['9'.repeat(400), 86_400_000],
    ['9999-01-01T00:00:00Z', 86_400_000],
    ['-5', undefined],
    ['3, 3', undefined],
    ['soon', undefined],
    ['', undefined],
  ])('%j is a wait of %j ms', (value, waitMs) => {
    expect(wait(value)).toBe(waitMs);
  });
});

describe('a 429', () => {
  const classify429 = (headers: Record<string, string>, message = 'x') =>
    classify(answer(429, zoom(429, message), headers));
  const midnight = Date.UTC(2030, 0, 2);

  test('is daily by its header, by a wait beyond two minutes, or by its words', () => {
    // Zoom's documentation: "X-RateLimit-Type: Daily-limit" with an ISO instant; the words were seen by users.
    expect(classify429({ 'x-ratelimit-type': 'Daily-limit' })).toMatchObject({ resetsAt: midnight });
    expect(classify429({ 'retry-after': '2030-01-02T00:00:00Z' })).toMatchObject({ resetsAt: midnight });
    expect(classify429({}, 'You have exceeded the daily rate limit (6000)')).toMatchObject({
      resetsAt: midnight,
    });
    expect(classify429({ 'retry-after': '121' })).toMatchObject({
      type: 'quota-exceeded',
      resetsAt: NOW + 121_000,
    });
    expect(classify429({ 'retry-after': '120' })).toMatchObject({ type: 'rate-limited', waitMs: 120_000 });
  });

  test('with an absurd wait still resets at a time that a date can show', () => {
    const reply = classify429({ 'retry-after': '99999999999999' });
    if (reply.type !== 'quota-exceeded') throw new Error('not daily');
    expect(() => new Date(reply.resetsAt).toISOString()).not.toThrow();
  });
});

describe('the metadata of a response', () => {
  test('is Zoom’s code, message, fields and tracking id', () => {
    const errors = [{ field: 'type', message: 'Invalid field.' }];
    const exchange = answer(
      400,
      { ...zoom(300, 'Validation Failed.'), errors },
      { 'x-zm-trackingid': 'v=2.0;rid=1' },
    );
    expect(classify(exchange)).toMatchObject({
      httpStatus: 400,
      code: 300,
      message: 'Validation Failed. type: Invalid field.',
      trackingId: 'v=2.0;rid=1',
    });
  });

  test('has no secret, no control or bidi character, and is one short line', () => {
    const message = `Bad: Bearer abc.def\nBasic Zm9v\u202e\u001b[31ms3cr\u200b3t-token and s3cr3t-token ${'x'.repeat(2_000)}`;
    const reply = classify(answer(400, zoom(300, message), { 'x-zm-trackingid': 's3cr3t-token' }));
    expect(reply.message).not.toMatch(/s3cr3t|abc\.def|Zm9v|[\p{Cc}\p{Bidi_Control}\u200b]/u);
    expect(reply.message.length).toBeLessThanOrEqual(500);
    expect(reply.trackingId).not.toContain('s3cr3t');
  });

  test('of a list is not affected by what its groups are called', () => {
    expect(summarize(classify(answer(200, { groups: [{ name: LACKS }] }), list))).toBe('success');
  });
});

describe('any bytes', () => {
  const headers = fc.dictionary(
    fc.constantFrom(
      'retry-after',
      'date',
      'content-type',
      'content-location',
      'location',
      'x-ratelimit-type',
      'x-zm-trackingid',
    ),
    fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.integer().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    ),
  );
  const zoomLike = fc
    .record(
      {
        code: fc.oneof(
          fc.constantFrom<unknown>(124, 200, 300, 4130, 4132, 4137, 4711, '4711'),
          fc.anything(),
        ),
        message: fc.oneof(fc.string({ unit: 'binary' }), fc.anything()),
        errors: fc.oneof(fc.array(fc.anything()), fc.anything()),
      },
      { requiredKeys: [] },
    )
    .map(
      (value) =>
        JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) ??
        '',
    );
  const body = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), zoomLike, fc.constant('['.repeat(100_000)));
  const call = fc.constantFrom(create, createJson, change, remove, list, nextPage, contactGet, contactCreate);

  test('mean exactly one thing, and nothing throws', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 999 }),
        headers,
        body,
        fc.boolean(),
        call,
        fc.boolean(),
        (status, given, text, complete, of, accepted) => {
          const exchange = { type: 'answered', status, headers: given, body: text, complete } as const;
          const reply = classify(exchange, of, { accepted });
          expect(summarize(reply)).toBeTypeOf('string');
          expect(reply.message.length).toBeLessThanOrEqual(500);
          expect(reply.message).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Cs}]/u);
          if (reply.type === 'quota-exceeded') new Date(reply.resetsAt).toISOString();
          if (status === of.success && status !== 200 && text === '') expect(reply.type).toBe('success');
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
