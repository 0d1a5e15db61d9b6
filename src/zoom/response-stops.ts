/** What a response that stops the run means, and what the user does next. */
import type { ResponseMetadata } from '../model/reply.js';
import { createStop, type Stop } from '../model/stop.js';

type Response = ResponseMetadata & { readonly httpStatus: number };

/** @param scopes those that the command needs, each with its alternatives in words: `a or b` */
export function scopeMissing({ message }: Response, scopes: readonly string[]): Stop {
  // "Invalid access token, does not contain scopes:[imgroup:write:admin]."
  const listed = /scopes?\s*:?\s*\[([^\]]*)\]/i.exec(message)?.[1] ?? '';
  const named = listed.split(/[\s,]+/).filter((scope) => scope !== '');
  const others = named.filter((scope) => !scopes.some((known) => known.split(' or ').includes(scope)));
  const all = [...scopes, ...(others.length > 0 ? [others.join(' or ')] : [])];
  const list =
    all.length === 0
      ? 'the scopes that the message names'
      : `those of these scopes that it lacks: ${all.join('; ')}`;
  return createStop(
    'scope-missing',
    `the app lacks a scope: ${message}`,
    `At marketplace.zoom.us, add to the app, under Scopes, ${list}. Then run the same command again.`,
  );
}

export function apiGone({ message }: Response, isContacts: boolean): Stop {
  if (isContacts) {
    return createStop(
      'api-gone',
      `Zoom no longer offers the contact group API: ${message}`,
      'Ask Zoom support which API replaces it for this account.',
    );
  }
  return createStop(
    'api-gone',
    `Zoom no longer offers the IM group API on this account: ${message}`,
    'Use its successor, contact groups: run the same command with --api contacts.',
  );
}

export function paidPlan({ message }: Response): Stop {
  return createStop(
    'paid-plan',
    `Zoom requires a paid plan: ${message}`,
    'Use the credentials of a paid account, or upgrade this one.',
  );
}

export function noPermission({ httpStatus, message }: Response, isHtml: boolean): Stop {
  return createStop(
    'permission',
    `access was denied (HTTP ${httpStatus}): ${message}`,
    isHtml
      ? 'A proxy or firewall answered instead of Zoom: ask its administrator to allow this address.'
      : 'Give the app, and the role of the user who created it, permission to edit groups.',
  );
}

export function redirected({ httpStatus }: Response, host: string): Stop {
  return createStop(
    'redirect',
    `the API address redirects to ${host} (HTTP ${httpStatus})`,
    'The redirect was not followed, since the token is for one address only. Set ZOOM_BASE_URL to the right address.',
  );
}

export function wrongBaseUrl({ message }: Response): Stop {
  return createStop(
    'wrong-base-url',
    `there is no such API at this address (HTTP 404): ${message}`,
    'Check ZOOM_BASE_URL: it is https://api.zoom.us/v2, or https://api.zoomgov.com/v2 for government accounts.',
  );
}

export function wrongMethod({ message }: Response): Stop {
  return createStop(
    'method',
    `the API address does not accept this request (HTTP 405): ${message}`,
    'Check ZOOM_BASE_URL: it is https://api.zoom.us/v2, or https://api.zoomgov.com/v2 for government accounts.',
  );
}

export function wrongMediaType({ message }: Response): Stop {
  return createStop(
    'media-type',
    `Zoom does not accept a JSON request body (HTTP 415): ${message}`,
    'Use --body auto or --body multipart; contact groups accept JSON only.',
  );
}

export function tlsFailed(message: string): Stop {
  return createStop(
    'tls',
    `no trusted connection to Zoom: ${message}`,
    'If a proxy of your company re-signs traffic, name its certificate in NODE_EXTRA_CA_CERTS.',
  );
}
