import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EXIT, FatalError } from '../../src/model/stop.js';
import { writeAtomically } from '../../src/storage/atomic-file.js';
import { type Disk, describeError, realDisk } from '../../src/storage/disk.js';
import { hashWhileReading, isSameFile, readBytes } from '../../src/storage/file-source.js';
import { makeRunFolder } from '../../src/storage/run-folder.js';
import { type Fault, faultyDisk } from '../support/faulty-disk.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;
const stopOf = async (doing: () => unknown): Promise<FatalError['stop'] | undefined> => {
  try {
    await doing();
  } catch (error) {
    if (error instanceof FatalError) return error.stop;
    throw error;
  }
  return undefined;
};

/** Longer than the buffer, so it is written at once. */
const LONG = 'long '.repeat(20_000);

describe('a written file', () => {
  test('has all pieces in order, for its owner only', async () => {
    const path = join(folder, 'a.csv');
    await writeAtomically(path, ['grüße\n', Buffer.from('zwei\n')]);
    expect(readFileSync(path, 'utf8')).toBe('grüße\nzwei\n');
    expect(modeOf(path)).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['a.csv']);
  });

  test('is written, measured, synced and closed before it gets its name, and the name is synced', async () => {
    const { disk, calls } = faultyDisk();
    await writeAtomically(join(folder, 'a.csv'), [LONG, 'end'], disk);
    const order = ['create', 'write', 'write', 'size', 'sync', 'close', 'rename', 'syncFolder'];
    expect(calls).toEqual(order);
  });

  test('is complete if the system takes a few bytes at a time', async () => {
    const text = 'a line that is longer than seven bytes\n'.repeat(20);
    const { disk, calls } = faultyDisk({ at: 1, how: 'short' });
    await writeAtomically(join(folder, 'a.csv'), [text], disk);
    expect(readFileSync(join(folder, 'a.csv'), 'utf8')).toBe(text);
    expect(calls.filter((name) => name === 'write').length).toBeGreaterThan(100);
  });

  test('is not published if fewer bytes reached the disk than were written', async () => {
    const path = join(folder, 'a.csv');
    writeFileSync(path, 'old');
    const { disk } = faultyDisk();
    const stop = await stopOf(() => writeAtomically(path, ['new'], { ...disk, size: () => 2 }));
    expect(stop).toMatchObject({
      exit: EXIT.unwritable,
      message: expect.stringContaining('only 2 of 3 bytes were written'),
    });
    expect(readFileSync(path, 'utf8')).toBe('old');
  });

  test.each<Fault['how']>([
    'refused',
    'half',
  ])('is the old one or the new one, complete, whichever call is %s', async (how) => {
    const path = join(folder, 'a.csv');
    for (let at = 1; ; at += 1) {
      writeFileSync(path, 'old');
      const { disk, calls, failed } = faultyDisk({ at, how });
      const stop = await stopOf(() => writeAtomically(path, [LONG, 'end'], disk));
      if (!failed()) {
        expect(stop).toBeUndefined();
        expect(at).toBe(9);
        return;
      }
      const renamed = calls.includes('syncFolder');
      expect(stop, `call ${at}`).toMatchObject({ exit: EXIT.unwritable, reason: 'file-unwritable' });
      expect(stop?.message).toBe(`${path} could not be written: no space left on device`);
      expect(readFileSync(path, 'utf8')).toBe(renamed ? `${LONG}end` : 'old');
      expect(readdirSync(folder)).toEqual(['a.csv']);
    }
  });

  test('leaves the old one as it was if producing the content fails, and passes that error on', async () => {
    const path = join(folder, 'a.csv');
    writeFileSync(path, 'old');
    async function* pieces(): AsyncGenerator<string> {
      yield 'new';
      throw new RangeError('no more');
    }
    await expect(writeAtomically(path, pieces())).rejects.toThrow(RangeError);
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['a.csv']);
  });

  test("replaces a link, and the link's target stays as it was", async () => {
    const precious = join(folder, 'precious');
    writeFileSync(precious, 'precious');
    symlinkSync(precious, join(folder, 'a.csv'));
    await writeAtomically(join(folder, 'a.csv'), ['new']);
    expect(readFileSync(precious, 'utf8')).toBe('precious');
    expect(readFileSync(join(folder, 'a.csv'), 'utf8')).toBe('new');
  });

  test('does not replace a folder or a device', async () => {
    mkdirSync(join(folder, 'a.csv'));
    const stop = await stopOf(() => writeAtomically(join(folder, 'a.csv'), ['new']));
    expect(stop).toMatchObject({
      exit: EXIT.unwritable,
      message: expect.stringContaining('not a regular file'),
    });
    expect(await stopOf(() => writeAtomically('/dev/null', ['new']))).toMatchObject({
      exit: EXIT.unwritable,
    });
  });

  describe('that another program has open, as Windows reports it', () => {
    const inUse = (code: string): Error => Object.assign(new Error(code), { code });

    test.each(['EPERM', 'EACCES', 'EBUSY'])('is replaced once that program lets go (%s)', async (code) => {
      const path = join(folder, 'a.csv');
      writeFileSync(path, 'old');
      const waits: number[] = [];
      const disk: Disk = {
        ...realDisk,
        rename: (from, to) => {
          if (waits.length < 3) throw inUse(code);
          realDisk.rename(from, to);
        },
        wait: (ms) => void waits.push(ms),
      };
      await writeAtomically(path, ['new'], disk);
      expect(readFileSync(path, 'utf8')).toBe('new');
      expect(waits).toEqual([50, 100, 200]);
    });

    test('is reported by name after some seconds, and stays as it was', async () => {
      const path = join(folder, 'a.csv');
      writeFileSync(path, 'old');
      let waitedMs = 0;
      const disk: Disk = {
        ...realDisk,
        rename: () => {
          throw inUse('EBUSY');
        },
        wait: (ms) => {
          waitedMs += ms;
        },
      };
      const stop = await stopOf(() => writeAtomically(path, ['new'], disk));
      expect(stop).toMatchObject({ exit: EXIT.unwritable, reason: 'file-in-use' });
      expect(stop?.message).toContain(`${path} could not be replaced`);
      expect(stop?.message).toContain('another program may have it open');
      expect(waitedMs).toBeGreaterThan(3_000);
      expect(waitedMs).toBeLessThan(10_000);
      expect(readFileSync(path, 'utf8')).toBe('old');
      expect(readdirSync(folder)).toEqual(['a.csv']);
    });
  });

  test('says which folder is missing', async () => {
    const stop = await stopOf(() => writeAtomically(join(folder, 'none/a.csv'), ['new']));
    expect(stop?.message).toBe(`${folder}/none/a.csv could not be written: no such file or directory`);
  });
});

/** Only root can make a link that belongs to another user. */
describe.runIf(process.getuid?.() === 0)('in a folder that everyone can write to', () => {
  test("nothing is written through another user's link", async () => {
    const { lchownSync } = await import('node:fs');
    const shared = join(folder, 'shared');
    mkdirSync(shared);
    chmodSync(shared, 0o1777);
    mkdirSync(join(folder, 'target'));
    symlinkSync(join(folder, 'target'), join(shared, 'run'));
    await writeAtomically(join(shared, 'run/own.csv'), ['fine']);
    lchownSync(join(shared, 'run'), 1234, 1234);
    const stop = await stopOf(() => writeAtomically(join(shared, 'run/a.csv'), ['new']));
    expect(stop).toMatchObject({ exit: EXIT.unwritable, message: expect.stringContaining('another user') });
    const making = await stopOf(() => makeRunFolder(join(shared, 'run/deeper')));
    expect(making).toMatchObject({ exit: EXIT.unwritable });
    expect(readdirSync(join(folder, 'target'))).toEqual(['own.csv']);
  });
});

describe('a run folder', () => {
  test('is made with its parents, accessible to its owner only, and its name is durable', () => {
    const { disk, calls } = faultyDisk();
    makeRunFolder(join(folder, 'runs/groups'), [], disk);
    expect(modeOf(join(folder, 'runs'))).toBe(0o700);
    expect(modeOf(join(folder, 'runs/groups'))).toBe(0o700);
    expect(calls).toEqual(['syncFolder', 'syncFolder']);
  });

  test('may already exist if it holds no run', () => {
    writeFileSync(join(folder, 'input.csv'), '');
    makeRunFolder(folder);
    expect(readdirSync(folder)).toEqual(['input.csv']);
  });

  test('is not used again if it holds a run, and the message names both ways on', async () => {
    writeFileSync(join(folder, 'journal.ndjson'), '');
    const stop = await stopOf(() => makeRunFolder(folder));
    expect(stop).toMatchObject({ exit: EXIT.usage, hint: expect.stringContaining(`--resume ${folder}`) });
    expect(stop?.hint).toContain('--out');
  });

  test('is not used if it holds a file that the run would overwrite', async () => {
    writeFileSync(join(folder, 'results.csv'), 'mine');
    const stop = await stopOf(() => makeRunFolder(folder, ['failed.csv', 'results.csv']));
    expect(stop).toMatchObject({
      exit: EXIT.usage,
      message: expect.stringContaining(join(folder, 'results.csv')),
    });
  });

  test("that can't be made ends the command with exit 6", async () => {
    writeFileSync(join(folder, 'file'), '');
    const stop = await stopOf(() => makeRunFolder(join(folder, 'file/run')));
    expect(stop).toMatchObject({
      exit: EXIT.unwritable,
      message: expect.stringContaining('not a directory'),
    });
  });
});

test('two paths are the same file only if they lead to one', () => {
  const [one, other] = [join(folder, 'one'), join(folder, 'other')];
  writeFileSync(one, '');
  writeFileSync(other, '');
  linkSync(one, join(folder, 'link'));
  expect(isSameFile(one, join(folder, 'link'))).toBe(true);
  expect(isSameFile(one, other)).toBe(false);
  expect(isSameFile(one, join(folder, 'none'))).toBe(false);
});

describe('a file to read', () => {
  const readAll = async (path: string): Promise<string> => {
    const pieces: Uint8Array[] = [];
    for await (const piece of readBytes(path)) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  };

  test('comes in pieces, with the digest of what was read', async () => {
    const text = 'name\n'.repeat(50_000);
    writeFileSync(join(folder, 'a.csv'), text);
    const { source, digest } = hashWhileReading(readBytes(join(folder, 'a.csv')));
    let pieces = 0;
    for await (const _ of source) pieces += 1;
    expect(pieces).toBeGreaterThan(1);
    expect(digest()).toBe(createHash('sha256').update(text).digest('hex'));
    expect(digest()).toBe(digest());
  });

  test.each([
    ['none.csv', 'no such file or directory'],
    ['.', 'it is a folder'],
  ])('that does not exist or is a folder is reported in plain words: %s', async (name, words) => {
    const stop = await stopOf(() => readAll(join(folder, name)));
    expect(stop).toMatchObject({ exit: EXIT.usage, message: expect.stringContaining(words) });
  });

  test('that is a pipe is refused, since it can be read only once', async () => {
    const { execFileSync } = await import('node:child_process');
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect(await stopOf(() => readAll(join(folder, 'pipe')))).toMatchObject({
      exit: EXIT.usage,
      hint: expect.stringContaining('standard input'),
    });
  });

  test('that was not read to its end is closed', async () => {
    writeFileSync(join(folder, 'a.csv'), 'x'.repeat(300_000));
    const count = (): number => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0);
    const before = count();
    for (let i = 0; i < 20; i += 1) for await (const _ of readBytes(join(folder, 'a.csv'))) break;
    expect(count()).toBeLessThan(before + 10);
  });
});

test.each([
  ['ENOSPC', 'no space left on device'],
  ['EROFS', 'read-only file system'],
  ['EDQUOT', 'disk quota exceeded'],
  ['EISDIR', 'it is a folder'],
])('%s reads as: %s', (code, words) => {
  expect(describeError(Object.assign(new Error('raw'), { code }))).toBe(words);
});
