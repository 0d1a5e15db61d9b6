/** What reaches standard error, and what never does. */

import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Event, EventOf } from '../../src/events/event.js';
import { createRunState } from '../../src/events/run-state.js';
import type { RowRef } from '../../src/model/outcome.js';
import { EXIT } from '../../src/model/stop.js';
import { createProgress } from '../../src/reporting/progress.js';
import { createTerminal, type Terminal, type TerminalOptions } from '../../src/terminal/terminal.js';
import { encodedForms } from '../../src/text/redact.js';
import { displayWidth } from '../../src/text/visible.js';
import { command, folder } from '../support/command.js';
import { hasPty, inPty } from '../support/pty.js';

const AT = 1_767_323_045_000;
const CLEAR = '\r\u001b[K';

type Given = Partial<Omit<TerminalOptions, 'stream'>> & {
  readonly isTTY?: boolean;
  readonly columns?: number;
};

/** A terminal on a stream that records all that is written: each write as one piece. */
function opened({ isTTY = false, columns = 80, ...options }: Given = {}): {
  readonly terminal: Terminal;
  readonly writes: string[];
  readonly lines: () => readonly string[];
} {
  const writes: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (text: string, _, done) => {
      writes.push(text);
      done();
    },
  });
  Object.assign(stream, { isTTY, columns });
  const plain = {
    quiet: false,
    format: undefined,
    level: undefined,
    color: false,
    simulated: false,
  } as const;
  const lines = (): readonly string[] => writes.join('').split('\n').slice(0, -1);
  return { terminal: createTerminal({ stream, now: () => AT, ...plain, ...options }), writes, lines };
}

const SALES: RowRef = { key: 'sales', fingerprint: '', name: 'Sales', line: 17 };

/** A reply after which a row has failed. */
function failed(name: string): Event {
  const outcome = {
    status: 'failed',
    detail: 'Validation Failed. type: Invalid field.',
    httpStatus: 400,
    code: 300,
    trackingId: 'WEB_1',
  } as const;
  return {
    ...{ type: 'reply', at: AT, step: 1, n: 1, label: 'medium', reply: { type: 'rejected' } },
    outcomes: [{ ...SALES, name, outcome }],
  };
}

const RUN: EventOf<'run'> = {
  ...{ type: 'run', at: AT, schemaVersion: 2, runId: 'r', toolVersion: '0', command: 'apply' },
  ...{ resumed: false, simulated: true },
  input: { path: 'a.csv', sha256: '', rows: 1, items: 1, isClean: true },
  target: { baseUrl: 'http://127.0.0.1', api: 'im', accountPlan: 'pro', perSecond: 30 },
  shape: {
    ...{ resource: 'groups', options: { api: 'im' }, skipInvalid: false },
    dialect: { encoding: '', delimiter: '', map: {} },
  },
};

const FAILED = failed('Sales');

const STOPPED: Event = {
  type: 'stop',
  at: AT,
  stop: {
    exit: 4,
    reason: 'daily-limit',
    message: 'the daily limit is used up',
    hint: 'Run it again tomorrow.',
  },
};

const SENT: EventOf<'attempt'> = {
  ...{ type: 'attempt', at: AT, step: 1, n: 1, operation: 'create', label: 'medium', effect: 'write' },
  rows: [SALES],
};

const RETRIED: Event = {
  ...{ type: 'reply', at: AT, step: 1, n: 1, label: 'medium', retryInMs: 1_250 },
  reply: {
    ...{ type: 'transient', ambiguous: true, httpStatus: 503 },
    ...{ message: 'Service Unavailable', trackingId: 'WEB_2' },
  },
};

const CREATED: Event = {
  ...{ type: 'reply', at: AT, step: 1, n: 2, label: 'medium', reply: { type: 'success', httpStatus: 201 } },
  outcomes: [{ ...SALES, outcome: { status: 'created', detail: '' } }],
};

afterEach(() => {
  vi.useRealTimers();
});

describe('log lines', () => {
  test('are NDJSON if there is no terminal', () => {
    const { terminal, lines } = opened({ simulated: true });
    terminal.event(RUN);
    terminal.event(FAILED);
    expect(lines().map((line) => JSON.parse(line))).toEqual([
      {
        level: 'error',
        time: new Date(AT).toISOString(),
        simulated: true,
        runId: 'r',
        line: 17,
        name: 'Sales',
        status: 'failed',
        httpStatus: 400,
        code: 300,
        trackingId: 'WEB_1',
        msg: 'line 17 "Sales" failed: Validation Failed. type: Invalid field.',
      },
    ]);
  });

  test('are plain lines on a terminal', () => {
    const { terminal, lines } = opened({ isTTY: true, simulated: true });
    terminal.event(FAILED);
    expect(lines()[0]).toMatch(
      /^\d\d:\d\d:\d\d error {2}simulated: line 17 "Sales" failed: Validation Failed\./,
    );
    expect(lines()[0]).toMatch(/ {2}httpStatus=400 code=300 trackingId=WEB_1$/);
  });

  test('have colours only if they are wanted', () => {
    const plain = opened({ format: 'pretty' });
    const colored = opened({ format: 'pretty', color: true });
    for (const { terminal } of [plain, colored]) terminal.event(FAILED);
    expect(colored.writes.join('')).toContain('\u001b[31merror');
    expect(stripVTControlCharacters(colored.writes.join(''))).toBe(plain.writes.join(''));
    expect(plain.writes.join('')).not.toContain('\u001b');
  });

  test('name a stop with what to do next, and a pause with its reason', () => {
    const { terminal, lines } = opened({ format: 'pretty' });
    const reason = "Zoom's per-second limit";
    terminal.event({ type: 'pace', at: AT, label: 'medium', perSecond: 15, pauseMs: 1_000, reason });
    terminal.event(STOPPED);
    expect(lines()[0]).toContain("warn   paused 1 s: Zoom's per-second limit; then 15 requests/s");
    expect(lines()[1]).toContain('error  the daily limit is used up. Run it again tomorrow.');
  });

  test('leave out what a retry fixed, unless the level is debug: then a line a retry', () => {
    const info = opened();
    const debug = opened({ level: 'debug', format: 'pretty' });
    for (const { terminal } of [info, debug]) {
      terminal.event(SENT);
      terminal.event(RETRIED);
      terminal.event({ ...SENT, n: 2 });
      terminal.event(CREATED);
    }
    expect(info.writes).toEqual([]);
    expect(debug.lines()).toHaveLength(1);
    expect(debug.lines()[0]).toMatch(
      /debug {2}line 17 "Sales": Service Unavailable; retrying in 1\.3 s {2}httpStatus=503/,
    );
  });
});

describe('quiet', () => {
  test('prints nothing, not even a failed row; only messages that are always printed', () => {
    vi.useFakeTimers();
    const { terminal, writes } = opened({ quiet: true, isTTY: true });
    terminal.show(createProgress(10, 30, createRunState()));
    terminal.log('error', 'trouble');
    terminal.event(FAILED);
    terminal.event(STOPPED);
    terminal.say('hello');
    vi.advanceTimersByTime(100_000);
    expect(writes).toEqual([]);
    terminal.say(['Stopped: the daily limit.', 'Run it again tomorrow.'], { always: true });
    expect(writes.join('')).toBe('Stopped: the daily limit.\nRun it again tomorrow.\n');
  });

  test('prints plain text to cron, which mails it', () => {
    const { terminal, writes } = opened({ quiet: true });
    terminal.say('Stopped.', { always: true });
    expect(writes.join('')).toBe('Stopped.\n');
  });

  test('logs if a level is given', () => {
    const { terminal, lines } = opened({ quiet: true, level: 'warn' });
    terminal.event(FAILED);
    terminal.log('info', 'no');
    expect(lines()).toHaveLength(1);
  });

  test.each([
    'pretty',
    'json',
  ] as const)('says nothing below the level, except what is always said: %s', (format) => {
    const { terminal, lines } = opened({ level: 'error', format });
    terminal.say('Columns: name');
    expect(lines()).toEqual([]);
    terminal.say('stopping', { always: true });
    expect(lines()).toHaveLength(1);
  });
});

describe('progress', () => {
  test('on a terminal is one line, drawn over in single writes, and gone at the end', () => {
    vi.useFakeTimers();
    const { terminal, writes } = opened({ isTTY: true });
    const state = createRunState();
    terminal.show(createProgress(10, 30, state));
    state.counts.set('created', 4);
    vi.advanceTimersByTime(1_000);
    terminal.say('in between');
    terminal.end();
    vi.advanceTimersByTime(10_000);
    const bar = '██████░░░░░░░░░░  4/10';
    expect(writes).toEqual([
      `${CLEAR}░░░░░░░░░░░░░░░░  0/10`,
      `${CLEAR}${bar}`,
      `${CLEAR}in between\n${bar}`,
      CLEAR,
    ]);
  });

  test('is drawn at most ten times a second, and not at all while nothing changes', () => {
    vi.useFakeTimers();
    const { terminal, writes } = opened({ isTTY: true });
    const state = createRunState();
    terminal.show(createProgress(100_000, 30, state));
    for (let i = 0; i < 1_000; i++) {
      state.counts.set('created', i);
      vi.advanceTimersByTime(1);
    }
    expect(writes.length).toBeLessThanOrEqual(11);
    vi.advanceTimersByTime(5_000);
    expect(writes.length).toBeLessThanOrEqual(12);
    terminal.end();
  });

  test.each([
    ['no terminal', { isTTY: false }],
    ['JSON on a terminal', { isTTY: true, format: 'json' }],
    ['a dumb terminal', { isTTY: true, redraws: false }],
  ] as const)('with %s is a line every 30 s', (_, given) => {
    vi.useFakeTimers();
    const { terminal, lines, writes } = opened(given);
    terminal.show(createProgress(1_000, 30, createRunState()));
    vi.advanceTimersByTime(29_000);
    expect(writes).toEqual([]);
    vi.advanceTimersByTime(62_000);
    expect(lines()).toHaveLength(3);
    expect(lines()[0]).toContain('0 of 1,000 rows');
    terminal.end();
    vi.advanceTimersByTime(60_000);
    expect(lines()).toHaveLength(3);
  });

  test('follows the width of the terminal', () => {
    vi.useFakeTimers();
    for (const columns of [10, 40, 80]) {
      const { terminal, writes } = opened({ isTTY: true, columns, simulated: true });
      const counts = new Map([
        ['created', 123_449],
        ['failed', 7],
      ] as const);
      terminal.show(createProgress(1_000_000, 30, { ...createRunState(), counts }));
      expect(displayWidth(writes.join('').replace(CLEAR, ''))).toBeLessThan(columns);
      terminal.end();
    }
  });
});

describe('hostile text', () => {
  const HOSTILE = 'a\u001b[2J\u001b]0;title\u0007b\r\n{"level":"info"}\u202egnp\u009b1A\u2028z';

  test("can't move the cursor nor fake a line, in any format", () => {
    for (const format of ['pretty', 'json'] as const) {
      const { terminal, writes, lines } = opened({ format, isTTY: true, level: 'trace' });
      terminal.log('warn', HOSTILE, { field: HOSTILE, [HOSTILE]: [HOSTILE] });
      terminal.event(failed(HOSTILE));
      expect(lines()).toHaveLength(2);
      expect(writes.join('').replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028]/u);
    }
  });

  test('is still the same text to a program that reads the JSON', () => {
    const { terminal, lines } = opened();
    terminal.log('warn', HOSTILE);
    expect(JSON.parse(lines()[0] ?? '').msg).toBe(HOSTILE);
  });

  test('in a message adds no line: only the caller does', () => {
    const { terminal, writes } = opened({ isTTY: true });
    terminal.say('in /tmp/a\nAll groups were created\u001b[1A\r');
    expect(writes.join('')).toBe('in /tmp/a\\nAll groups were created\\u{1b}[1A\\r\n');
    terminal.say(['one', 'two\nthree']);
    expect(writes.slice(1).join('')).toBe('one\ntwo\\nthree\n');
  });

  test.each([
    '\n',
    '\r',
    '\u2028',
    '\u001b[2K',
  ])('in a path (%j) adds no line to what a command prints', async (text) => {
    const { code, stderr } = await command(['apply', '--resume', `no run${text}Done`, '--simulate']);
    expect(code).toBe(EXIT.usage);
    expect(stderr.split('\n')).toHaveLength(3);
    expect(stderr.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028]/u);
  });

  test('in a message of several lines is one record to a program that reads the JSON', () => {
    const { terminal, lines } = opened();
    terminal.say(['one', 'two\nthree']);
    expect(lines().map((line) => JSON.parse(line).msg)).toEqual(['one\ntwo\nthree']);
  });
});

describe('a secret', () => {
  const secret = fc
    .string({ unit: 'binary', minLength: 6, maxLength: 40 })
    .filter((text) => new Set(text).size > 4 && !text.includes('*') && Buffer.from(text).toString() === text);

  test('is never written: not plain, in a URL, a form, JSON or base64', () => {
    fc.assert(
      fc.property(
        secret,
        fc.string({ maxLength: 5 }),
        fc.constantFrom('pretty', 'json'),
        (hidden, id, format) => {
          const { terminal, writes } = opened({ format, level: 'debug' });
          terminal.hide(() => [hidden]);
          const echoes = [
            hidden,
            encodeURIComponent(hidden),
            new URLSearchParams({ s: hidden }).toString(),
            JSON.stringify({ s: hidden }),
            Buffer.from(hidden).toString('base64'),
            Buffer.from(`${id}:${hidden}`).toString('base64'),
            Buffer.from(`${id}:${hidden}`).toString('base64url'),
          ];
          for (const echo of echoes) {
            terminal.log('warn', `said ${echo}.`, { deep: { list: [echo] } });
            terminal.event(failed(echo));
            terminal.say(echo);
          }
          const written = writes.join('');
          const json = JSON.stringify(hidden).slice(1, -1);
          expect(written).not.toContain(hidden);
          expect(written).not.toContain(json);
          for (const form of encodedForms(hidden)) expect(written).not.toContain(form);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('inside an Authorization header is found, wherever it is', () => {
    const { terminal, writes } = opened();
    terminal.hide(() => ['s3cr3t-Value/+x']);
    for (const id of ['', 'a', 'ab', 'abc', 'client-id']) {
      terminal.log('warn', Buffer.from(`${id}:s3cr3t-Value/+x`).toString('base64'));
    }
    const said = writes.map((line) => JSON.parse(line).msg as string);
    for (const one of said) {
      expect(one).toContain('***');
      expect(Buffer.from(one.replaceAll('***', ''), 'base64').toString()).not.toContain('cr3t');
    }
  });

  test('that comes later is hidden from then on, a new token like the first', () => {
    const tokens = ['token-one'];
    const { terminal, lines } = opened();
    terminal.hide(() => tokens);
    tokens.push('token-two');
    terminal.log('warn', 'token-one token-two');
    expect(lines()[0]).toContain('"*** ***"');
  });
});

describe('a stream that breaks', () => {
  const broken: readonly (readonly [string, Writable])[] = [
    [
      'throws',
      new Writable({
        write: () => {
          throw new Error('EIO');
        },
      }),
    ],
    ['fails (ENOSPC)', new Writable({ write: (_, __, done) => done(new Error('ENOSPC')) })],
    ['is gone (EPIPE)', new Writable().destroy()],
  ];

  test.each(broken)('and %s stops nothing', async (_, stream) => {
    const mute = { quiet: false, format: undefined, level: undefined, color: false, simulated: false };
    const broke = createTerminal({ stream: Object.assign(stream, { isTTY: true }), ...mute });
    broke.show(createProgress(10, 30, createRunState()));
    for (let i = 0; i < 3; i++) {
      broke.log('error', 'one');
      broke.event(FAILED);
      broke.say('two');
      await new Promise((next) => setImmediate(next));
    }
    broke.end();
  });
});

describe.skipIf(!hasPty)('in a real terminal', () => {
  const SAMPLE = fileURLToPath(new URL('../../samples/groups.csv', import.meta.url));

  test.each([40, 100])('of %i columns the bar stays in its line and leaves a clean one', async (columns) => {
    const { code, text } = await inPty(['apply', SAMPLE, '--simulate'], { columns, cwd: folder() });
    expect(code).toBe(0);
    const frames = text.split(CLEAR).slice(1);
    expect(frames.length).toBeGreaterThan(4);
    for (const frame of frames.slice(0, -1)) {
      expect(frame).not.toContain('\n');
      expect(frame).toMatch(/^simulated {2}/);
      expect(displayWidth(stripVTControlCharacters(frame))).toBeLessThan(columns);
    }
    // After the last one the line is clean, and the summary begins in it.
    expect(stripVTControlCharacters(frames.at(-1) ?? '')).toMatch(/^All /);
    expect(text.endsWith('\r\n')).toBe(true);
  });

  test('quiet shows nothing at all', async () => {
    const { code, text } = await inPty(['apply', SAMPLE, '--simulate', '--quiet'], { cwd: folder() });
    expect({ code, text }).toEqual({ code: 0, text: '' });
  });
});
