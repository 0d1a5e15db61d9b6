/** What the account, the token, the network and this machine are like: each check a function of what was observed. */
import { type AccountPlan, type Api, DEFAULT_API } from '../../model/choices.js';
import type { StopReason } from '../../model/stop.js';
import { USER_STATUSES, USERS_SCOPES } from '../../resources/members/users.js';
import { formatCount, formatDuration } from '../../text/format.js';
import type { Observations } from '../observe/observations.js';
import { describeStatus, mayWorkLater, type Outcome } from '../observe/requests.js';
import { planOfType, plansOfHeaders } from './account-plan.js';
import { type Finding, fail, ok, unknown, warn } from './finding.js';
import { formatAlternatives, missingScopes, PLAN_USAGE_SCOPE, scopesOfCommands } from './scopes.js';

/** The reasons that are about the token, in our own words. */
const TOKEN_STOPS: Readonly<Partial<Record<StopReason, string>>> = {
  credentials: 'Zoom issues no token for these credentials',
  'no-token': 'the token address answered without a token',
  'token-refused': 'Zoom does not accept the access token',
};

const NETWORK_STOPS: Readonly<Partial<Record<StopReason, string>>> = {
  tls: 'no trusted connection: the certificate was not accepted',
  redirect: 'the address redirects to another one',
  'wrong-base-url': 'there is no such API at this address',
  method: 'the address does not accept the request',
  unreachable: 'nothing answers at this address',
  outage: 'Zoom is failing',
};

export function firstOutcomes({ groups }: Observations): readonly Outcome[] {
  return [groups.im.list, groups.contacts.list];
}

export function isAnswered(o: Observations): boolean {
  return firstOutcomes(o).some(({ httpStatus }) => httpStatus !== undefined);
}

/** The stop of the first call that has one with such a reason. */
function findStop(
  o: Observations,
  reasons: Readonly<Partial<Record<StopReason, string>>>,
): Finding | undefined {
  for (const outcome of firstOutcomes(o)) {
    const { stop } = outcome;
    const found = stop && reasons[stop.reason];
    if (!found) continue;
    return fail(found, stop.hint, {
      words: stop.message,
      answer: readOAuthError(stop.message) ?? stop.reason,
      ...(mayWorkLater(outcome) ? { later: true } : {}),
    });
  }
  return undefined;
}

/** Zoom's OAuth errors are documented words. */
function readOAuthError(message: string): string | undefined {
  return /\b(invalid_client|invalid_grant|unsupported_grant_type|invalid_request)\b/.exec(message)?.[1];
}

export function checkConnection(o: Observations): Finding {
  const stopped = findStop(o, NETWORK_STOPS);
  if (stopped && !(isAnswered(o) && stopped.later)) return stopped;
  const times = o.responses
    .map(({ response }) => response.receivedAt - response.sentAt)
    .sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)];
  if (median !== undefined) {
    return ok(`the API answers, in ${Math.max(0, Math.round(median))} ms at the median`, {
      answer: { median_ms: Math.round(median) },
    });
  }
  if (findStop(o, TOKEN_STOPS)) return unknown('the API was not asked, for there is no token');
  const [first] = firstOutcomes(o);
  return fail(
    'nothing answers, or not in time',
    'Check the network and the proxy, or see status.zoom.us; then try again.',
    {
      later: true,
      words: first?.message ?? '',
    },
  );
}

export function checkCredentials(o: Observations): Finding {
  const { credentials } = o.machine;
  const stopped = findStop(o, TOKEN_STOPS);
  if (stopped) return stopped;
  // 410 and 4711 are answers to a token that is right, too.
  const isAccepted =
    o.responses.some(({ response: { status } }) => status < 300) ||
    firstOutcomes(o).some(({ stop }) => stop?.reason === 'api-gone' || stop?.reason === 'scope-missing');
  const name =
    credentials === 'app' ? 'Zoom issued a token for the app' : 'the access token was taken as it is';
  if (isAccepted) return ok(`${name}, and accepts it`, { answer: credentials });
  return unknown('no call has shown yet whether the credentials are right', '', { answer: credentials });
}

/** Runs of that many seconds need no new token. */
const SHORT_LIFE_S = 600;

export function checkTokenLife({ machine: { credentials, grant } }: Observations): Finding {
  if (credentials === 'token') {
    return warn(
      'ZOOM_ACCESS_TOKEN cannot be renewed; Zoom’s tokens live an hour',
      'For longer runs, set the three values of a Server-to-Server OAuth app instead.',
    );
  }
  if (!grant) return unknown('there is no token');
  const { expiresInS } = grant;
  if (expiresInS === undefined)
    return unknown('Zoom does not say how long the token lives; an hour is assumed');
  const life = `the token lives ${formatDuration(expiresInS * 1000)} and is renewed before it ends`;
  const rest = { answer: { expires_in: expiresInS } };
  return expiresInS < SHORT_LIFE_S ? warn(life, 'Expect many token requests.', rest) : ok(life, rest);
}

export function checkScopes(o: Observations): Finding {
  const { grant, credentials } = o.machine;
  const granted = grant?.scopes;
  if (granted === undefined) {
    const source =
      credentials === 'token' ? 'a token made elsewhere does not name its scopes' : 'Zoom named no scopes';
    return unknown(
      source,
      `apply needs ${describeNeeds('im')}; with --api contacts ${describeNeeds('contacts')}.`,
    );
  }
  const missing = APIS.map((api) => ({
    api,
    commands: scopesOfCommands(api).filter(({ needs }) => missingScopes(needs, granted).length > 0),
  }));
  const answer = Object.fromEntries(
    missing.map(({ api, commands }) => [api, commands.map(({ command }) => command).join(', ')]),
  );
  const complete = missing.find(({ commands }) => commands.length === 0);
  if (complete) return ok(`every command has its scopes, with --api ${complete.api}`, { answer });
  const usable =
    missing.find(({ commands }) => commands.every(({ command }) => command !== 'apply')) ?? missing[0];
  const lacking = usable?.commands ?? [];
  const lists = lacking.flatMap(({ needs }) => missingScopes(needs, granted));
  const names = [...new Set(lacking.map(({ command }) => command))].join(', ');
  const todo = `At marketplace.zoom.us, add to the app, under Scopes: ${formatAlternatives(lists)}.`;
  const isUsable = lacking.every(({ command }) => command !== 'apply');
  const found = `with --api ${usable?.api ?? DEFAULT_API}, scopes are missing for ${names}`;
  return isUsable ? warn(found, todo, { answer }) : fail(found, todo, { answer });
}

const APIS: readonly Api[] = ['im', 'contacts'];

function describeNeeds(api: Api): string {
  return formatAlternatives(scopesOfCommands(api).find(({ command }) => command === 'apply')?.needs ?? []);
}

/** What the account's plan is, as far as anything says so. */
export function inferPlan({ planUsage, responses }: Observations): AccountPlan | undefined {
  const base = planUsage.body.plan_base;
  const type = typeof base === 'object' && base !== null && 'type' in base ? base.type : undefined;
  return planOfType(type) ?? planOfLimits(responses);
}

function planOfLimits(responses: Observations['responses']): AccountPlan | undefined {
  const plans = responses
    .map(({ response }) => plansOfHeaders(response.headers))
    .filter((possible) => possible.length > 0);
  const [first = []] = plans;
  const common = first.filter((plan) => plans.every((possible) => possible.includes(plan)));
  return common.length === 1 ? common[0] : undefined;
}

export function checkAccountPlan(o: Observations): Finding {
  const { planUsage, machine, responses } = o;
  const plan = inferPlan(o);
  if (plan === undefined) {
    const cause =
      planUsage.type === 'success'
        ? 'the plan’s name is not known here'
        : `the plan usage was refused (${describeStatus(planUsage)})`;
    return unknown(
      cause,
      `Name the plan with --account-plan, or add the scope ${PLAN_USAGE_SCOPE}. Without either, ${machine.accountPlan} is assumed.`,
      { answer: null },
    );
  }
  const limits = planOfLimits(responses);
  const answer = { plan, by_limits: limits ?? null };
  if (limits !== undefined && limits !== plan) {
    return warn(
      `the billing plan is ${plan}, but the rate limits are those of ${limits}`,
      `Use --account-plan ${limits}.`,
      { answer },
    );
  }
  return ok(`the account is on the ${plan} plan`, { answer });
}

export function checkRateHeaders({ responses }: Observations): Finding {
  if (responses.length === 0) return unknown('no response came');
  const names = [
    ...new Set(
      responses.flatMap(({ response }) =>
        Object.keys(response.headers).filter((name) => /^(x-ratelimit-|retry-after)/.test(name)),
      ),
    ),
  ].sort();
  const answer = { headers: names.join(', ') };
  const refused = responses.filter(({ response }) => response.status === 429).length;
  if (refused > 0) {
    return warn(
      `Zoom rate-limited ${formatCount(refused, 'request')} (429) of these few`,
      'Another program may use up the limit of this account, or its plan is a lower one: see --account-plan and --rate.',
      { answer },
    );
  }
  if (names.length === 0) return unknown('responses have no rate limit headers', '', { answer });
  return ok(`responses state their rate limit: ${names.join(', ')}`, { answer });
}

export function checkEncoding({ responses, groups }: Observations): Finding {
  if (responses.length === 0) return unknown('no response came');
  const codings = [
    ...new Set(responses.map(({ response }) => response.headers['content-encoding'] ?? 'identity')),
  ].sort();
  const answer = { encodings: codings.join(', ') };
  const isUnreadable = Object.values(groups).some(({ list }) => list.httpStatus === 200 && !list.complete);
  const isStrange = codings.some((coding) => !/^(identity|gzip|x-gzip|br|deflate)$/.test(coding));
  if (isUnreadable && isStrange)
    return fail(
      `responses are coded as ${codings.join(', ')}`,
      'A proxy changes the responses: ask its administrator.',
      { answer },
    );
  return ok(`responses are read as they come: ${codings.join(', ')}`, { answer });
}

export function checkUsers({ users }: Observations): Finding {
  const { active, pending } = users;
  const needed = 'Needed for members of contact groups only.';
  if (active.type !== 'success') {
    return warn(
      `the account’s users cannot be read (${describeStatus(active)})`,
      active.stop?.reason === 'scope-missing'
        ? `${needed} Add the scope ${USERS_SCOPES.join(' or ')}.`
        : needed,
      { words: active.message },
    );
  }
  const counts = USER_STATUSES.map((status) => `${countUsers(users[status])} ${status}`).join(', ');
  const withoutId = elementsOf(pending).filter((user) => user.id === undefined || user.id === '').length;
  const answer = {
    ...Object.fromEntries(USER_STATUSES.map((status) => [status, countUsers(users[status])])),
    pending_without_id: elementsOf(pending).length === 0 ? null : withoutId === elementsOf(pending).length,
  };
  const note = withoutId > 0 ? '; pending ones have no id, so contact groups cannot take them' : '';
  return ok(`users: ${counts}${note}`, { answer });
}

function countUsers(outcome: Outcome): number {
  const { total_records: total } = outcome.body;
  return typeof total === 'number' ? total : elementsOf(outcome).length;
}

function elementsOf({ body }: Outcome): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(body.users)
    ? body.users.filter((user) => typeof user === 'object' && user !== null)
    : [];
}
