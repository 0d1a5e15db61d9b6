/** Pages for tests: results and a timeline in, the file's text out. */
import { createHash } from 'node:crypto';
import type { Outcome } from '../../src/model/outcome.js';
import { isProvisioned, type Status } from '../../src/model/statuses.js';
import { topReasons } from '../../src/reporting/failure-reasons.js';
import { createHtmlPage } from '../../src/reporting/html/render-page.js';
import type { TimelineData } from '../../src/reporting/html/time-axis.js';
import { addResult, createTotals, type Result } from '../../src/reporting/results.js';
import type { Summary } from '../../src/reporting/summary.js';
import type { IdColumn } from '../../src/resources/resource.js';
import { summaryOf } from './summary.js';

/** The ids of a group's row. */
export const GROUP_ID_COLUMNS: readonly IdColumn[] = [{ id: 'groupId', column: 'zoom__group_id' }];

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
    outcome: { status, detail: '', ...more },
    attempts: 1,
    reason: more.detail ?? '',
    provisioned: status === 'duplicate' || isProvisioned(status),
    settled: true,
  };
}

/** The timeline of an undisturbed run of so many seconds. */
export function timelineOf(
  seconds: number,
  perSecond: number,
  more: Partial<TimelineData> = {},
): TimelineData {
  const second = { sent: perSecond, settled: perSecond, retried: 0, limited: 0 };
  const timeline = new Map(Array.from({ length: seconds }, (_, i) => [BEGIN / 1000 + i, { ...second }]));
  return { timeline, pauses: [], rates: [], lastAt: BEGIN + seconds * 1000, ...more };
}

/** The whole page, its summary counted from the results. */
export function pageOf(
  results: readonly Result[],
  timeline: TimelineData = timelineOf(2, 20),
  rest: Partial<Summary> = {},
): string {
  const totals = createTotals();
  for (const result of results) addResult(totals, result);
  const summary = summaryOf(totals.counts, {
    not_provisioned: totals.unprovisioned,
    reasons: topReasons(totals.reasons),
    ...rest,
  });
  const page = createHtmlPage(timeline, sha256Base64, GROUP_ID_COLUMNS);
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
