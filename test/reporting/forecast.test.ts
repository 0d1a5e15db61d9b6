/** What a plan says about the time that its requests take. */
import { expect, test } from 'vitest';
import { createForecast, formatForecast } from '../../src/reporting/forecast.js';

const heavy = { label: 'heavy', rate_per_second: 1, requests_per_day: 1_000 } as const;

test('requests are counted by label, at the rate of that label', () => {
  const light = { label: 'light', requests: 12, rate_per_second: 30, requests_per_day: null } as const;
  expect(formatForecast([light])).toMatch(/^12 requests \(light\) at 30 requests\/s: .*\.$/);
  expect(formatForecast([{ ...light, requests: 1 }])).toContain('1 request (light)');
  expect(formatForecast([light, { ...heavy, requests: 60 }]).split('\n').length).toBe(2);
});

test('a daily limit spreads them over days', () => {
  expect(formatForecast([{ ...heavy, requests: 1_000 }])).toContain('within the daily limit of 1,000');
  expect(formatForecast([{ ...heavy, requests: 1_001 }])).toContain('over 2 days');
});

test('a plan without a request says so', () => {
  expect(formatForecast([])).toBe('No request is needed.');
});

test('a plan forecasts each label at the rate that the run would keep to, such as that of --rate', () => {
  const requests = new Map([
    ['medium', 4],
    ['heavy', 30],
  ] as const);
  const rates = { light: 30, medium: 20, heavy: 5 };
  expect(createForecast(requests, 'pro', (label) => rates[label])).toEqual([
    { label: 'medium', requests: 4, rate_per_second: 20, requests_per_day: null },
    { label: 'heavy', requests: 30, rate_per_second: 5, requests_per_day: 30_000 },
  ]);
});
