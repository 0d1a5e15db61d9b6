/** Numbers and times in messages and reports. */

const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
];

/** A span of ms in its two largest units: `1.4 s`, `12 min 5 s`, `3 h 2 min`; after an hour nobody needs the seconds. */
export function formatDuration(spanMs: number): string {
  if (spanMs < 9_950) return `${Number((spanMs / 1000).toFixed(1))} s`;
  let left = Math.round(spanMs / 1000);
  const parts: string[] = [];
  for (const [unit, seconds] of UNITS) {
    const n = Math.floor(left / seconds);
    left -= n * seconds;
    if (parts.length > 0 || n > 0) parts.push(n === 0 ? '' : ` ${n} ${unit}`);
    if (parts.length === 2) break;
  }
  return parts.join('').trim();
}

/** A number with its noun in the right form: `1 row`, `2,000 rows`, `2 retries`. */
export function formatCount(n: number, noun: string): string {
  const plural = noun.replace(/(?<![aeiou])y$/, 'ie');
  return `${formatNumber(n)} ${n === 1 ? noun : `${plural}s`}`;
}

/** A whole number with separators: `20,000`. */
export function formatNumber(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** Requests/s with at most one digit after the point: `30`, `16.5`. */
export function formatRate(perSecond: number): string {
  return String(Math.round(perSecond * 10) / 10);
}

/** An instant (ms since 1970, or ISO 8601) as `2026-03-02 01:10:04 UTC`. */
export function formatUtcTime(at: number | string): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
