/** A problem of a file, as one line for a terminal or a log. */
import { describe, expect, it } from 'vitest';
import { formatProblem, type Problem } from '../../src/validation/problem.js';

describe('a problem as a line', () => {
  const problem: Problem = { line: 12, column: 3, rule: 'type-unknown', message: 'what to do', value: 'x' };

  it('is FILE:LINE:COLUMN rule-id message (value)', () => {
    expect(formatProblem('groups.csv', problem)).toBe('groups.csv:12:3 type-unknown what to do (x)');
    expect(formatProblem('groups.csv', { ...problem, value: '' })).toBe(
      'groups.csv:12:3 type-unknown what to do (empty)',
    );
  });

  it('writes out what a terminal would obey or hide', () => {
    const value = 'a\u001b[31m\r\n\tb\u202e\u200b\u2028';
    const line = formatProblem('x\u001b.csv', { ...problem, value, message: 'see "\u0007"' });
    expect(line).toBe(
      'x\\u{1b}.csv:12:3 type-unknown see "\\u{7}" (a\\u{1b}[31m\\r\\n\\tb\\u{202e}\\u{200b}\\u{2028})',
    );
  });

  it('cuts a long value short', () => {
    const line = formatProblem('a.csv', { ...problem, value: '🚲'.repeat(50_000) });
    expect(line).toBe(`a.csv:12:3 type-unknown what to do (${'🚲'.repeat(80)}…)`);
  });
});
