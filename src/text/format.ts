/** Times and spans of time in the words of a person. */

const PARTS: readonly (readonly [string, number])[] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** A span of ms in its two largest units: `10 minutes 27 seconds`, `under a second`. */
export function formatDuration(spanMs: number): string {
  let left = Math.round(spanMs / 1000);
  if (left < 1) return 'under a second';
  const words: string[] = [];
  for (const [unit, seconds] of PARTS) {
    const n = Math.floor(left / seconds);
    left -= n * seconds;
    // After the first unit only its neighbour is told: of an hour, seconds say nothing.
    if (words.length > 0 || n > 0) words.push(n === 0 ? '' : formatCount(n, unit));
    if (words.length === 2) break;
  }
  return words.filter((word) => word !== '').join(' ');
}

/** A number with its noun in the right form: `1 row`, `2,000 rows`. */
export function formatCount(n: number, noun: string): string {
  return `${formatNumber(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** A whole number as people read it: `20,000`. */
export function formatNumber(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** An instant (ms since 1970, or ISO 8601) as `2026-03-02 01:10:04 UTC`; as it came where it is none. */
export function formatUtcTime(at: number | string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return String(at);
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
