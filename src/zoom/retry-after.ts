/** When to come back: `Retry-After` in each of its spellings, and which kind of limit a 429 is. */

export type Limit =
  | { readonly per: 'second'; readonly waitMs?: number }
  | { readonly per: 'day'; readonly resetsAt: number };

/** A wait beyond this is no per-second limit, whatever the answer calls itself. In ms. */
const DAILY_BEYOND_MS = 120_000;

type Headers = Readonly<Record<string, string>>;

/**
 * How long an answer asks to wait, in ms; undefined where it does not say. Seconds, an HTTP date, or an ISO
 * instant (Zoom's daily limit), the latter two against the answer's own clock.
 */
export function waitOf(headers: Headers, nowMs: number): number | undefined {
  const text = headers['retry-after']?.trim() ?? '';
  if (SECONDS.test(text)) return Number(text) * 1000;
  const at = instantOf(text);
  return at === undefined ? undefined : Math.max(0, at - clockOf(headers, nowMs));
}

const SECONDS = /^\d+(\.\d+)?$/;

/** Begins as an ISO instant or an HTTP date does: Date.parse makes a year of `-5`. */
const INSTANT = /^(\d{4}-\d{2}-\d{2}|[a-z]{3,9},? )/i;
const ZONE = /(z|gmt|utc|[+-]\d{2}:?\d{2})$/i;

function instantOf(text: string): number | undefined {
  if (!INSTANT.test(text)) return undefined;
  // Without a zone it is Zoom's, UTC, and not this machine's.
  const at = Date.parse(ZONE.test(text) ? text : `${text.replace(/T/i, ' ')} GMT`);
  return Number.isNaN(at) ? undefined : at;
}

function clockOf(headers: Headers, nowMs: number): number {
  const date = Date.parse(headers.date ?? '');
  return Number.isNaN(date) ? nowMs : date;
}

/**
 * Which limit a 429 tells of. The header decides, then the wait, then the wording: a real daily 429 was seen
 * with neither header.
 */
export function limitOf(headers: Headers, message: string, nowMs: number): Limit {
  const waitMs = waitOf(headers, nowMs);
  const type = headers['x-ratelimit-type'] ?? '';
  const daily = /daily/i.test(type) || (waitMs ?? 0) > DAILY_BEYOND_MS || /\bdaily\b/i.test(message);
  if (!daily) return waitMs === undefined ? { per: 'second' } : { per: 'second', waitMs };
  // An instant is told as it came; a wait is counted from now.
  const instant = instantOf(headers['retry-after']?.trim() ?? '');
  if (instant !== undefined) return { per: 'day', resetsAt: instant };
  return {
    per: 'day',
    resetsAt: waitMs === undefined ? nextMidnight(clockOf(headers, nowMs)) : nowMs + waitMs,
  };
}

/** Zoom's daily counters begin again at 00:00 UTC. */
function nextMidnight(ms: number): number {
  return new Date(ms).setUTCHours(24, 0, 0, 0);
}
