/** The summary that a person reads, and the command line that it prints. */
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

const PLAIN = { color: false, columns: 80 } as const;

describe('the summary', () => {
  test('of a good run: the verdict, counts, time and rate, where the results are', () => {
    const summary = summaryOf(
      { created: 1_037, 'already-provisioned': 3 },
      { requests: { sent: 1_037, retried: 0, rate_limited: 0, lists: 2 }, duration_ms: 35_880 },
    );
    expect(formatSummary(summary, { ...PLAIN, folder: 'runs/groups-1/' })).toBe(
      `${formatHeadline(summary)}

  created              1,037  new in Zoom
  already-provisioned      3  the name was there

  1,037 requests in 36 s, 28.9/s of 30/s

  Every row   runs/groups-1/results.csv
  Report      runs/groups-1/report.html`,
    );
  });

  const UNFINISHED = summaryOf(
    { created: 5, failed: 2, unknown: 1, 'not-attempted': 4 },
    {
      simulated: true,
      not_provisioned: 7,
      requests: { sent: 12, retried: 3, rate_limited: 2, lists: 2 },
      duration_ms: 725_000,
      carried_over: 1,
      warnings: ['no listing of the existing groups: the scope is missing'],
      exit: { code: EXIT.retryLater, reason: 'daily-limit' },
    },
  );

  test('of an unfinished run: what went wrong, the rows to mend, and the command that goes on', () => {
    const text = formatSummary(UNFINISHED, {
      ...PLAIN,
      folder: 'out',
      goOn: 'zoom-im-groups apply g.csv --resume out',
    });
    expect(text).toContain('12 requests in 12 min 5 s');
    expect(text).toContain('3 were retries, 2 answered with 429');
    expect(text).toContain('1 row had been done when this run was resumed');
    expect(text).toContain('Warning: no listing of the existing groups');
    expect(text).toContain('out/failed.csv');
    expect(text).toMatch(/^ {2}zoom-im-groups apply g\.csv --resume out$/m);
  });

  test('a simulated one says so in its first line and in its last', () => {
    const lines = formatSummary(UNFINISHED, PLAIN).split('\n');
    expect(lines[0]).toMatch(/simulated/i);
    expect(lines.at(-1)).toMatch(/simulated/i);
    expect(formatSummary(summaryOf({ created: 1 }), PLAIN)).not.toMatch(/simulated/i);
  });

  test('shows only the statuses that occur', () => {
    const text = formatSummary(summaryOf({ created: 2 }), PLAIN);
    expect(text).not.toMatch(/duplicate|unknown|invalid|failed/);
  });

  test('of a file without rows is calm', () => {
    const requests = { sent: 0, retried: 0, rate_limited: 0, lists: 0 };
    const text = formatSummary(summaryOf({}, { requests, duration_ms: 0 }), PLAIN);
    expect(text).toContain('0 requests in 0.0 s');
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('words keep to the columns; paths and commands stay whole, to be copied', () => {
    const goOn = `zoom-im-groups apply ${'long/'.repeat(30)}g.csv`;
    for (const columns of [40, 60, 80, 120]) {
      const lines = formatSummary(UNFINISHED, { ...PLAIN, columns, goOn, folder: 'f' }).split('\n');
      expect(lines).toContain(`  ${goOn}`);
      for (const line of lines) if (!line.includes(goOn)) expect(displayWidth(line)).toBeLessThan(columns);
    }
  });

  test('has colours only where they are wanted, and nothing of the file can bring its own', () => {
    const hostile = { ...UNFINISHED, warnings: ['\u001b[2J\u202egone\nExit 0'] };
    expect(formatSummary(hostile, { ...PLAIN, goOn: 'x\u001b[1A' })).not.toMatch(
      /(?!\n)\p{Cc}|\p{Bidi_Control}|^Exit 0/mu,
    );
    const colored = formatSummary(hostile, { ...PLAIN, color: true });
    expect(stripVTControlCharacters(colored)).toBe(formatSummary(hostile, PLAIN));
  });
});

describe('a command to go on', () => {
  test.each([
    [['zoom-im-groups', 'apply', 'groups.csv', '--map=a'], 'zoom-im-groups apply groups.csv --map=a'],
    [['apply', 'new groups.csv'], "apply 'new groups.csv'"],
    [['apply', "it's.csv", ''], "apply 'it'\\''s.csv' ''"],
    [['apply', '~/g.csv', '$HOME', '=ls'], "apply '~/g.csv' '$HOME' '=ls'"],
    [['apply', 'Größe.csv'], "apply 'Größe.csv'"],
  ])('%j is typed as %s', (words, line) => {
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
