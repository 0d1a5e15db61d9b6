/** Numbers and times in messages and reports. */

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
    // After an hour nobody needs the seconds.
    if (words.length > 0 || n > 0) words.push(n === 0 ? '' : formatCount(n, unit));
    if (words.length === 2) break;
  }
  return words.filter((word) => word !== '').join(' ');
}

/** A span of ms in few characters: `1.4 s`, `12 min 5 s`, `3 h 2 min`. */
export function formatShortDuration(spanMs: number): string {
  const seconds = spanMs / 1000;
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
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

/** An instant (ms since 1970, or ISO 8601) as `2026-03-02 01:10:04 UTC`; as it came if it is none. */
export function formatUtcTime(at: number | string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return String(at);
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
