/** The one table from an exchange to a reply: what each answer of Zoom's means, for every call of either API. */

import type { Reply, ResponseMetadata } from '../model/reply.js';
import { EXIT, type Stop } from '../model/stop.js';
import type { Redact } from '../text/redact.js';
import type { Exchange } from './http-client.js';
import { type Answered, bodyOf, factsOf, shown } from './response-body.js';
import { limitOf, waitOf } from './retry-after.js';

/** What an exchange was about, as far as its meaning depends on it. */
export type Call = {
  /** The status that means it is done. */
  readonly done: 200 | 201 | 204;
  /** Ends with the id of a created group, where the body has one. */
  readonly idOf: (body: Readonly<Record<string, unknown>>) => unknown;
  /** The other request body, for a refusal of this one. */
  readonly otherBody: string;
  /** Takes secrets out of messages, should Zoom echo them. */
  readonly scrub: Redact;
  /** Whether a refused token can be replaced. */
  readonly renewable: () => boolean;
  readonly nowMs: number;
};

/** An answer with its body read: Zoom's code and message, wherever they stand. */
type Read = {
  readonly answer: Answered;
  readonly call: Call;
  readonly body: Readonly<Record<string, unknown>>;
  readonly facts: ResponseMetadata & { readonly http: number };
};

type Row = { readonly when: (read: Read) => boolean; readonly reply: (read: Read) => Reply };

const status =
  (...statuses: readonly number[]) =>
  ({ answer }: Read): boolean =>
    statuses.includes(answer.status);
const code =
  (...codes: readonly number[]) =>
  ({ facts }: Read): boolean =>
    facts.code !== undefined && codes.includes(facts.code);

/** In order: the first row that fits is what the answer means. Codes are Zoom's, from its API reference. */
const TABLE: readonly Row[] = [
  { when: ({ answer, call }) => answer.status === call.done && answer.status !== 200, reply: done },
  { when: status(429), reply: limited },
  // 124: the token is invalid or expired. Other 401s are about the token too, whatever their body looks like.
  { when: (read) => code(124)(read) || status(401)(read), reply: tokenRefused },
  {
    when: (read) => code(4711, 4700)(read) || (code(201)(read) && status(400, 403)(read)),
    reply: blocked(scopeMissing),
  },
  { when: (read) => status(410)(read) || code(4137)(read), reply: blocked(apiGone) },
  { when: code(4132), reply: as('taken') },
  { when: code(4130), reply: as('absent') },
  { when: status(409), reply: as('taken') },
  // The documented error under HTTP 200: "Only available for paid account". It is never a success.
  { when: (read) => code(200)(read) && /paid/i.test(read.facts.message), reply: blocked(paidPlan) },
  { when: (read) => code(200)(read) && /permission/i.test(read.facts.message), reply: blocked(permission) },
  { when: status(403), reply: blocked(permission) },
  { when: ({ answer, call, facts }) => answer.status === call.done && facts.code === undefined, reply: done },
  { when: ({ answer }) => answer.status >= 300 && answer.status < 400, reply: blocked(redirect) },
  { when: status(404), reply: blocked(wrongBaseUrl) },
  { when: status(405), reply: blocked(method) },
  { when: status(415), reply: blocked(mediaType) },
  { when: status(408), reply: trouble('short') },
  { when: status(503), reply: trouble('long') },
  { when: ({ answer }) => answer.status >= 500, reply: trouble('short') },
  // Neither a yes nor a no: Zoom documents no such answer.
  { when: ({ answer, facts }) => answer.status < 300 && facts.code === undefined, reply: unclear },
  { when: () => true, reply: as('refused') },
];

/** What an exchange means. Every exchange means exactly one thing. */
export function replyOf(exchange: Exchange, call: Call): Reply {
  if (exchange.kind === 'unanswered') return unansweredReply(exchange, call);
  const body = bodyOf(exchange.body);
  const read: Read = { answer: exchange, call, body, facts: factsOf(exchange, body, call.scrub) };
  const row = TABLE.find(({ when }) => when(read));
  if (!row) throw new Error('the table of answers has no last row');
  return row.reply(read);
}

function unansweredReply(exchange: Extract<Exchange, { kind: 'unanswered' }>, call: Call): Reply {
  const { sent, code: errorCode, message, tls } = exchange;
  const said = shown([errorCode, message].filter((part) => part !== '').join(': '), call.scrub);
  if (tls) return { kind: 'blocked', message: said, stop: tlsRefused(said) };
  return { kind: 'trouble', ambiguous: sent, patience: sent ? 'short' : 'long', message: said };
}

/** 201 is done even where its body is cut short or no JSON: only the id is missing then. */
function done({ answer, body, call, facts }: Read): Reply {
  const id = call.idOf(body);
  const groupId = typeof id === 'string' && id !== '' ? id : locationId(answer.headers['content-location']);
  const { code: _, ...rest } = facts;
  return { kind: 'done', ...rest, message: '', ...(groupId === undefined ? {} : { groupId }) };
}

/** Older docs show the new group's address here. */
function locationId(location: string | undefined): string | undefined {
  const last = location?.split(/[?#]/, 1)[0]?.split('/').at(-1);
  if (last === undefined || last === '' || last === 'groups') return undefined;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

function as(kind: 'taken' | 'absent' | 'refused'): Row['reply'] {
  return ({ facts }) => ({ kind, ...facts });
}

function unclear({ facts }: Read): Reply {
  return { kind: 'refused', ambiguous: true, ...facts };
}

function limited({ answer, facts, call }: Read): Reply {
  return { kind: 'limited', ...facts, ...limitOf(answer.headers, facts.message, call.nowMs) };
}

function tokenRefused({ facts, call }: Read): Reply {
  if (call.renewable()) return { kind: 'token', ...facts };
  const message = `Zoom refused the access token: ${facts.message}`;
  const hint =
    'Get a new one (they live an hour), or give the credentials of a Server-to-Server OAuth app instead.';
  return { kind: 'blocked', ...facts, stop: stop('token-refused', message, hint) };
}

function trouble(patience: 'short' | 'long'): Row['reply'] {
  return ({ answer, facts, call }) => {
    const waitMs = waitOf(answer.headers, call.nowMs);
    return {
      kind: 'trouble',
      ambiguous: true,
      patience,
      ...facts,
      ...(waitMs === undefined ? {} : { waitMs }),
    };
  };
}

function blocked(stopFor: (read: Read) => Stop): Row['reply'] {
  return (read) => ({ kind: 'blocked', ...read.facts, stop: stopFor(read) });
}

function stop(reason: string, message: string, hint: string): Stop {
  return { exit: EXIT.actionRequired, reason, message, hint };
}

function scopeMissing({ facts }: Read): Stop {
  const hint =
    'Add the scopes that the message names to the app (imgroup:write:admin, or the granular contact_group:write:group:admin), then use a new token.';
  return stop('scope-missing', `the app lacks a scope: ${facts.message}`, hint);
}

function apiGone({ facts }: Read): Stop {
  const hint =
    'Zoom has withdrawn the IM-group calls for this account: use their successor with --api contacts.';
  return stop('api-gone', `the IM-group calls are not to be had: ${facts.message}`, hint);
}

function paidPlan({ facts }: Read): Stop {
  return stop(
    'paid-plan',
    `Zoom asks for a paid plan: ${facts.message}`,
    'Use the credentials of a paid account, or upgrade this one.',
  );
}

function permission({ facts }: Read): Stop {
  const hint = 'Give the app, or the role of the user who made it, the right to edit groups.';
  return stop('permission', `Zoom does not permit it (HTTP ${facts.http}): ${facts.message}`, hint);
}

function redirect({ answer, facts, call }: Read): Stop {
  const to = answer.headers.location ?? '';
  const host = URL.canParse(to) ? shown(new URL(to).host, call.scrub) : 'elsewhere';
  const hint = 'It was not followed: the token is for one address only. Set ZOOM_BASE_URL to the right one.';
  return stop('redirect', `Zoom's address answered with a redirect to ${host} (HTTP ${facts.http})`, hint);
}

function wrongBaseUrl({ facts }: Read): Stop {
  const hint =
    'Check ZOOM_BASE_URL: it is https://api.zoom.us/v2, or https://api.zoomgov.com/v2 for government accounts.';
  return stop('wrong-base-url', `there is no such call at this address (HTTP 404): ${facts.message}`, hint);
}

function method({ facts }: Read): Stop {
  return stop(
    'method',
    `this address does not take the call (HTTP 405): ${facts.message}`,
    'Check ZOOM_BASE_URL.',
  );
}

function mediaType({ facts, call }: Read): Stop {
  return stop(
    'media-type',
    `Zoom does not take this kind of request body (HTTP 415): ${facts.message}`,
    `Try ${call.otherBody}.`,
  );
}

function tlsRefused(message: string): Stop {
  const hint =
    "If a proxy of your company re-signs traffic, name its certificate in NODE_EXTRA_CA_CERTS; don't switch the check off.";
  return stop('tls', `no trusted connection to Zoom: ${message}`, hint);
}
