import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EXIT } from '../../src/model/stop.js';
import { STATUSES } from '../../src/model/statuses.js';
import { renderCountsBar, splitBar } from '../../src/reporting/html/counts-bar.js';
import {
  escapeHtml,
  formatScriptJson,
  formatSiblingLink,
  formatText,
} from '../../src/reporting/html/escape.js';
import { ROWS_MAX } from '../../src/reporting/html/page.js';
import { SCRIPT } from '../../src/reporting/html/page-script.js';
import { STATUS_STYLES } from '../../src/reporting/html/status-style.js';
import { STYLE } from '../../src/reporting/html/stylesheet.js';
import { createTimeAxis, groupIntoBins, groupPausesByReason } from '../../src/reporting/html/time-axis.js';
import { renderTimelineChart } from '../../src/reporting/html/timeline-chart.js';
import { BEGIN, HOSTILE, pageOf, resultNamed, sha256Base64, toldOf } from '../support/page.js';
import { summaryOf } from '../support/summary.js';

/** The page without its scripts and style: what is to be read with scripts off. */
const still = (page: string): string => page.replace(/<(script|style)[\s\S]*?<\/\1>/g, '');

describe('text in a page', () => {
  test('can end no element and no attribute', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !/[<>"']/.test(escapeHtml(text))));
  });

  test('as data can not end its script element, and is read back as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (texts) => {
        const json = formatScriptJson(texts);
        expect(json).not.toContain('<');
        expect(JSON.parse(json)).toEqual(texts);
      }),
    );
  });

  test.each([
    ['Nurses\u202Enight', 'Nurses[U+202E]night'],
    ['a\u0000b\nc', 'a[U+0000]b[U+000A]c'],
    ['half \ud83d', 'half [U+D83D]'],
    ['👩‍🚀 ok', '👩‍🚀 ok'],
  ])('what can not be seen is told: %j', (text, shown) => {
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

describe('the counts as a picture', () => {
  test('one row in 100,000 is still to be seen, and the parts fill the bar', () => {
    const parts = splitBar(summaryOf({ created: 99_999, failed: 1 }).counts);
    expect(parts.map(({ status }) => status)).toEqual(['created', 'failed']);
    expect(parts[1]?.width).toBeGreaterThan(0.5);
    expect(parts.reduce((sum, { width }) => sum + width, 0)).toBeCloseTo(100);
  });

  test('every status has a word and a sign besides its colour', () => {
    for (const status of STATUSES) {
      const figure = renderCountsBar(summaryOf({ [status]: 3 }).counts);
      expect(figure).toContain(`<span class="word">${status}</span>`);
      expect(figure).toContain(STATUS_STYLES[status].sign);
    }
  });

  test('of no rows there is no picture', () => {
    expect(renderCountsBar(summaryOf({}).counts)).toBe('');
  });
});

describe('the run over time', () => {
  const second = { sent: 5, settled: 5, retried: 1, limited: 1 };

  test.each([
    2, 7, 23, 24, 61, 300,
  ])('times do not touch on a telephone, also of a run of %i s', (seconds) => {
    const [width, character] = [358, 7.2];
    const svg = renderTimelineChart(toldOf(seconds, 30), 30);
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

  test('the night between two processes is folded, and told', () => {
    const told = toldOf(60, 30);
    const morning = BEGIN / 1000 + 12 * 3_600;
    told.timeline.set(morning, second);
    const axis = createTimeAxis({ ...told, lastAt: morning * 1000 + 1000 });
    expect(axis?.stretches).toHaveLength(2);
    expect(axis?.seconds).toBeLessThan(70);
    expect(renderTimelineChart({ ...told, lastAt: morning * 1000 + 1000 }, 30)).toContain(
      '11 hours 59 minutes later',
    );
  });

  test('a pause is no idle time, however long', () => {
    const told = toldOf(10, 30, { pauses: [{ at: BEGIN + 9_000, pauseMs: 300_000, why: 'no answer' }] });
    told.timeline.set(BEGIN / 1000 + 309, second);
    expect(createTimeAxis({ ...told, lastAt: BEGIN + 310_000 })?.stretches).toHaveLength(1);
  });

  test('no request is lost between the seconds and the bars', () => {
    const count = fc.nat(100);
    const counts = fc.record({ sent: count, settled: count, retried: count, limited: count });
    const timelines = fc.array(fc.tuple(fc.nat(200_000), counts), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(timelines, (seconds) => {
        const timeline = new Map(seconds);
        const told = { ...toldOf(0, 0), timeline, lastAt: Math.max(...timeline.keys()) * 1000 };
        const axis = createTimeAxis(told);
        const bins = axis ? groupIntoBins(told, axis, 150) : [];
        const sum = (of: Iterable<{ sent: number }>): number => [...of].reduce((n, { sent }) => n + sent, 0);
        expect(sum(bins)).toBe(sum(timeline.values()));
        for (const { from } of bins) {
          expect(axis?.place(from * 1000)).toBeGreaterThanOrEqual(0);
          expect(axis?.place(from * 1000)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test('a day of work is some 150 bars', () => {
    const told = toldOf(86_400, 30);
    const axis = createTimeAxis(told);
    expect(axis && groupIntoBins(told, axis, 150).length).toBeLessThanOrEqual(150);
  });

  test('pauses, repeated attempts and 429s are marked and told', () => {
    const told = toldOf(10, 30, {
      pauses: [{ at: BEGIN + 2_000, pauseMs: 4_000, why: 'too <fast>' }],
      rates: [{ at: BEGIN + 2_000, perSecond: 15 }],
    });
    told.timeline.set(BEGIN / 1000 + 10, second);
    const figure = renderTimelineChart(told, 30);
    for (const text of ['429, too many requests: 1', 'sent again: 1', 'pauses: 1, 4 seconds']) {
      expect(figure).toContain(text);
    }
    expect(figure).toContain('limit 30 a second');
    expect(figure).toContain('class="allowed"');
    expect(figure).not.toContain('<fast>');
    expect(figure).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('pauses are told by reason, the longest first', () => {
    const pause = (why: string, pauseMs: number) => ({ at: BEGIN, why, pauseMs });
    expect(groupPausesByReason([pause('a', 10), pause('b', 30), pause('a', 5)])).toEqual([
      { why: 'b', n: 1, pauseMs: 30 },
      { why: 'a', n: 2, pauseMs: 15 },
    ]);
  });

  test('where nothing was sent, that is said', () => {
    expect(renderTimelineChart(toldOf(0, 0), 30)).toContain('Nothing was sent');
  });
});

describe('the page', () => {
  const rows = [
    resultNamed('Sales', 2),
    resultNamed('Legal', 3, 'failed', {
      detail: 'Validation Failed.',
      http: 400,
      code: 300,
      trackingId: 'T1',
    }),
  ];
  const open = { exit: { code: EXIT.unprovisioned, reason: '1 row is not provisioned' } } as const;

  test('says with scripts off what became of the run, and of each row that is not provisioned', () => {
    const text = still(pageOf(rows, undefined, open));
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

  test('allows exactly its own script and its own style', () => {
    const page = pageOf(rows, undefined, open);
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1];
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`script-src 'sha256-${sha256Base64(SCRIPT)}'`);
    expect(policy).toContain(`style-src 'sha256-${sha256Base64(STYLE)}'`);
    expect(policy).not.toContain('unsafe');
    expect(page).not.toMatch(/ (style|on\w+)=/);
    expect(page).not.toMatch(/https?:\/\/(?!api\.zoom\.us)/);
  });

  test('a simulated run is told by the title, the banner and the verdict', () => {
    const page = pageOf([resultNamed('Sales', 2)], undefined, { simulated: true });
    expect(page).toContain('<title>SIMULATED');
    expect(page).toContain('class="simulated"');
    expect(page).toContain('provisioned (simulated)');
    expect(still(pageOf([resultNamed('Sales', 2)]))).not.toMatch(/simulated/i);
  });

  test('hostile text is text wherever it comes from', () => {
    for (const text of HOSTILE) {
      const stop = { exit: EXIT.retryLater, reason: text, message: text, hint: text };
      const told = toldOf(3, 10, { stop, pauses: [{ at: BEGIN, pauseMs: 900, why: text }] });
      const detail = { detail: text, groupId: text, trackingId: text };
      const page = pageOf([resultNamed(text, 2, 'failed', detail)], told, {
        run_id: text,
        warnings: [text],
        input: { path: text, sha256: text, rows: 1 },
        target: { base_url: text, api: 'im', account_plan: 'pro', rate_per_second: 30 },
        exit: { code: EXIT.retryLater, reason: text },
      });
      expect(page.match(/<script/g), text).toHaveLength(2);
      expect(/<img|<svg onload|<!--/.test(page), text).toBe(false);
    }
  });

  test('reasons that many rows share are told once, with their number', () => {
    const many = Array.from({ length: 400 }, (_, i) =>
      resultNamed(`group ${i}`, i + 2, 'not-attempted', { detail: 'the run stopped: daily-limit' }),
    );
    const page = still(pageOf(many, undefined, open));
    expect(page).toContain('<li><b>400</b> <span class="pill s-not-attempted">not-attempted</span>');
    expect(page).toContain('The first 300 of 400');
    expect(page.match(/the run stopped: daily-limit/g)?.length).toBeLessThanOrEqual(401);
  });

  test('a longer run than a page can carry brings what is not provisioned, and says so', () => {
    const input = { path: 'big.csv', sha256: '', rows: ROWS_MAX + 1 };
    const page = pageOf(rows, undefined, { input, ...open });
    expect(page).toContain('A run of 100,001 rows is too long for a page');
    expect(page).toContain('"Legal"');
    expect(page).not.toContain('Sales');
  });

  test('a rollback is told in its own words', () => {
    const page = still(
      pageOf([resultNamed('A', 2, 'deleted'), resultNamed('B', 3, 'kept')], undefined, open),
    );
    expect(page).toContain('1 of 2 rows is not taken back: 1 deleted, 1 kept.');
    expect(page).toContain('Not taken back: 1');
  });

  test('an empty file makes a page too', () => {
    expect(still(pageOf([], toldOf(0, 0)))).toContain('The file has no rows');
  });
});
