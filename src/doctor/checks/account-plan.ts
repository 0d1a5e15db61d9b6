/** Which plan an account is on: no call says so, but the billing scope and the rate limit headers hint at it. */

import { RATE_LABELS } from '../../model/call.js';
import { ACCOUNT_PLANS, type AccountPlan } from '../../model/choices.js';
import { REQUESTS_PER_DAY, REQUESTS_PER_SECOND } from '../../model/zoom-limits.js';

/**
 * Inferred: which words of `plan_base.type` belong to which plan; the reference shows `monthly` for Pro. Doctor check
 * `account-plan`.
 */
const PLAN_TYPES: readonly (readonly [RegExp, AccountPlan])[] = [
  [/biz|business|edu|school|ent(?:erprise)?(?:_|$)|partner/i, 'business'],
  [/free|basic/i, 'free'],
  [/^(?:monthly|yearly|\w+_years?|plan_pro|pro)/i, 'pro'],
];

/** @param type `plan_base.type` of the plan usage */
export function planOfType(type: unknown): AccountPlan | undefined {
  if (typeof type !== 'string') return undefined;
  return PLAN_TYPES.find(([words]) => words.test(type))?.[1];
}

/** The plans whose published limits the headers of a response state; empty if they state none. */
export function plansOfHeaders(headers: Readonly<Record<string, string>>): readonly AccountPlan[] {
  const label = RATE_LABELS.find((one) => one === headers['x-ratelimit-category']?.toLowerCase());
  const limit = Number(headers['x-ratelimit-limit']);
  if (label === undefined) return [];
  return ACCOUNT_PLANS.filter(
    (plan) => REQUESTS_PER_SECOND[label][plan] === limit || REQUESTS_PER_DAY[label][plan] === limit,
  );
}
