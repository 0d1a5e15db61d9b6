/** Pages for tests: results and a history in, the file's text out. */
import { createHash } from 'node:crypto';
import { isProvisioned, type Status } from '../../src/model/statuses.js';
import type { Outcome } from '../../src/model/outcome.js';
import { createHtmlPage, type PageTotals } from '../../src/reporting/html/page.js';
import { addResult, createTotals, type Result, type Summary } from '../../src/reporting/results.js';
import { summaryOf } from './summary.js';

export const BEGIN = Date.UTC(2026, 2, 2, 1, 10, 4);

export function sha256Base64(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

export function resultNamed(
  name: string,
  line: number,
  status: Status = 'created',
  more: Partial<Outcome> = {},
): Result {
  return {
    row: { line, cells: [name], raw: `${name}\n` },
    name,
    outcome: { status, detail: '', attempts: 1, ...more },
    provisioned: status === 'duplicate' || isProvisioned(status),
    settled: true,
  };
}

/** What a history tells of a calm run of so many seconds at that many requests a second. */
export function toldOf(seconds: number, perSecond: number, more: Partial<PageTotals> = {}): PageTotals {
  const second = { sent: perSecond, settled: perSecond, retried: 0, limited: 0 };
  const timeline = new Map(Array.from({ length: seconds }, (_, i) => [BEGIN / 1000 + i, { ...second }]));
  return { timeline, pauses: [], rates: [], lastAt: BEGIN + seconds * 1000, stop: undefined, ...more };
}

/** The whole page, its summary counted from the results. */
export function pageOf(
  results: readonly Result[],
  told: PageTotals = toldOf(2, 20),
  rest: Partial<Summary> = {},
): string {
  const tally = createTotals();
  for (const result of results) addResult(tally, result);
  const summary = summaryOf(tally.counts, { not_provisioned: tally.unprovisioned, ...rest });
  const page = createHtmlPage(told, sha256Base64);
  for (const result of results) page.add(result);
  return [...page.pieces(summary)].join('');
}

/** Names that a page must show and never obey. */
export const HOSTILE: readonly string[] = [
  '</script><script>window.hit = 1</script>',
  '<!--<script>',
  '<img src=x onerror="window.hit = 1">',
  '"><svg onload="window.hit = 1">',
  "' autofocus onfocus='window.hit = 1",
  'javascript:window.hit=1',
  '__proto__',
  'constructor',
  '&lt;b&gt; &amp;amp;',
  '=HYPERLINK("http://example.invalid")',
  '👍'.repeat(128),
  'x'.repeat(128),
  '$& $1 `window.hit = 1`',
];
