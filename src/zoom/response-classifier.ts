/** The one table from an exchange to a reply: what each response of Zoom means, for every call of either API. */
import type { Call } from '../model/call.js';
import type { Reply, ResponseMetadata } from '../model/reply.js';
import type { Stop } from '../model/stop.js';
import { classifyRateLimit } from '../resilience/daily-quota.js';
import type { Redact } from '../text/redact.js';
import type { Answered, Exchange, Unanswered } from './http-client.js';
import { describeResponse, fieldErrors, parseBody, type ResponseBody, toLine } from './response-body.js';
import {
  apiGone,
  noPermission,
  paidPlan,
  redirected,
  scopeMissing,
  tlsFailed,
  wrongBaseUrl,
  wrongMediaType,
  wrongMethod,
} from './response-stops.js';
import { parseRetryAfter } from './retry-after.js';

/** What a response's meaning depends on besides itself and its call. */
export type ClassifyContext = {
  /** Whether Zoom accepted any call before: then the address is right. */
  readonly accepted: boolean;
  /** Whether this very call was denied by a page of HTML before. */
  readonly deniedBefore: boolean;
  /** Those that the command needs, for the hint. */
  readonly scopes: readonly string[];
  /** ms since 1970. */
  readonly wallNow: number;
  readonly redact: Redact;
};

type Response = {
  readonly status: number;
  readonly answer: Answered;
  readonly body: ResponseBody;
  readonly metadata: ResponseMetadata & { readonly httpStatus: number };
  readonly call: Call;
  readonly context: ClassifyContext;
};

type Row = { readonly when: (response: Response) => boolean; readonly reply: (response: Response) => Reply };

const is2xx = ({ status }: Response): boolean => status >= 200 && status < 300;
const is4xx = ({ status }: Response): boolean => status >= 400 && status < 500;
const hasStatus =
  (...statuses: readonly number[]) =>
  ({ status }: Response): boolean =>
    statuses.includes(status);
const hasCode =
  (...codes: readonly number[]) =>
  ({ metadata: { code } }: Response): boolean =>
    code !== undefined && codes.includes(code);
const isContacts = ({ call }: Response): boolean => call.path.startsWith('/contacts/');

/**
 * In order: the first row that fits is what the response means. Codes and texts are Zoom's, from its API reference and
 * its developer forum.
 */
const TABLE: readonly Row[] = [
  { when: lacksScope, reply: fatal(({ metadata, context }) => scopeMissing(metadata, context.scopes)) },
  { when: hasStatus(429), reply: rateLimited },
  // 124: the token is invalid or expired. Every other 401 is about the token too, whatever its body looks like.
  { when: (r) => hasStatus(401)(r) || (hasStatus(400)(r) && hasCode(124)(r)), reply: plain('unauthorized') },
  { when: refusesAccount(/\bpaid\b/i), reply: fatal(({ metadata }) => paidPlan(metadata)) },
  {
    when: refusesAccount(/\bpermission/i),
    reply: fatal(({ metadata, body }) => noPermission(metadata, body.isHtml)),
  },
  // "Only available for paid account" comes as code 200 under HTTP 200; no code there means success.
  { when: (r) => is2xx(r) && hasErrorCode(r), reply: plain('rejected') },
  { when: isSuccess, reply: success },
  { when: ({ answer, ...r }) => r.status === 200 && answer.tooLong !== undefined, reply: tooLong },
  // It says neither yes nor no. A write may have taken effect; a read is sent again.
  { when: is2xx, reply: unreadable },
  {
    when: (r) => hasStatus(410)(r) || hasCode(4137)(r),
    reply: fatal((r) => apiGone(r.metadata, isContacts(r))),
  },
  { when: ({ status }) => status >= 300 && status < 400, reply: fatal(explainRedirect) },
  { when: (r) => is4xx(r) && hasCode(4132)(r), reply: plain('conflict') },
  { when: (r) => is4xx(r) && hasCode(4130)(r), reply: plain('not-found') },
  { when: (r) => hasStatus(409)(r) && saysNameInUse(r), reply: plain('conflict') },
  { when: hasStatus(409), reply: (r) => transient(r, 3) },
  // A page of HTML was written by a proxy or firewall, which may let the next request pass.
  { when: (r) => hasStatus(403)(r) && r.body.isHtml && !r.context.deniedBefore, reply: deniedByProxy },
  { when: hasStatus(403), reply: fatal(({ metadata, body }) => noPermission(metadata, body.isHtml)) },
  {
    when: (r) => hasStatus(404)(r) && !r.context.accepted,
    reply: fatal(({ metadata }) => wrongBaseUrl(metadata)),
  },
  { when: hasStatus(404), reply: plain('rejected') },
  { when: hasStatus(405), reply: fatal(({ metadata }) => wrongMethod(metadata)) },
  { when: hasStatus(408), reply: (r) => transient(r, 3) },
  { when: (r) => hasStatus(415)(r) && r.call.body?.type === 'form', reply: bodyFormatRefused },
  { when: hasStatus(415), reply: fatal(({ metadata }) => wrongMediaType(metadata)) },
  {
    when: isExpiredPageToken,
    reply: ({ metadata }) => ({ type: 'rejected', ...metadata, expiredPageToken: true }),
  },
  { when: isMissingContactGroup, reply: plain('not-found') },
  { when: hasStatus(413, 422), reply: plain('rejected') },
  { when: (r) => r.body.isHtml && is4xx(r), reply: (r) => transient(r, 3) },
  { when: (r) => hasStatus(400)(r) && mayRefuseBodyFormat(r), reply: bodyFormatRefused },
  { when: is4xx, reply: plain('rejected') },
  { when: hasStatus(503), reply: (r) => transient(r, 5) },
];

/** What an exchange means. Every exchange means exactly one thing, whatever its bytes are. */
export function classifyResponse(exchange: Exchange, call: Call, context: ClassifyContext): Reply {
  if (exchange.type === 'unanswered') return classifySilence(exchange, call, context);
  const body = parseBody(exchange);
  const metadata = describeResponse(exchange, body, context.redact);
  const response: Response = { status: exchange.status, answer: exchange, body, metadata, call, context };
  const row = TABLE.find(({ when }) => when(response));
  return row ? row.reply(response) : transient(response, 3);
}

function classifySilence(exchange: Unanswered, call: Call, { redact }: ClassifyContext): Reply {
  const { sent, tls } = exchange;
  const message = toLine(describeSilence(exchange), redact);
  if (tls) return { type: 'fatal', message, stop: tlsFailed(message) };
  const ambiguous = sent && call.method !== 'GET';
  return {
    type: 'transient',
    ambiguous,
    maxAttempts: sent ? 3 : 5,
    message,
  };
}

/** An error's code is what a search engine knows; most messages contain it already. */
export function describeSilence({ code, message }: Unanswered): string {
  return message.includes(code) ? message : `${message} (${code})`;
}

/** 4711 and 4700 under any status; 201 in refusals; or the words, but not in an error that repeats a group's name. */
function lacksScope(response: Response): boolean {
  if (hasCode(4711, 4700)(response)) return true;
  if (hasCode(201)(response) && hasStatus(400, 401, 403)(response)) return true;
  return /does not contain scopes?\b/i.test(response.metadata.message) && !hasCode(300, 4130, 4132)(response);
}

/** Code 200 is Zoom's for a paid plan or a permission that is missing; any other code must say it under a 2xx. */
function refusesAccount(words: RegExp): Row['when'] {
  return (response) => {
    const mayStop = hasCode(200)(response) || (is2xx(response) && hasErrorCode(response));
    return mayStop && !hasCode(300)(response) && words.test(response.metadata.message);
  };
}

/** A code in a 2xx is an error, 200 above all, unless it is 0 or repeats a status of success. */
function hasErrorCode({ status, metadata: { code } }: Response): boolean {
  return code !== undefined && code !== 0 && (code === 200 || code !== status);
}

function isSuccess({ status, call, answer, body }: Response): boolean {
  if (status !== call.success) return false;
  // A list that is cut short is none; a create is done even if its answer cannot be read.
  return status !== 200 || (answer.complete && body.isObject);
}

function success({ status, metadata, answer, body }: Response): Reply {
  const { code: _, ...rest } = metadata;
  const locationId = lastSegment(answer.headers['content-location']);
  return {
    type: 'success',
    ...rest,
    message: '',
    body: body.fields,
    complete: status === 204 || (answer.complete && body.isObject),
    ...(locationId === undefined ? {} : { locationId }),
  };
}

function lastSegment(location: string | undefined): string | undefined {
  const segment = location?.split(/[?#]/)[0]?.split('/').at(-1);
  if (segment === undefined || segment === '' || segment === 'groups') return undefined;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function tooLong({ metadata, answer }: Response): Reply {
  const mib = Math.floor((answer.tooLong ?? 0) / 1024 ** 2);
  return { type: 'rejected', ...metadata, message: `the response is longer than ${mib} MiB` };
}

/** A 409 without code and body is how Zoom's Postman collection shows a name that is taken. */
function saysNameInUse({ metadata: { code, message }, body }: Response): boolean {
  return (code === undefined && body.isEmpty) || (body.isObject && /\bin use\b/i.test(message));
}

/** Zoom's page tokens expire after 15 minutes; the reference documents 400 with code 300. */
function isExpiredPageToken({ status, metadata: { code, message }, call }: Response): boolean {
  const asksForPage = call.method === 'GET' && call.query?.next_page_token !== undefined;
  return asksForPage && status === 400 && (code === 300 || /next.?page.?token/i.test(message));
}

/**
 * "A group with this groupId: … does not exist.": contact groups are not documented to answer 404 with 4130. Doctor
 * check `missing-group`.
 */
function isMissingContactGroup(response: Response): boolean {
  const isValidation = hasStatus(400)(response) && hasCode(300)(response);
  return isValidation && isContacts(response) && /\bdoes ?n[o']t exist\b/i.test(response.metadata.message);
}

/**
 * Whether a 400 may be about the form of the body: it blames no field, or misses one that was sent and so did not read
 * the body at all.
 */
function mayRefuseBodyFormat({ body, metadata: { message }, call }: Response): boolean {
  if (call.body === undefined) return false;
  const missing = /\bmissing field:?\s*["']?(\w+)/i.exec(message)?.[1];
  if (missing !== undefined) return namesOfFields(call.body).includes(missing);
  return fieldErrors(body.fields).every(({ field }) => field === undefined) && !/\bfield\b/i.test(message);
}

function namesOfFields(body: NonNullable<Call['body']>): readonly string[] {
  return body.type === 'form' ? body.parts.map(([name]) => name) : Object.keys(body.value);
}

function bodyFormatRefused({ metadata }: Response): Reply {
  return { type: 'rejected', ...metadata, bodyFormat: true };
}

function rateLimited({ answer, metadata, context }: Response): Reply {
  const waitMs = parseRetryAfter(answer.headers, context.wallNow);
  const limit = classifyRateLimit(
    { typeHeader: answer.headers['x-ratelimit-type'], message: metadata.message, waitMs },
    context.wallNow,
  );
  return { ...metadata, ...limit };
}

/** @param maxAttempts in all, the first one included */
function transient({ answer, metadata, call, context }: Response, maxAttempts: number): Reply {
  const waitMs = parseRetryAfter(answer.headers, context.wallNow);
  const ambiguous = call.method !== 'GET';
  return {
    type: 'transient',
    ...metadata,
    ambiguous,
    maxAttempts,
    ...(waitMs === undefined ? {} : { waitMs }),
  };
}

function unreadable(response: Response): Reply {
  const { status, call, answer, body } = response;
  const reply = transient(response, call.method === 'GET' ? 3 : 1);
  if (body.isHtml || (answer.complete && body.isObject)) return reply;
  return { ...reply, message: `HTTP ${status}, but the response is cut short or not JSON` };
}

function deniedByProxy({ metadata }: Response): Reply {
  return { type: 'transient', ...metadata, ambiguous: false, maxAttempts: 2 };
}

function plain(type: 'conflict' | 'not-found' | 'rejected' | 'unauthorized'): Row['reply'] {
  return ({ metadata }) => ({ type, ...metadata });
}

function fatal(stopFor: (response: Response) => Stop): Row['reply'] {
  return (response) => ({ type: 'fatal', ...response.metadata, stop: stopFor(response) });
}

function explainRedirect({ answer, metadata, context }: Response): Stop {
  const to = answer.headers.location ?? '';
  const host = URL.canParse(to) ? toLine(new URL(to).host, context.redact) : 'another address';
  return redirected(metadata, host === '' ? 'another address' : host);
}
