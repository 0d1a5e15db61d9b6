/** Zoom's addresses and its rate limits by label and account plan. */
import type { RateLabel } from './call.js';
import type { AccountPlan } from './choices.js';

/** All accounts but government ones, which use zoomgov.com and api.zoomgov.com. */
export const ZOOM = {
  baseUrl: 'https://api.zoom.us/v2',
  tokenUrl: 'https://zoom.us/oauth/token',
} as const;

type ByPlan = Readonly<Record<AccountPlan, number>>;

/** Requests a second. Source: Zoom's API reference, "Rate limits", the table by account type. */
export const REQUESTS_PER_SECOND: Readonly<Record<RateLabel, ByPlan>> = {
  light: { free: 4, pro: 30, business: 80 },
  medium: { free: 2, pro: 20, business: 60 },
  heavy: { free: 1, pro: 10, business: 40 },
};

/**
 * Requests a day; absent if there is no such limit. Same source. On paid plans the heavy quota is shared with every
 * other heavy and resource-intensive call of the account.
 */
export const REQUESTS_PER_DAY: Readonly<Record<RateLabel, Partial<ByPlan>>> = {
  light: { free: 6_000 },
  medium: { free: 2_000 },
  heavy: { free: 1_000, pro: 30_000, business: 60_000 },
};
