import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STATUS_NAMES, STATUSES } from '../../src/model/statuses.js';
import { EXIT } from '../../src/model/stop.js';
import { PAGE_SCRIPT } from '../../src/reporting/html/assets.js';
import { renderCountsBar, splitBar } from '../../src/reporting/html/counts-bar.js';
import {
  escapeHtml,
  formatScriptJson,
  formatSiblingLink,
  formatText,
} from '../../src/reporting/html/escape.js';
import { ROWS_MAX, STYLE } from '../../src/reporting/html/render-page.js';
import { renderTable, toTableRow } from '../../src/reporting/html/rows-table.js';
import { createTimeAxis } from '../../src/reporting/html/time-axis.js';
import { renderTimelineChart } from '../../src/reporting/html/timeline-chart.js';
import { BEGIN, HOSTILE, pageOf, resultNamed, sha256Base64, timelineOf } from '../support/page.js';
import { summaryOf } from '../support/summary.js';

/** What can be read with scripts off. */
const withoutScripts = (page: string): string => page.replace(/<(script|style)[\s\S]*?<\/\1>/g, '');

describe('text in a page', () => {
  test('can end no element and no attribute', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !/[<>"']/.test(escapeHtml(text))));
  });

  test('as data cannot end its script element, and is read back as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (texts) => {
        const json = formatScriptJson(texts);
        expect(json).not.toContain('<');
        expect(JSON.parse(json)).toEqual(texts);
      }),
    );
  });

  test.each([
    ['Nurses\u202Enight', 'Nurses\\u{202e}night'],
    ['a\u0000b\nc', 'a\\u{0}b\\nc'],
    ['half \ud83d', 'half \\u{d83d}'],
    ['👩‍🚀 ok', '👩‍🚀 ok'],
  ])('what is invisible is written out, as on a terminal: %j', (text, shown) => {
    expect(formatText(text, 100)).toBe(shown);
  });

  test('a long text is cut, and not through a character', () => {
    expect(formatText('👍'.repeat(10), 6)).toBe('👍👍…');
    expect(formatText('x'.repeat(100_000), 512)).toHaveLength(512);
  });

  test('a link to a file stays in the folder and is never a scheme', () => {
    expect(formatSiblingLink('/tmp/x/javascript:alert(1)')).toBe(
      '<a href="./javascript%3Aalert(1)">javascript:alert(1)</a>',
    );
  });
});

describe('the bar of counts', () => {
  test('one row in 100,000 stays visible, and the parts fill the bar', () => {
    const parts = splitBar(summaryOf({ created: 99_999, failed: 1 }).counts);
    expect(parts.map(({ status }) => status)).toEqual(['created', 'failed']);
    expect(parts[1]?.width).toBeGreaterThan(0.5);
    expect(parts.reduce((sum, { width }) => sum + width, 0)).toBeCloseTo(100);
  });

  test('every status has a word and a sign besides its colour', () => {
    for (const status of STATUS_NAMES) {
      const figure = renderCountsBar(summaryOf({ [status]: 3 }).counts);
      expect(figure).toContain(`<span class="word">${status}</span>`);
      expect(figure).toContain(STATUSES[status].sign);
    }
  });

  test('is left out if there are no rows', () => {
    expect(renderCountsBar(summaryOf({}).counts)).toBe('');
  });
});

describe('the run over time', () => {
  const second = { sent: 5, settled: 5, retried: 1, limited: 1 };

  test.each([2, 7, 23, 24, 61, 300])('times do not touch on a phone, also in a run of %i s', (seconds) => {
    const [width, character] = [358, 7.2];
    const svg = renderTimelineChart(timelineOf(seconds, 30), 30);
    const spans = [...svg.matchAll(/class="tick" x="([\d.]+)%"[^>]*text-anchor="(\w+)">([^<]+)</g)].map(
      ([, percent, anchor, clock = '']) => {
        const long = clock.length * character;
        const shift = { start: 0, middle: long / 2, end: long }[anchor ?? ''] ?? 0;
        const from = (Number(percent) / 100) * width - shift;
        return { from, to: from + long };
      },
    );
    expect(spans.length).toBeGreaterThan(0);
    for (const [i, { to }] of spans.entries()) expect(spans[i + 1]?.from ?? width).toBeGreaterThan(to);
  });

  test('the night between two processes is cut out, and the gap is named', () => {
    const recorded = timelineOf(60, 30);
    const morning = BEGIN / 1000 + 12 * 3_600;
    recorded.timeline.set(morning, second);
    const axis = createTimeAxis({ ...recorded, lastAt: morning * 1000 + 1000 }, 150);
    expect(axis?.bins).toHaveLength(61);
    expect(axis?.place((morning - 3_600) * 1000)).toBeCloseTo(60 / 61);
    expect(renderTimelineChart({ ...recorded, lastAt: morning * 1000 + 1000 }, 30)).toContain(
      '11 h 59 min later</text>',
    );
  });

  test('a pause is no idle time, however long', () => {
    const recorded = timelineOf(10, 30, {
      pauses: [{ at: BEGIN + 9_000, pauseMs: 300_000, label: 'light', reason: 'no answer' }],
    });
    recorded.timeline.set(BEGIN / 1000 + 309, second);
    const axis = createTimeAxis({ ...recorded, lastAt: BEGIN + 310_000 }, 310);
    expect(axis?.bins.map(({ from }) => from)).toEqual(
      Array.from({ length: 310 }, (_, i) => BEGIN / 1000 + i),
    );
  });

  test('no request is lost between the seconds and the bars', () => {
    const count = fc.nat(100);
    const counts = fc.record({ sent: count, settled: count, retried: count, limited: count });
    const timelines = fc.array(fc.tuple(fc.nat(200_000), counts), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(timelines, (seconds) => {
        const timeline = new Map(seconds);
        const recorded = { ...timelineOf(0, 0), timeline, lastAt: Math.max(...timeline.keys()) * 1000 };
        const axis = createTimeAxis(recorded, 150);
        const bins = axis?.bins ?? [];
        const sum = (of: Iterable<{ sent: number }>): number => [...of].reduce((n, { sent }) => n + sent, 0);
        expect(sum(bins)).toBe(sum(timeline.values()));
        expect(bins.length).toBeLessThan(320);
        for (const [i, { from }] of bins.entries()) {
          expect(axis?.place(from * 1000)).toBeCloseTo(i / bins.length);
          expect(from).toBeGreaterThan(bins[i - 1]?.from ?? -1);
        }
      }),
    );
  });

  test('a short run fills the whole axis', () => {
    const axis = createTimeAxis(timelineOf(2, 20), 150);
    expect(axis?.bins).toHaveLength(2);
    expect(axis?.place(BEGIN + 1_000)).toBe(0.5);
  });

  test('a run of 125,000 seconds, with a change of rate in each, is drawn', () => {
    const recorded = timelineOf(125_000, 30);
    const rates = [...recorded.timeline.keys()].map((at) => ({
      at: at * 1000,
      label: 'light' as const,
      perSecond: 15 + (at % 7),
    }));
    const figure = renderTimelineChart({ ...recorded, rates }, 30);
    expect(figure).toContain('3,750,000 requests, at most 30 in one second');
    expect(figure.length).toBeLessThan(2_000_000);
  });

  test('a day of work makes some 150 bars', () => {
    const axis = createTimeAxis(timelineOf(86_400, 30), 150);
    expect(axis?.bins.length).toBeLessThanOrEqual(150);
  });

  test('pauses, retries and 429s are marked and named', () => {
    const recorded = timelineOf(10, 30, {
      pauses: [{ at: BEGIN + 2_000, pauseMs: 4_000, label: 'light', reason: 'too <fast>' }],
      rates: [{ at: BEGIN + 2_000, label: 'light', perSecond: 15 }],
    });
    recorded.timeline.set(BEGIN / 1000 + 10, second);
    const figure = renderTimelineChart(recorded, 30);
    for (const text of [
      'Zoom rate-limited 1 request (429).',
      '1 of them was a retry.',
      'Paused 1 time for 4 s (too &lt;fast&gt;).',
      '<title>2026-03-02 01:10:06 UTC: 4 s: too &lt;fast&gt;</title>',
    ]) {
      expect(figure).toContain(text);
    }
    expect(figure).toContain('limit 30 requests/s');
    expect(figure).toContain('class="allowed"');
    expect(figure).not.toContain('<fast>');
    expect(figure).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('pauses are summed up by reason, the longest first', () => {
    const pauses = [
      { reason: 'a', pauseMs: 10_000 },
      { reason: 'b', pauseMs: 30_000 },
      { reason: 'a', pauseMs: 5_000 },
    ].map((pause) => ({ ...pause, at: BEGIN, label: 'light' as const }));
    expect(renderTimelineChart(timelineOf(2, 10, { pauses }), 30)).toContain(
      'Paused 1 time for 30 s (b), 2 times for 15 s (a).',
    );
  });

  test('says so if nothing was sent', () => {
    expect(renderTimelineChart(timelineOf(0, 0), 30)).toContain('No request was sent');
  });
});

describe('the page', () => {
  const rows = [
    resultNamed('Sales', 2),
    resultNamed('Legal', 3, 'failed', {
      detail: 'Validation Failed.',
      httpStatus: 400,
      code: 300,
      trackingId: 'T1',
    }),
  ];
  const open = { exit: { code: EXIT.unprovisioned, reason: '1 row is not provisioned' } } as const;

  test('says without scripts how the run ended, and each row that is not provisioned', () => {
    const text = withoutScripts(pageOf(rows, undefined, open));
    expect(text).toContain('1 of 2 rows is not provisioned: 1 created, 1 failed.');
    for (const fact of [
      '<bdi>Legal</bdi>',
      'Validation Failed.',
      '400 · 300',
      'T1',
      'groups.csv',
      'results.csv',
    ])
      expect(text).toContain(fact);
  });

  test('shows what is not provisioned before the chart of time', () => {
    const page = pageOf(rows, undefined, open);
    expect(page.indexOf('id="missing-title"')).toBeGreaterThan(0);
    expect(page.indexOf('id="missing-title"')).toBeLessThan(page.indexOf('id="time"'));
  });

  test('of a stopped run gives the reason, the next step and the command that resumes it', () => {
    const page = pageOf(rows, undefined, {
      exit: { code: EXIT.retryLater, reason: 'outage', message: 'Zoom is down', hint: 'Wait <an hour>.' },
      resume_command: "zoom-im-groups apply 'a b.csv' --resume r",
    });
    expect(page).toContain('<b>Reason:</b> <bdi>Zoom is down</bdi>');
    expect(page).toContain('<b>Next step:</b> <bdi>Wait &lt;an hour&gt;.</bdi>');
    expect(page).toContain('<b>To resume, run:</b>');
    expect(page).toContain('zoom-im-groups apply &#39;a b.csv&#39; --resume r</code>');
  });

  test('has a column for each id of the resource', () => {
    const idColumns = [
      { id: 'groupId', column: 'zoom__group_id' },
      { id: 'userId', column: 'zoom__user_id' },
    ];
    const table = renderTable('rows', 'All rows', [toTableRow(resultNamed('a', 2), idColumns)], idColumns);
    expect(table.match(/<th [^>]*>[^<]*/g)?.map((head) => head.replace(/.*>/, ''))).toEqual([
      ...['Line', 'Name', 'Status', 'Detail', 'Response', 'Attempts', 'Group ID', 'User ID', 'Tracking ID'],
    ]);
  });

  test('allows exactly its own script and its own style', () => {
    const page = pageOf(rows, undefined, open);
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1];
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`script-src 'sha256-${sha256Base64(PAGE_SCRIPT)}'`);
    expect(policy).toContain(`style-src 'sha256-${sha256Base64(STYLE)}'`);
    expect(policy).not.toContain('unsafe');
    expect(page).not.toMatch(/ (style|on\w+)=/);
    expect(page).not.toMatch(/https?:\/\/(?!api\.zoom\.us)/);
  });

  test('a simulated run says so in its title, banner and headline', () => {
    const page = pageOf([resultNamed('Sales', 2)], undefined, { simulated: true });
    expect(page).toMatch(/<title>groups\.csv: .*\(simulated\)/);
    expect(page).toContain('class="simulated"');
    expect(page).toContain('provisioned (simulated)');
    expect(withoutScripts(pageOf([resultNamed('Sales', 2)]))).not.toMatch(/simulated/i);
  });

  test('hostile text is text wherever it comes from', () => {
    for (const text of HOSTILE) {
      const recorded = timelineOf(3, 10, {
        pauses: [{ at: BEGIN, pauseMs: 900, label: 'light', reason: text }],
      });
      const detail = { detail: text, ids: { groupId: text }, trackingId: text };
      const page = pageOf([resultNamed(text, 2, 'failed', detail)], recorded, {
        run_id: text,
        warnings: [text],
        input: { path: text, sha256: text, rows: 1 },
        target: { base_url: text, api: 'im', account_plan: 'pro', rate_per_second: 30 },
        exit: { code: EXIT.retryLater, reason: text, message: text, hint: text },
        resume_command: text,
      });
      expect(page.match(/<script/g), text).toHaveLength(2);
      expect(/<img|<svg onload|<!--/.test(page), text).toBe(false);
    }
  });

  test('a reason that many rows share stands above the table once, with their number', () => {
    const many = Array.from({ length: 400 }, (_, i) =>
      resultNamed(`group ${i}`, i + 2, 'not-attempted', { detail: 'the run stopped: daily-limit' }),
    );
    const page = withoutScripts(pageOf(many, undefined, open));
    expect(page).toContain('<li><b>400</b> <span class="pill s-not-attempted">not-attempted</span>');
    expect(page).toContain('The first 300 of 400');
    expect(page.match(/the run stopped: daily-limit/g)?.length).toBeLessThanOrEqual(401);
  });

  test('a run too long for a page shows only what is not provisioned, and says so', () => {
    const input = { path: 'big.csv', sha256: '', rows: ROWS_MAX + 1 };
    const page = pageOf(rows, undefined, { input, ...open });
    expect(page).toContain('100,001 rows are too many for one page');
    expect(page).toContain('"Legal"');
    expect(page).not.toContain('Sales');
  });

  test('a rollback has its own words', () => {
    const page = withoutScripts(
      pageOf([resultNamed('A', 2, 'deleted'), resultNamed('B', 3, 'kept')], undefined, {
        ...open,
        command: 'rollback',
      }),
    );
    expect(page).toContain('1 of 2 rows is not rolled back: 1 deleted, 1 kept.');
    expect(page).toContain('Not rolled back: 1');
  });

  test('of an empty file exists too', () => {
    expect(withoutScripts(pageOf([], timelineOf(0, 0)))).toContain('The file has no rows');
  });
});
