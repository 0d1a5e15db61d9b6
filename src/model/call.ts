/** A request as a value: what a resource wants to be sent. Addresses, tokens and sending belong to `zoom/`. */

/** Zoom limits requests by label and account plan (Zoom's API reference, "Rate limits"). */
export const RATE_LABELS = ['light', 'medium', 'heavy'] as const;
export type RateLabel = (typeof RATE_LABELS)[number];

/** `form` is multipart/form-data with text parts, in this order. */
export type CallBody =
  | { readonly type: 'json'; readonly value: object }
  | { readonly type: 'form'; readonly parts: readonly (readonly [string, string])[] };

export type Call = {
  readonly label: RateLabel;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the base URL, with every segment percent-encoded: `/im/groups/abc%2Fd`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: CallBody;
  /** The documented status of success. */
  readonly success: 200 | 201 | 204;
  /** Most bytes of the response body, for lists that come in one response. Default 16 MiB. */
  readonly maxBodyBytes?: number;
};

/** A list of IM groups has no pages: a gibibyte, as far as a JavaScript string can hold it. */
export const MAX_LIST_BYTES: number = 1024 ** 3;
