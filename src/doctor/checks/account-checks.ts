/** What the token and the account allow, and what the responses have in common. */
import { type AccountPlan, APIS, type Api, DEFAULT_API } from '../../model/choices.js';
import { USER_STATUSES, USERS_SCOPES } from '../../resources/members/api/users.js';
import { formatCount, formatDuration } from '../../text/format.js';
import type { Observations } from '../observe/observations.js';
import { describeStatus, elementsOf, type Outcome } from '../observe/requests.js';
import { planOfType, plansOfHeaders } from './account-plan.js';
import { type Check, type Finding, fail, ok, unknown, warn } from './finding.js';
import { formatAlternatives, missingScopes, PLAN_USAGE_SCOPE, scopesOfCommands } from './scopes.js';

export const ACCOUNT_CHECKS: readonly Check<Observations>[] = [
  {
    id: 'token-life',
    judge: checkTokenLife,
    assumes: 'a token lives an hour if the response does not say how long',
  },
  { id: 'scopes', judge: checkScopes },
  {
    id: 'account-plan',
    judge: checkAccountPlan,
    assumes: 'monthly and yearly are Pro, names with biz, edu or enterprise Business and higher',
  },
  { id: 'rate-limit-headers', judge: checkRateHeaders },
  { id: 'encoding', judge: checkEncoding },
  { id: 'users', judge: checkUsers },
];

/** Runs of that many seconds need no new token. */
const SHORT_LIFE_S = 600;

function checkTokenLife({ machine: { credentials, grant } }: Observations): Finding {
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

function checkScopes({ machine: { grant, credentials } }: Observations): Finding {
  const granted = grant?.scopes;
  if (granted === undefined) {
    const source =
      credentials === 'token' ? 'a token made elsewhere does not name its scopes' : 'Zoom named no scopes';
    return unknown(source, {
      todo: `apply needs ${describeNeeds('im')}; with --api contacts ${describeNeeds('contacts')}.`,
    });
  }
  const findLacking = (api: Api) =>
    scopesOfCommands(api).filter(({ needs }) => missingScopes(needs, granted).length > 0);
  const lacking = { im: findLacking('im'), contacts: findLacking('contacts') };
  const listCommands = (api: Api): string => lacking[api].map(({ command }) => command).join(', ');
  const answer = { im: listCommands('im'), contacts: listCommands('contacts') };
  const complete = APIS.find((api) => lacking[api].length === 0);
  if (complete) return ok(`every command has its scopes, with --api ${complete}`, { answer });
  const usable = APIS.find((api) => lacking[api].every(({ command }) => command !== 'apply'));
  const api = usable ?? DEFAULT_API;
  const missing = lacking[api].flatMap(({ needs }) => missingScopes(needs, granted));
  const todo = `At marketplace.zoom.us, add to the app, under Scopes: ${formatAlternatives(missing)}.`;
  const found = `with --api ${api}, scopes are missing for ${listCommands(api)}`;
  return usable ? warn(found, todo, { answer }) : fail(found, todo, { answer });
}

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
    .map(({ headers }) => plansOfHeaders(headers))
    .filter((possible) => possible.length > 0);
  const [first = []] = plans;
  const common = first.filter((plan) => plans.every((possible) => possible.includes(plan)));
  return common.length === 1 ? common[0] : undefined;
}

function checkAccountPlan(o: Observations): Finding {
  const { planUsage, machine, responses } = o;
  const plan = inferPlan(o);
  if (plan === undefined) {
    const cause =
      planUsage.type === 'success'
        ? 'the plan’s name is not known here'
        : `the plan usage was refused (${describeStatus(planUsage)})`;
    return unknown(cause, {
      todo: `Name the plan with --account-plan, or add the scope ${PLAN_USAGE_SCOPE}. Without either, ${machine.accountPlan} is assumed.`,
      answer: null,
    });
  }
  const limits = planOfLimits(responses);
  const answer = { plan, by_limits: limits ?? null };
  if (limits === undefined || limits === plan) return ok(`the account is on the ${plan} plan`, { answer });
  return warn(
    `the billing plan is ${plan}, but the rate limits are those of ${limits}`,
    `Use --account-plan ${limits}.`,
    { answer },
  );
}

/** `a, b`, each once */
function listDistinct(words: readonly string[]): string {
  return [...new Set(words)].sort().join(', ');
}

function checkRateHeaders({ responses }: Observations): Finding {
  if (responses.length === 0) return unknown('no response came');
  const names = responses.flatMap(({ headers }) => Object.keys(headers));
  const headers = listDistinct(names.filter((name) => /^(x-ratelimit-|retry-after)/.test(name)));
  const refused = responses.filter(({ status }) => status === 429).length;
  if (refused > 0) {
    return warn(
      `Zoom rate-limited ${formatCount(refused, 'request')} (429) of these few`,
      'Another program may use up the limit of this account, or its plan is a lower one: see --account-plan and --rate.',
      { answer: { headers } },
    );
  }
  if (headers === '') return unknown('responses have no rate limit headers', { answer: { headers } });
  return ok(`responses state their rate limit: ${headers}`, { answer: { headers } });
}

function checkEncoding({ responses, groups }: Observations): Finding {
  if (responses.length === 0) return unknown('no response came');
  const codings = responses.map(({ headers }) => headers['content-encoding'] ?? 'identity');
  const encodings = listDistinct(codings);
  const isUnreadable = Object.values(groups).some(({ list }) => list.httpStatus === 200 && !list.complete);
  const isStrange = codings.some((coding) => !/^(identity|gzip|x-gzip|br|deflate)$/.test(coding));
  if (isUnreadable && isStrange) {
    const todo = 'A proxy changes the responses: ask its administrator.';
    return fail(`responses are coded as ${encodings}`, todo, { answer: { encodings } });
  }
  return ok(`responses are read as they come: ${encodings}`, { answer: { encodings } });
}

function checkUsers({ users }: Observations): Finding {
  const { active, pending } = users;
  if (active.type !== 'success') {
    const scopes =
      active.stop?.reason === 'scope-missing' ? ` Add the scope ${USERS_SCOPES.join(' or ')}.` : '';
    return warn(
      `the account’s users cannot be read (${describeStatus(active)})`,
      `Needed for members of contact groups only.${scopes}`,
      { words: active.message },
    );
  }
  const counts = USER_STATUSES.map((status) => [status, countUsers(users[status])] as const);
  const listed = elementsOf(pending, 'users');
  const withoutId = listed.filter(({ id }) => id === undefined || id === '').length;
  const answer = {
    ...Object.fromEntries(counts),
    pending_without_id: listed.length === 0 ? null : withoutId === listed.length,
  };
  const note = withoutId > 0 ? '; pending ones have no id, so contact groups cannot take them' : '';
  return ok(`users: ${counts.map(([status, count]) => `${count} ${status}`).join(', ')}${note}`, { answer });
}

function countUsers(outcome: Outcome): number {
  const { total_records: total } = outcome.body;
  return typeof total === 'number' ? total : elementsOf(outcome, 'users').length;
}
