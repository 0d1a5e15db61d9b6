/** What a plan says in words, and which groups a rollback may take back, as tables. */
import { describe, expect, test } from 'vitest';
import type { Group } from '../../src/resources/groups/api/group.js';
import { emptySum, formatForecast, formatPlanTotals } from '../../src/resources/groups/forecast.js';
import { type Undo, undoStep } from '../../src/resources/groups/rollback.js';
import { formatEstimate } from '../../src/text/format.js';

const target = { baseUrl: 'https://api.zoom.us/v2', api: 'im', accountPlan: 'pro', perSecond: 30 } as const;

describe('the forecast', () => {
  const sum = { ...emptySum(), create: 12, differs: 3, identical: 85 };
  test('sums up in a line', () => {
    expect(formatPlanTotals(sum)).toBe('12 to create, 3 differ, 85 identical, 0 problems');
    expect(formatPlanTotals({ ...sum, problem: 1 })).toBe('12 to create, 3 differ, 85 identical, 1 problem');
  });
  test('says how long it takes, and for how many days the budget is enough', () => {
    expect(formatForecast(sum, target)).toContain('12 creates at 30/s: under a second');
    const free = { ...target, api: 'contacts', accountPlan: 'free', perSecond: 1 } as const;
    expect(formatForecast({ ...sum, create: 1_000 }, free)).toContain('within the daily budget 1,000');
    expect(formatForecast({ ...sum, create: 1_001 }, free)).toContain('over 2 days');
  });
  test.each([
    [0.4, 'under a second'],
    [60, 'about 60 s'],
    [600, 'about 10 min'],
    [9_000, 'about 2.5 h'],
  ])('%d seconds are %s', (seconds, words) => {
    expect(formatEstimate(seconds)).toBe(words);
  });
});

describe('a rollback', () => {
  const undo: Undo = {
    key: 'a',
    op: 'delete',
    groupId: 'g1',
    left: { name: 'A', type: 'shared' },
    before: {},
  };
  const group: Group = { id: 'g1', name: 'A', type: 'shared', members: 0 };
  test.each([
    ['is gone', undefined, 'deleted', 'it was gone already'],
    ['has a member', { ...group, members: 1 }, 'kept', 'it has 1 member'],
    ['has members', { ...group, members: 2 }, 'kept', 'it has 2 members'],
    ['was renamed', { ...group, name: 'B' }, 'kept', 'it was renamed to B'],
    ['was changed', { ...group, type: 'normal' }, 'kept', 'type shared → normal'],
  ] as const)('leaves a group that %s, and says so', (_, now, status, said) => {
    const step = undoStep(undo, now);
    expect(step).toMatchObject({ do: 'settle', outcome: { status, groupId: 'g1' } });
    expect(step.do === 'settle' && step.outcome.detail).toContain(said);
  });
  test('deletes one that is empty and as the run left it', () => {
    expect(undoStep(undo, group)).toEqual({ do: 'delete', group });
  });
});
