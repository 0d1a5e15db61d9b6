/** The summary in the terminal, and the command line that it prints. */
import { execFileSync } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EXIT } from '../../src/model/stop.js';
import { formatHeadline } from '../../src/reporting/headline.js';
import { formatSummary } from '../../src/reporting/summary-text.js';
import { formatShellCommand } from '../../src/text/shell-quote.js';
import { displayWidth } from '../../src/text/visible.js';
import { summaryOf } from '../support/summary.js';

const PLAIN = { color: false, columns: 80, folder: 'r' } as const;

describe('the summary', () => {
  test('of a good run: headline, counts, time and rate, and where the results are', () => {
    const summary = summaryOf(
      { created: 1_037, 'already-provisioned': 3 },
      { requests: { sent: 1_037, retried: 0, rate_limited: 0, lists: 2 }, duration_ms: 35_880 },
    );
    expect(formatSummary(summary, { ...PLAIN, folder: 'runs/groups-1/' })).toBe(
      `${formatHeadline(summary)}

  created              1,037  created by this run
  already-provisioned      3  the group already existed

  1,037 requests in 36 s (28.9/s, limit 30/s)

  All rows  runs/groups-1/results.csv
  Report    runs/groups-1/report.html`,
    );
  });

  const UNFINISHED = summaryOf(
    { created: 5, failed: 2, unknown: 1, 'not-attempted': 4 },
    {
      simulated: true,
      not_provisioned: 7,
      reasons: [
        { status: 'not-attempted', reason: 'the run stopped', rows: 4, example: { line: 9, name: 'D' } },
        { status: 'failed', reason: 'Invalid type.', rows: 2, example: { line: 3, name: 'A "1"' } },
        { status: 'unknown', reason: 'no response', rows: 1, example: { line: 7, name: '' } },
      ],
      requests: { sent: 12, retried: 3, rate_limited: 2, lists: 2 },
      duration_ms: 725_000,
      carried_over: 1,
      warnings: ['no listing of the existing groups: the scope is missing'],
      resume_command: 'zoom-im-groups apply g.csv --resume out',
      exit: {
        code: EXIT.retryLater,
        reason: 'daily-limit',
        message: 'Zoom accepts no more requests today',
        hint: 'Resume it tomorrow.',
      },
    },
  );

  test('of an unfinished run: what went wrong, why, and the command that resumes it, once', () => {
    const text = formatSummary(UNFINISHED, { ...PLAIN, folder: 'out' });
    expect(text).toContain('12 requests in 12 min 5 s');
    expect(text).toContain('3 of them were retries');
    expect(text).toContain('Zoom rate-limited 2 requests (429)');
    expect(text).toContain('1 row done before this resume');
    expect(text).toContain('Warning: no listing of the existing groups');
    expect(text).toContain('  Not provisioned  out/failed.csv');
    expect(text).toContain(
      '  Reason:    Zoom accepts no more requests today\n  Next step: Resume it tomorrow.',
    );
    expect(text).toContain('To resume, run:\n  zoom-im-groups apply g.csv --resume out');
    expect(text.match(/--resume/g)).toHaveLength(1);
  });

  test('gives the most frequent reasons of failure with their numbers and an example each, at most five', () => {
    const text = formatSummary(UNFINISHED, PLAIN);
    expect(text).toContain(`  Most frequent reasons:
  2  failed: Invalid type.
     for example line 3 "A "1""
  1  unknown: no response
     line 7 (no name)`);
    const reasons = Array.from({ length: 8 }, (_, i) => {
      return { status: 'failed', reason: `reason ${i}`, rows: 1, example: { line: i, name: 'x' } } as const;
    });
    const many = formatSummary({ ...UNFINISHED, reasons }, PLAIN);
    expect(many.match(/reason \d/g)).toHaveLength(5);
    expect(formatSummary(summaryOf({ created: 1 }), PLAIN)).not.toContain('reasons');
  });

  test('of an interrupted run speaks of Ctrl-C, not of a signal', () => {
    const exit = { code: EXIT.interrupt, reason: 'SIGINT' } as const;
    const text = formatSummary({ ...UNFINISHED, exit }, PLAIN);
    expect(text).toContain('Ctrl-C');
    expect(text).not.toContain('SIGINT');
  });

  test('of a simulated run says so in its first line and in its last', () => {
    const lines = formatSummary(UNFINISHED, PLAIN).split('\n');
    expect(lines[0]).toMatch(/simulated/i);
    expect(lines.at(-1)).toMatch(/simulated/i);
    expect(formatSummary(summaryOf({ created: 1 }), PLAIN)).not.toMatch(/simulated/i);
  });

  test('shows only the statuses that occur', () => {
    const text = formatSummary(summaryOf({ created: 2 }), PLAIN);
    expect(text).not.toMatch(/duplicate|unknown|invalid|failed/);
  });

  test('of a file without rows has no odd numbers', () => {
    const requests = { sent: 0, retried: 0, rate_limited: 0, lists: 0 };
    const text = formatSummary(summaryOf({}, { requests, duration_ms: 0 }), PLAIN);
    expect(text).toContain('0 requests in 0 s');
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('wraps sentences at the terminal width; paths and commands stay whole, to be copied', () => {
    const command = `zoom-im-groups apply ${'long/'.repeat(30)}g.csv --resume`;
    for (const columns of [40, 60, 80, 120]) {
      const summary = { ...UNFINISHED, resume_command: command };
      const lines = formatSummary(summary, { ...PLAIN, columns, folder: 'f' }).split('\n');
      expect(lines).toContain(`  ${command}`);
      for (const line of lines) {
        if (!line.includes(command)) expect(displayWidth(line)).toBeLessThan(columns);
      }
    }
  });

  test('has colours only on request, and nothing in the file can bring its own', () => {
    const text = '\u001b[2J\u202egone\nExit 0';
    const hostile = {
      ...UNFINISHED,
      warnings: [text],
      reasons: [{ status: 'failed', reason: text, rows: 1, example: { line: 2, name: text } }] as const,
      resume_command: 'x\u001b[1A',
      exit: { ...UNFINISHED.exit, message: text, hint: text },
    };
    expect(formatSummary(hostile, PLAIN)).not.toMatch(/(?!\n)\p{Cc}|\p{Bidi_Control}|^Exit 0/mu);
    const colored = formatSummary(hostile, { ...PLAIN, color: true });
    expect(stripVTControlCharacters(colored)).toBe(formatSummary(hostile, PLAIN));
  });
});

describe('a printed command', () => {
  test.each([
    [['zoom-im-groups', 'apply', 'groups.csv', '--map=a'], 'zoom-im-groups apply groups.csv --map=a'],
    [['apply', 'new groups.csv'], "apply 'new groups.csv'"],
    [['apply', "it's.csv", ''], "apply 'it'\\''s.csv' ''"],
    [['apply', '~/g.csv', '$HOME', '=ls'], "apply '~/g.csv' '$HOME' '=ls'"],
    [['apply', 'Größe.csv'], "apply 'Größe.csv'"],
  ])('%j is printed as %s', (words, line) => {
    expect(formatShellCommand(words)).toBe(line);
  });

  test.skipIf(process.platform === 'win32')('comes out of a shell as the words that went in', () => {
    const word = fc
      .oneof(
        fc.string({ unit: 'binary' }),
        fc.string(),
        fc.string({ unit: fc.constantFrom(...`-'"\\$\`!%\n\t \u001b\u202eé`) }),
      )
      .map((text) => Buffer.from(text.replaceAll('\0', '')).toString());
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), (words) => {
        const said = execFileSync('sh', ['-c', `printf '%s\\0' ${formatShellCommand(words)}`], {
          encoding: 'utf8',
        });
        expect(said.split('\0').slice(0, -1)).toEqual(words);
      }),
      { numRuns: 60 },
    );
  });

  test('nothing in it moves the cursor or fakes a line', () => {
    expect(formatShellCommand(['a\u001b[2J', 'b\nc', '\u202ed'])).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
  });
});
