/** A summary for tests: counts, and whatever else a test is about. */

import { STATUS_NAMES, type Status } from '../../src/model/statuses.js';
import { EXIT } from '../../src/model/stop.js';
import type { Summary } from '../../src/reporting/summary.js';

export function summaryOf(counts: Partial<Record<Status, number>>, rest: Partial<Summary> = {}): Summary {
  const all = Object.fromEntries(STATUS_NAMES.map((status) => [status, counts[status] ?? 0]));
  return {
    schema_version: 2,
    command: 'apply',
    run_id: 'groups-20260302T011004Z',
    tool_version: '1.0.0',
    simulated: false,
    input: {
      path: 'exports/groups.csv',
      sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      rows: Object.values(counts).reduce((sum, n) => sum + n, 0),
    },
    target: {
      base_url: 'https://api.zoom.us/v2',
      api: 'im',
      account_plan: 'pro',
      rate_per_second: 30,
    },
    started_at: '2026-03-02T01:10:04.000Z',
    finished_at: '2026-03-02T01:10:06.000Z',
    duration_ms: 2_000,
    counts: all,
    not_provisioned: 0,
    reasons: [],
    requests: { sent: 40, retried: 0, rate_limited: 0, lists: 2 },
    carried_over: 0,
    warnings: [],
    exit: { code: EXIT.ok, reason: 'every row is provisioned' },
    files: {
      journal: 'journal.ndjson',
      results: 'results.csv',
      failed: 'failed.csv',
      summary: 'summary.json',
      report: 'report.html',
    },
    ...rest,
  };
}
