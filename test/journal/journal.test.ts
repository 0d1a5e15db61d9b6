import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Event, type EventOf, SCHEMA_VERSION } from '../../src/events/event.js';
import { readFirstAndLastEvent, readJournal } from '../../src/journal/reader.js';
import { createJournal, type Journal, reopenJournal } from '../../src/journal/writer.js';
import { EXIT, FatalError } from '../../src/model/stop.js';
import { realDisk } from '../../src/storage/disk.js';
import { JOURNAL_FILE } from '../../src/storage/run-folder.js';
import { type Fault, faultyDisk, noSpace } from '../support/faulty-disk.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
  path = join(folder, JOURNAL_FILE);
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const header: EventOf<'run'> = {
  type: 'run',
  at: 1,
  schemaVersion: SCHEMA_VERSION,
  runId: 'r',
  toolVersion: '0',
  command: 'apply',
  resumed: false,
  simulated: true,
  input: { path: 'a.csv', sha256: '', rows: 1, items: 1, isClean: true },
  target: { baseUrl: 'http://127.0.0.1', api: 'im', accountPlan: 'pro', perSecond: 30 },
  shape: {
    resource: 'groups',
    options: { api: 'im' },
    skipInvalid: false,
    dialect: { encoding: '', delimiter: '', map: {} },
  },
};

function attempt(name: string, line = 2): Event {
  const rows = [{ key: name.toLowerCase(), fingerprint: '', name, line }];
  return {
    type: 'attempt',
    at: 2,
    step: 1,
    n: 1,
    operation: 'create',
    label: 'medium',
    effect: 'write',
    rows,
  };
}

async function read(of = folder): Promise<readonly Event[]> {
  const events: Event[] = [];
  for (const batch of readJournal(of)) events.push(...batch);
  return events;
}

async function written(...events: readonly Event[]): Promise<void> {
  const journal = createJournal(folder);
  for (const event of events) journal.record(event);
  await journal.close();
}

async function stopOf(doing: () => unknown): Promise<FatalError['stop'] | undefined> {
  try {
    await doing();
  } catch (error) {
    if (error instanceof FatalError) return error.stop;
    throw error;
  }
  return undefined;
}

describe('a journal', () => {
  test('returns what was recorded, in order, and continues where it ended', async () => {
    await written(header, attempt('Grüße 🎉'));
    const journal = reopenJournal(folder);
    journal.record({ ...header, resumed: true });
    journal.record(attempt('line\nbreak "quoted" \u2028'));
    await journal.close();
    const events = [header, attempt('Grüße 🎉'), { ...header, resumed: true }];
    expect(await read()).toEqual([...events, attempt('line\nbreak "quoted" \u2028')]);
  });

  test('is readable by its owner only, and its name is durable before the first line', () => {
    const { disk, calls } = faultyDisk();
    const journal = createJournal(folder, disk);
    journal.record(header);
    expect(calls).toEqual(['create', 'syncFolder', 'write']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('is never overwritten: another one in the same folder is refused', async () => {
    await written(header);
    expect(await stopOf(() => createJournal(folder))).toMatchObject({
      exit: EXIT.usage,
      hint: expect.stringContaining('--resume'),
    });
    expect(await read()).toEqual([header]);
  });

  test('has each event in the file when record returns', () => {
    const journal = createJournal(folder);
    journal.record(header);
    for (let line = 2; line < 50; line += 1) {
      journal.record(attempt(`group ${line}`, line));
      expect(readFileSync(path, 'utf8').endsWith(`${JSON.stringify(attempt(`group ${line}`, line))}\n`)).toBe(
        true,
      );
    }
  });

  test('reads lines that are longer than one read', async () => {
    const long: Event = { type: 'input', at: 1, text: 'ä'.repeat(700_000) };
    await written(header, long, attempt('after'));
    expect(await read()).toEqual([header, long, attempt('after')]);
    appendFileSync(path, JSON.stringify(long).slice(0, -9));
    await reopenJournal(folder).close();
    expect(await read()).toEqual([header, long, attempt('after')]);
  });

  test('takes no event after it is closed', async () => {
    const journal = createJournal(folder);
    await journal.close();
    await journal.close();
    expect(() => journal.record(header)).toThrow('closed');
  });
});

describe('what is recorded becomes durable', () => {
  function counting(): { journal: Journal; syncs: () => number } {
    const { disk, calls } = faultyDisk();
    const journal = createJournal(folder, disk);
    return { journal, syncs: () => calls.filter((name) => name === 'syncData').length };
  }

  test('after 32 records', () => {
    const { journal, syncs } = counting();
    for (let line = 1; line < 32; line += 1) journal.record(attempt('a', line));
    expect(syncs()).toBe(0);
    journal.record(attempt('a', 32));
    expect(syncs()).toBe(1);
  });

  test('after 250 ms, also if the sync before was still under way', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let finish: () => void = () => undefined;
    const calls: string[] = [];
    const syncData = (): Promise<void> => {
      calls.push('syncData');
      return new Promise((resolve) => {
        finish = resolve;
      });
    };
    const journal = createJournal(folder, { ...realDisk, syncData });
    journal.record(header);
    vi.advanceTimersByTime(249);
    expect(calls.length).toBe(0);
    vi.advanceTimersByTime(1);
    expect(calls.length).toBe(1);
    journal.record(attempt('meanwhile'));
    vi.advanceTimersByTime(250);
    expect(calls.length).toBe(1);
    finish();
    await new Promise(setImmediate);
    vi.advanceTimersByTime(250);
    expect(calls.length).toBe(2);
  });

  test('when sync or close is awaited, with what was recorded during a sync', async () => {
    const { journal, syncs } = counting();
    for (let line = 1; line <= 33; line += 1) journal.record(attempt('a', line));
    await journal.sync();
    expect(syncs()).toBe(2);
    await journal.sync();
    expect(syncs()).toBe(2);
    journal.record(attempt('last'));
    await journal.close();
    expect(syncs()).toBe(3);
  });

  test('or else the next record fails, and every one after it', async () => {
    const journal = createJournal(folder, { ...realDisk, syncData: () => Promise.reject(noSpace()) });
    journal.record(header);
    expect(await stopOf(() => journal.sync())).toMatchObject({ exit: EXIT.unwritable });
    for (let i = 0; i < 2; i += 1) {
      expect(await stopOf(() => journal.record(attempt('a')))).toMatchObject({
        reason: 'journal-unwritable',
      });
    }
    expect(await stopOf(() => journal.close())).toMatchObject({ exit: EXIT.unwritable });
    expect(await read()).toEqual([header]);
  });
});

describe('on a disk that fails', () => {
  const events = [header, attempt('one'), attempt('two'), attempt('three')];

  /** Records everything, and returns which events were accepted. */
  async function tryAll(
    fault: Fault,
  ): Promise<{ kept: Event[]; stops: FatalError['stop'][]; failed: boolean }> {
    const kept: Event[] = [];
    const stops: FatalError['stop'][] = [];
    const { disk, failed } = faultyDisk(fault);
    let journal: Journal | undefined;
    const begin = await stopOf(() => {
      journal = createJournal(folder, disk);
    });
    if (begin) stops.push(begin);
    for (const event of journal ? events : []) {
      const stop = await stopOf(() => journal?.record(event));
      if (stop) stops.push(stop);
      else kept.push(event);
    }
    const end = await stopOf(() => journal?.close());
    if (end) stops.push(end);
    return { kept, stops, failed: failed() };
  }

  test.each<Fault['how']>([
    'refused',
    'half',
  ])('every accepted event can be read, and no other, whichever call is %s', async (how) => {
    for (let at = 1; ; at += 1) {
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
      const { kept, stops, failed } = await tryAll({ at, how });
      if (!failed) {
        expect({ kept, stops }).toEqual({ kept: events, stops: [] });
        expect(at).toBeGreaterThan(6);
        return;
      }
      for (const stop of stops) {
        expect(stop).toMatchObject({ exit: EXIT.unwritable, reason: 'journal-unwritable' });
        expect(stop.message).toBe(`${path} could not be written: no space left on device`);
        expect(stop.hint).toContain('--resume');
      }
      // Half a line is cut off at once, so that other readers find whole lines only.
      if (how === 'half' && kept.length > 0) expect(readFileSync(path, 'utf8'), `call ${at}`).toMatch(/\n$/);
      // Only closing the file may fail silently: everything is durable by then.
      expect(stops.length > 0 || kept.length === events.length, `call ${at}`).toBe(true);
      if (kept[0] === header) expect(await read(), `call ${at}`).toEqual(kept);
      // What could not be created leaves nothing behind that would prevent a second try.
      else if (kept.length === 0 && at <= 2) expect(readdirSync(folder)).toEqual([]);
    }
  });

  test('a line that was cut short is removed before the next one, once the disk works again', async () => {
    let full = false;
    const disk = {
      ...realDisk,
      write: (fd: number, bytes: Uint8Array) => {
        if (full && bytes.length < 60) throw noSpace();
        return realDisk.write(fd, full ? bytes.subarray(0, 50) : bytes);
      },
      truncate: (of: string, length: number) => {
        if (full) throw noSpace();
        realDisk.truncate(of, length);
      },
    };
    const journal = createJournal(folder, disk);
    journal.record(header);
    full = true;
    expect(await stopOf(() => journal.record(attempt('lost')))).toBeDefined();
    expect(readFileSync(path, 'utf8').endsWith('\n')).toBe(false);
    expect(await stopOf(() => journal.record(attempt('lost too')))).toBeDefined();
    full = false;
    journal.record(attempt('kept'));
    await journal.close();
    expect(await read()).toEqual([header, attempt('kept')]);
  });

  test('a repair that fails does no harm: the torn bytes are in the journal or saved beside it', async () => {
    const torn = '{"type":"attempt","at":5,"na';
    for (let at = 1; ; at += 1) {
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
      await written(header, attempt('one'));
      appendFileSync(path, torn);
      const { disk, failed } = faultyDisk({ at, how: 'refused' });
      const stop = await stopOf(() => reopenJournal(folder, disk).close());
      if (!failed()) break;
      if (stop) expect(stop).toMatchObject({ exit: EXIT.unwritable });
      const aside = readdirSync(folder).filter((name) => name.startsWith('journal.torn-'));
      const everything = [JOURNAL_FILE, ...aside]
        .map((name) => readFileSync(join(folder, name), 'utf8'))
        .join('');
      expect(everything).toContain(torn);
      const journal = reopenJournal(folder);
      journal.record(attempt('two'));
      await journal.close();
      expect(await read()).toEqual([header, attempt('one'), attempt('two')]);
    }
    expect(readdirSync(folder).sort()).toEqual([JOURNAL_FILE, 'journal.torn-1']);
  });
});

describe('a journal that is taken away during a run', () => {
  const ways: readonly (readonly [string, string, () => void])[] = [
    ['deleted', 'was deleted, moved or renamed', () => rmSync(path)],
    ['renamed', 'was deleted, moved or renamed', () => renameSync(path, `${path}.old`)],
    [
      'replaced by a copy',
      'was replaced by another file',
      () => {
        copyFileSync(path, `${path}.copy`);
        renameSync(`${path}.copy`, path);
      },
    ],
    ['truncated', 'bytes', () => truncateSync(path, 10)],
  ];

  test.each(ways)('%s: the next sync reports it, and every record after that', async (_, words, takeAway) => {
    const journal = createJournal(folder);
    journal.record(header);
    await journal.sync();
    takeAway();
    for (let line = 2; line < 34; line += 1) journal.record(attempt('a', line));
    const stop = await stopOf(() => journal.record(attempt('b')));
    expect(stop).toMatchObject({ exit: EXIT.unwritable, reason: 'journal-gone' });
    expect(stop?.message).toContain(words);
    expect(`${stop?.message} ${stop?.hint}`).not.toMatch(/nothing was sent/i);
    expect(await stopOf(() => journal.close())).toMatchObject({ reason: 'journal-gone' });
  });

  test.each(ways)('%s after the last record: the end reports it', async (_, words, takeAway) => {
    const journal = createJournal(folder);
    journal.record(header);
    await journal.sync();
    takeAway();
    const stop = await stopOf(() => journal.sync());
    expect(stop).toMatchObject({ exit: EXIT.unwritable, reason: 'journal-gone' });
    expect(stop?.message).toContain(words);
    await stopOf(() => journal.close());
  });

  test('is checked for once for each group of records, not at each record', async () => {
    let checks = 0;
    const identify = (file: number | string): string | undefined => {
      if (typeof file === 'string') checks += 1;
      return realDisk.identify(file);
    };
    const journal = createJournal(folder, { ...realDisk, identify });
    for (let line = 0; line < 64; line += 1) journal.record(attempt('a', line));
    await journal.close();
    expect(checks).toBeLessThan(5);
  });

  test('and replaced: cutting back half a line never touches the other file', async () => {
    let full = false;
    const write = (fd: number, bytes: Uint8Array): number => {
      if (full) throw noSpace();
      return realDisk.write(fd, bytes);
    };
    const journal = createJournal(folder, { ...realDisk, write });
    journal.record(header);
    rmSync(path);
    writeFileSync(path, 'x'.repeat(10_000));
    full = true;
    await stopOf(() => journal.record(attempt('lost')));
    await stopOf(() => journal.close());
    expect(statSync(path).size).toBe(10_000);
  });
});

describe('a torn tail', () => {
  test('is left out, saved aside and cut off, wherever in the last line the crash happened', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 20 }), async (name) => {
        rmSync(folder, { recursive: true });
        mkdirSync(folder);
        await written(header, attempt('whole'));
        const before = readFileSync(path);
        const last = Buffer.from(`${JSON.stringify(attempt(name))}\n`);
        for (let cut = 0; cut < last.length; cut += 1) {
          writeFileSync(path, Buffer.concat([before, last.subarray(0, cut)]));
          expect(await read()).toEqual([header, attempt('whole')]);
          const journal = reopenJournal(folder, {
            ...realDisk,
            sync: () => undefined,
            syncFolder: () => undefined,
          });
          journal.record(attempt('next'));
          await journal.close();
          expect(await read()).toEqual([header, attempt('whole'), attempt('next')]);
          const aside = join(folder, 'journal.torn-1');
          if (cut === 0) expect(readdirSync(folder)).toEqual([JOURNAL_FILE]);
          else expect(readFileSync(aside)).toEqual(last.subarray(0, cut));
          rmSync(aside, { force: true });
        }
      }),
      { numRuns: 3 },
    );
  });

  test('may have its line end but not its middle', async () => {
    await written(header, attempt('whole'));
    appendFileSync(path, `{"type":"attempt",${'\0'.repeat(40)}}\n`);
    expect(await read()).toEqual([header, attempt('whole')]);
    const journal = reopenJournal(folder);
    journal.record(attempt('next'));
    await journal.close();
    expect(await read()).toEqual([header, attempt('whole'), attempt('next')]);
    expect(statSync(join(folder, 'journal.torn-1')).mode & 0o777).toBe(0o600);
  });

  test('of a second crash is saved beside that of the first', async () => {
    await written(header);
    for (const torn of ['{"first', '{"second']) {
      appendFileSync(path, torn);
      await reopenJournal(folder).close();
    }
    expect(readFileSync(join(folder, 'journal.torn-1'), 'utf8')).toBe('{"first');
    expect(readFileSync(join(folder, 'journal.torn-2'), 'utf8')).toBe('{"second');
  });
});

describe('damage', () => {
  test('anywhere before the last line is refused, with its line and byte', async () => {
    const events = [header, attempt('one'), attempt('zwölf', 3), attempt('three', 4)];
    await written(...events);
    const whole = readFileSync(path);
    const lines = events.map((event) => Buffer.byteLength(JSON.stringify(event)) + 1);
    let from = lines[0] ?? 0;
    for (const [i, length] of lines.slice(1, -1).entries()) {
      for (const damage of ['\0', '}', '\xff', '\n']) {
        const bytes = Buffer.from(whole);
        bytes.write(damage, from + 1, 'latin1');
        writeFileSync(path, bytes);
        const stop = await stopOf(() => read());
        expect(stop).toMatchObject({ exit: EXIT.usage, reason: 'journal-damaged' });
        expect(stop?.message).toBe(`${path} is damaged at line ${i + 2}, byte ${from}`);
      }
      from += length;
    }
  });

  test('that makes a name unreadable is damage, though JSON would take it', async () => {
    await written(header, attempt('Grüße'), attempt('after'));
    const bytes = readFileSync(path);
    bytes[bytes.indexOf('ü')] = 0xff;
    writeFileSync(path, bytes);
    expect(await stopOf(() => read())).toMatchObject({ reason: 'journal-damaged' });
  });

  test('far into a long journal is found at its byte', async () => {
    const line = `${JSON.stringify(attempt('größer'))}\n`;
    const start = `${JSON.stringify(header)}\n${line.repeat(9_000)}`;
    writeFileSync(path, `${start}garbage\n${line}`);
    const where = `line 9002, byte ${Buffer.byteLength(start)}`;
    expect((await stopOf(() => read()))?.message).toBe(`${path} is damaged at ${where}`);
  });
});

function line(event: object): string {
  return `${JSON.stringify(event)}\n`;
}

describe('the first and the last event, from which a run is recognised', () => {
  const ended: Event = { type: 'end', at: 9, exit: 0, reason: 'ok' };

  test.each<readonly [string, string, Event]>([
    ['of a whole journal', line(header) + line(attempt('a')) + line(ended), ended],
    ['of one line', line(header), header],
    ['before a torn last line', line(header) + line(attempt('a')) + line(ended).slice(0, 20), attempt('a')],
    [
      'before a last line without its middle',
      `${line(header)}${line(attempt('a'))}{"type":\0\0}\n`,
      attempt('a'),
    ],
    [
      'of a journal of many megabytes',
      line(header) + line(attempt('größer')).repeat(30_000) + line(ended),
      ended,
    ],
    [
      'after an event of almost a megabyte',
      line(header) + line({ type: 'input', at: 1, text: 'x'.repeat(1_000_000) }) + line(ended),
      ended,
    ],
  ])('are found %s', async (_, text, last) => {
    writeFileSync(path, text);
    expect(readFirstAndLastEvent(folder)).toEqual({ first: header, last });
  });

  test.each([
    ['is empty', ''],
    ['has no whole line', line(header).slice(0, 40)],
    ['is something else', 'name,type\nA,\n'],
    ['begins with another event', line(attempt('a'))],
    ['has a newer schema', line({ ...header, schemaVersion: SCHEMA_VERSION + 1 })],
  ])('do not exist if the file %s, so that it is not taken for a run to resume', (_, text) => {
    writeFileSync(path, text);
    expect(readFirstAndLastEvent(folder)).toBeUndefined();
  });

  test('do not exist if there is no file, or a folder in its place', () => {
    expect(readFirstAndLastEvent(folder)).toBeUndefined();
    mkdirSync(path);
    expect(readFirstAndLastEvent(folder)).toBeUndefined();
  });
});

describe('what is not a journal is reported in plain words', () => {
  test('a folder without one', async () => {
    expect(await stopOf(() => read())).toMatchObject({
      exit: EXIT.usage,
      message: `${folder} holds no run: there is no journal.ndjson in it`,
    });
  });

  test.each([
    ['that a newer version wrote', line({ ...header, schemaVersion: SCHEMA_VERSION + 1 }), 'newer version'],
    [
      'that a newer version continued',
      line(header) + line({ ...header, schemaVersion: SCHEMA_VERSION + 1 }),
      'newer version',
    ],
    ['that is empty', '', 'ended before anything was sent'],
    ['whose first line is torn', line(header).slice(0, 30), 'ended before anything was sent'],
    ['that is another text', 'name,type\nSales,normal\n', 'no journal of a run'],
    ['that is other JSON', '{"name":"x"}\n{"name":"y"}\n', 'no journal of a run'],
    ['that begins in the middle', line(attempt('a')) + line(attempt('b')), 'no journal of a run'],
    ['that is a binary', '\0\x01\n\x02', 'no journal of a run'],
  ])('one %s', async (_, text, words) => {
    writeFileSync(path, text);
    expect(await stopOf(() => read())).toMatchObject({
      exit: EXIT.usage,
      message: expect.stringContaining(words),
    });
  });

  test('a folder in its place', async () => {
    mkdirSync(path);
    expect((await stopOf(() => read()))?.message).toBe(`${path} can't be read: it is a folder`);
  });
});
