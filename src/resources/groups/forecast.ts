/** What a plan comes to: each row in a word, the sum in a line, and how long it would take. */
import type { Target } from '../../events/event.js';
import { PER_DAY } from '../../resilience/retry-policy.js';
import { formatEstimate } from '../../text/format.js';
import type { Planned } from './plan.js';

/** What a row of a plan is called, in text and in JSON. */
export type Planning = 'create' | 'update' | 'differs' | 'identical' | 'done' | 'duplicate' | 'problem';

export type PlanSum = Record<Planning, number>;

export function emptySum(): PlanSum {
  return { create: 0, update: 0, differs: 0, identical: 0, done: 0, duplicate: 0, problem: 0 };
}

/** What is planned for a definition, and why. */
export function planningOf({ step }: Planned): { readonly planning: Planning; readonly detail: string } {
  switch (step.do) {
    case 'create':
      return { planning: 'create', detail: '' };
    case 'update':
      return { planning: 'update', detail: step.detail };
    case 'nothing':
      return { planning: 'done', detail: step.outcome.status };
    case 'delete':
    case 'restore':
      throw new Error('a rollback is not forecast as a plan');
    case 'settle': {
      const differs = step.outcome.detail.startsWith('differs');
      return { planning: differs ? 'differs' : 'identical', detail: differs ? step.outcome.detail : '' };
    }
  }
}

/** `12 to create, 3 differ, 85 identical, 0 problems`; what does not occur and need not be said is left out. */
export function formatPlanTotals(sum: PlanSum): string {
  return [
    `${sum.create} to create`,
    ...(sum.update > 0 ? [`${sum.update} to update`] : []),
    `${sum.differs} differ`,
    `${sum.identical} identical`,
    ...(sum.done > 0 ? [`${sum.done} done by this run`] : []),
    ...(sum.duplicate > 0 ? [`${sum.duplicate} ${sum.duplicate === 1 ? 'duplicate' : 'duplicates'}`] : []),
    `${sum.problem} ${sum.problem === 1 ? 'problem' : 'problems'}`,
  ].join(', ');
}

/** `12 creates at 30/s: under a second`, and what it means for the plan's daily budget. */
export function formatForecast(sum: PlanSum, target: Target): string {
  const writes = sum.create + sum.update;
  const what = sum.update > 0 ? `${writes} requests` : `${writes} ${writes === 1 ? 'create' : 'creates'}`;
  const time = `${what} at ${target.perSecond}/s: ${formatEstimate(writes / target.perSecond)}`;
  const perDay = PER_DAY[target.api][target.accountPlan];
  if (perDay === Number.POSITIVE_INFINITY) return `${time}; this plan has no daily budget for them`;
  const days = Math.ceil(writes / perDay);
  const budget = `daily budget ${perDay.toLocaleString('en')}`;
  return days > 1
    ? `${time}, but the ${budget} spreads it over ${days} days`
    : `${time}; within the ${budget}`;
}
