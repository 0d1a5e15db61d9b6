/** Reads `Retry-After` in each of its spellings. */

type Headers = Readonly<Record<string, string>>;

/** A longer wait makes no sense for Zoom, whose longest limit is a day's. */
const WAIT_MAX_MS = 86_400_000;

/**
 * How long a response asks to wait, in ms; undefined if it does not say. Seconds, an HTTP date, or an ISO instant
 * (Zoom's daily limit), the latter two against the response's own clock.
 * @param wallNow ms since 1970, for a response without a date
 */
export function parseRetryAfter(headers: Headers, wallNow: number): number | undefined {
  const text = headers['retry-after']?.trim() ?? '';
  const waitMs = SECONDS.test(text) ? Number(text) * 1000 : msUntil(text, headers, wallNow);
  return waitMs === undefined ? undefined : Math.min(WAIT_MAX_MS, Math.max(0, Math.round(waitMs)));
}

const SECONDS = /^\d+(\.\d+)?$/;

function msUntil(text: string, headers: Headers, wallNow: number): number | undefined {
  const at = parseInstant(text);
  if (at === undefined) return undefined;
  return at - (parseInstant(headers.date?.trim() ?? '') ?? wallNow);
}

/** Begins as an ISO instant or an HTTP date does: Date.parse would read `-5` as a year. */
const INSTANT = /^(\d{4}-\d{2}-\d{2}|[a-z]{3,9},? )/i;
const ZONE = /(z|gmt|utc|[+-]\d{2}:?\d{2})$/i;

function parseInstant(text: string): number | undefined {
  if (!INSTANT.test(text)) return undefined;
  // Without a zone it is in Zoom's, UTC, and not in this machine's.
  const at = Date.parse(ZONE.test(text) ? text : `${text.replace(/T/i, ' ')} GMT`);
  return Number.isNaN(at) ? undefined : at;
}
