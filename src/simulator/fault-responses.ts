/** Answers that say no although nothing is wrong with the request: what a limit or a fault makes of it. */
import { type Answer, problem } from './answer.js';
import type { Label } from './rate-limits.js';

/** Zoom writes the category with a capital. */
function category(label: Label): string {
  return label.charAt(0).toUpperCase() + label.slice(1);
}

/** The per-second 429; Retry-After is seldom there, so it is not. */
export function tooFast(label: Label, perSecond: number): Answer {
  const message = 'You have reached the maximum per-second rate limit for this API. Try again later.';
  const headers = {
    'X-RateLimit-Category': category(label),
    'X-RateLimit-Type': 'QPS',
    'X-RateLimit-Limit': String(perSecond),
    'X-RateLimit-Remaining': '0',
  };
  return { ...problem(429, 429, message), headers };
}

/**
 * The daily 429. Its Retry-After is an instant, not seconds. A bare one, as it was seen, has no such headers.
 * @param perDay may be infinite, @param now ms since 1970
 */
export function daySpent(label: Label, perDay: number, now: number, isBare: boolean): Answer {
  const limit = Number.isFinite(perDay) ? ` (${perDay})` : '';
  const message = `You have exceeded the daily rate limit${limit} of ${category(label)} API requests permitted for this account. You may resume these requests at GMT 00:00:00.`;
  const headers = {
    'X-RateLimit-Category': category(label),
    'X-RateLimit-Type': 'Daily-limit',
    ...(Number.isFinite(perDay) ? { 'X-RateLimit-Limit': String(perDay) } : {}),
    'X-RateLimit-Remaining': '0',
    'Retry-After': new Date(new Date(now).setUTCHours(24, 0, 0, 0)).toISOString().replace('.000', ''),
  };
  return { ...problem(429, 429, message), ...(isBare ? {} : { headers }) };
}

/** What an answer may echo of its request. */
export type Echoed = {
  readonly host: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly isIm: boolean;
};

function withoutScope(scopes: string): Answer {
  return problem(400, 4711, `Invalid access token, does not contain scopes:[${scopes}].`);
}

/** Faults whose request takes no effect, by kind. */
export const REFUSING: Readonly<Record<string, (request: Echoed) => Answer>> = {
  '503': () => ({ ...problem(503, 503, 'Service Unavailable'), headers: { 'Retry-After': '1' } }),
  '401': () => problem(401, 124, 'Invalid access token.'),
  '400': () => problem(400, 300, 'Validation Failed.', [{ field: 'type', message: 'Invalid field.' }]),
  '403': () => problem(403, 403, 'Forbidden'),
  paid: () => problem(200, 200, 'Only available for paid account:kV2mTq8aQbO.'),
  scope: ({ isIm }) =>
    withoutScope(`${isIm ? 'imgroup' : 'contact_group'}:write:admin, contact_group:write:group:admin`),
  'no-list': ({ isIm }) => withoutScope(`${isIm ? 'imgroup' : 'contact_group'}:read:admin`),
  gone: () => problem(410, 4137, 'The IM Group APIs are no longer available.'),
  redirect: ({ host, path }) => ({
    status: 302,
    headers: { Location: `http://${host.replace('127.0.0.1', 'localhost')}${path}` },
  }),
  'echo-secret': ({ authorization }) => problem(400, 300, `Bad header: ${authorization}`),
};

/** Faults whose request may have taken effect, by kind. */
export const UPSET: Readonly<Record<string, Answer>> = {
  '500': problem(500, 500, 'Internal Server Error'),
  'empty-500': { status: 500 },
  '502': { status: 502, body: '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>' },
};
