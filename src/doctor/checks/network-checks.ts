/** What the way to Zoom is like: connection, certificate, proxy, clock and credentials. */
import type { StopReason } from '../../model/stop.js';
import { formatDuration } from '../../text/format.js';
import type { Observations } from '../observe/observations.js';
import { mayWorkLater } from '../observe/requests.js';
import { type Check, type Finding, fail, ok, unknown, warn } from './finding.js';

export const NETWORK_CHECKS: readonly Check<Observations>[] = [
  { id: 'connection', judge: checkConnection },
  { id: 'tls', judge: checkTls },
  { id: 'proxy', judge: checkProxy },
  { id: 'clock', judge: checkClock },
  { id: 'credentials', judge: checkCredentials },
];

type StopTexts = Readonly<Partial<Record<StopReason, string>>>;

/** The reasons that are about the token, in our own words. */
const TOKEN_STOPS: StopTexts = {
  credentials: 'Zoom issues no token for these credentials',
  'no-token': 'the token address answered without a token',
  'token-refused': 'Zoom does not accept the access token',
};

const NETWORK_STOPS: StopTexts = {
  tls: 'no trusted connection: the certificate was not accepted',
  redirect: 'the address redirects to another one',
  'wrong-base-url': 'there is no such API at this address',
  method: 'the address does not accept the request',
  unreachable: 'nothing answers at this address',
  outage: 'Zoom is failing',
};

/** Documented words of Zoom. */
const OAUTH_ERRORS = /\b(invalid_client|invalid_grant|unsupported_grant_type|invalid_request)\b/;

function isAnswered({ groups: { im, contacts } }: Observations): boolean {
  return [im, contacts].some(({ list }) => list.httpStatus !== undefined);
}

/** The stop of the first call that has one with such a reason. */
function findStop({ groups: { im, contacts } }: Observations, texts: StopTexts): Finding | undefined {
  for (const { list } of [im, contacts]) {
    const { stop } = list;
    const found = stop && texts[stop.reason];
    if (!found) continue;
    return fail(found, stop.hint, {
      words: stop.message,
      answer: OAUTH_ERRORS.exec(stop.message)?.[0] ?? stop.reason,
      ...(mayWorkLater(list) ? { later: true } : {}),
    });
  }
  return undefined;
}

function checkConnection(o: Observations): Finding {
  const stopped = findStop(o, NETWORK_STOPS);
  if (stopped && !(isAnswered(o) && stopped.later)) return stopped;
  const times = o.responses.map(({ sentAt, receivedAt }) => receivedAt - sentAt).sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)];
  if (median !== undefined) {
    return ok(`the API answers, in ${Math.max(0, Math.round(median))} ms at the median`, {
      answer: { median_ms: Math.round(median) },
    });
  }
  if (findStop(o, TOKEN_STOPS)) return unknown('the API was not asked, for there is no token');
  return fail(
    'nothing answers, or not in time',
    'Check the network and the proxy, or see status.zoom.us; then try again.',
    { later: true, words: o.groups.im.list.message },
  );
}

function checkTls(o: Observations): Finding {
  const { baseUrl, hasExtraCertificates } = o.machine;
  const answer = { extra_certificates: hasExtraCertificates };
  if (baseUrl.startsWith('http:')) return ok('the API is on this machine, without TLS', { answer });
  if (Object.values(o.groups).some(({ list }) => list.stop?.reason === 'tls')) {
    return fail(
      'the certificate was not accepted',
      'If a proxy of your company re-signs traffic, name its certificate in NODE_EXTRA_CA_CERTS.',
      { answer },
    );
  }
  if (!isAnswered(o)) return unknown('no connection was made', { answer });
  return ok(`the certificate is trusted${hasExtraCertificates ? ', with NODE_EXTRA_CA_CERTS' : ''}`, {
    answer,
  });
}

function checkProxy(o: Observations): Finding {
  const { usesProxy } = o.machine;
  const answer = { used: usesProxy };
  if (!usesProxy) return ok('no proxy is used', { answer });
  if (isAnswered(o)) return ok('requests take the proxy of the environment, and come through', { answer });
  return fail(
    'requests take the proxy of the environment, and nothing comes back',
    'Check HTTPS_PROXY and NO_PROXY.',
    { answer, later: true },
  );
}

/** Zoom's Date header has whole seconds; half a minute is harmless. */
const SKEW_MAX_MS = 30_000;

function checkClock({ responses }: Observations): Finding {
  const skews = responses
    .map(
      ({ sentAt, receivedAt, headers }) => (sentAt + receivedAt) / 2 - (Date.parse(headers.date ?? '') + 500),
    )
    .filter((skew) => !Number.isNaN(skew));
  const [first] = skews.sort((a, b) => Math.abs(a) - Math.abs(b));
  if (first === undefined) return unknown('no response has a date');
  const answer = { seconds_ahead: Math.round(first / 1000) };
  if (Math.abs(first) <= SKEW_MAX_MS) return ok('this machine’s clock agrees with Zoom’s', { answer });
  return warn(
    `this machine’s clock is ${formatDuration(Math.abs(first))} ${first > 0 ? 'ahead of' : 'behind'} Zoom’s`,
    'Set the clock: daily limits and the times in reports depend on it.',
    { answer },
  );
}

function checkCredentials(o: Observations): Finding {
  const answer = o.machine.credentials;
  const stopped = findStop(o, TOKEN_STOPS);
  if (stopped) return stopped;
  // 410 and 4711 are answers to a token that is right, too.
  const isAccepted =
    o.responses.some(({ status }) => status < 300) ||
    Object.values(o.groups).some(({ list: { stop } }) =>
      /^(api-gone|scope-missing)$/.test(stop?.reason ?? ''),
    );
  if (!isAccepted) return unknown('no call has shown yet whether the credentials are right', { answer });
  const name = answer === 'app' ? 'Zoom issued a token for the app' : 'the access token was taken as it is';
  return ok(`${name}, and accepts it`, { answer });
}
