/** The choices that stand in a command, a journal and the library alike, and what applies if none is made. */

export const APIS = ['im', 'contacts'] as const;
/** IM groups, or contact groups, their successor. */
export type Api = (typeof APIS)[number];

export function isApi(value: unknown): value is Api {
  return APIS.some((api) => api === value);
}
export const DEFAULT_API: Api = 'im';

/** `auto`: the first create settles which format Zoom accepts. */
export const BODY_CHOICES = ['auto', 'multipart', 'json'] as const;
export type BodyChoice = (typeof BODY_CHOICES)[number];
/** The request body of a create. */
export type BodyFormat = Exclude<BodyChoice, 'auto'>;
export const DEFAULT_BODY: BodyChoice = 'auto';

export const ACCOUNT_PLANS = ['free', 'pro', 'business'] as const;
/** `business` stands for Business, Education, Enterprise and Partners. */
export type AccountPlan = (typeof ACCOUNT_PLANS)[number];
export const DEFAULT_ACCOUNT_PLAN: AccountPlan = 'pro';
