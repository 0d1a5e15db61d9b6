import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EXIT, FatalError } from '../../src/model/stop.js';
import { acquireLock, type Lock } from '../../src/storage/lock.js';
import type { LockOwner } from '../../src/storage/lock-owner.js';

const SCOPE = { origin: 'https://api.zoom.us', account: 'account-7' };
const RUN = { command: 'apply', folder: '/runs/x' };

let stateFolder: string;
beforeEach(() => {
  stateFolder = mkdtempSync(join(tmpdir(), 'lock-'));
});
afterEach(() => rmSync(stateFolder, { recursive: true, force: true }));

const take = (waitMs = 0, signal?: AbortSignal): Promise<Lock> =>
  acquireLock(SCOPE, RUN, { waitMs, stateFolder, ...(signal ? { signal } : {}) });

async function turnedAway(): Promise<FatalError['stop']> {
  try {
    await take();
  } catch (error) {
    if (error instanceof FatalError) return error.stop;
    throw error;
  }
  throw new Error('it was not turned away');
}

/** A lock as it would stand there, of a holder that differs from this process (`own`). */
async function plant(
  differs: Partial<LockOwner>,
  folder = stateFolder,
): Promise<{ path: string; holder: LockOwner; own: LockOwner }> {
  const held = await acquireLock(SCOPE, RUN, { waitMs: 0, stateFolder: folder });
  const path = join(folder, readdirSync(folder).find((name) => name.endsWith('.lock')) ?? '');
  const own: LockOwner = JSON.parse(readFileSync(path, 'utf8'));
  await held.release();
  const holder = { ...own, id: 'planted', ...differs };
  writeFileSync(path, JSON.stringify(holder));
  return { path, holder, own };
}

/** The pid of a process that has been. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid ?? 0;
}

describe('the lock of an account', () => {
  test('is held by one, and free again when that one releases it', async () => {
    const held = await take();
    await turnedAway();
    await held.release();
    await (await take()).release();
    expect(readdirSync(stateFolder)).toEqual([]);
  });

  test('tells who holds it, and how to wait', async () => {
    const held = await take();
    const stop = await turnedAway();
    await held.release();
    expect(stop).toMatchObject({ exit: EXIT.locked, reason: 'locked' });
    expect(stop.message).toContain(`apply, process ${process.pid} on `);
    expect(stop.message).toMatch(/since \d{4}-\d\d-\d\dT.*Z, run folder \/runs\/x$/);
    expect(stop.hint).toContain('--lock-wait');
  });

  test('is another for another account and for another origin', async () => {
    const options = { waitMs: 0, stateFolder };
    await take();
    await acquireLock({ ...SCOPE, account: 'account-8' }, RUN, options);
    await acquireLock({ ...SCOPE, origin: 'http://127.0.0.1:1' }, RUN, options);
    expect(readdirSync(stateFolder).length).toBe(3);
  });

  test("is its owner's alone and does not name the account", async () => {
    await take();
    const [name = ''] = readdirSync(stateFolder);
    const path = join(stateFolder, name);
    expect(name + readFileSync(path, 'utf8')).not.toContain(SCOPE.account);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('is waited for', async () => {
    const held = await take();
    const waiting = take(30_000);
    await held.release();
    await (await waiting).release();
  });

  test('is not waited for any longer when the signal aborts', async () => {
    await take();
    const signal = new AbortController();
    const waiting = take(30_000, signal.signal);
    signal.abort(new RangeError('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(readdirSync(stateFolder).length).toBe(1);
  });

  test('is not taken from whoever has it after it was lifted by hand', async () => {
    const held = await take();
    rmSync(join(stateFolder, readdirSync(stateFolder)[0] ?? ''));
    await take();
    await held.release();
    await turnedAway();
  });

  test('that can not be written ends the command with exit 6', async () => {
    writeFileSync(join(stateFolder, 'file'), '');
    const options = { waitMs: 0, stateFolder: join(stateFolder, 'file/state') };
    await expect(acquireLock(SCOPE, RUN, options)).rejects.toMatchObject({
      stop: { exit: EXIT.unwritable, hint: expect.stringContaining('XDG_STATE_HOME') },
    });
  });
});

describe('a lock whose holder is gone is taken over', () => {
  test('when its process has ended', async () => {
    await plant({ pid: await deadPid() });
    await (await take()).release();
    expect(readdirSync(stateFolder)).toEqual([]);
  });

  test('when its pid is another process by now', async () => {
    await plant({ processStart: 'before' });
    await take();
  });

  test.runIf(process.platform === 'linux')('when the machine was started anew', async () => {
    await plant({ bootId: 'an earlier one', pidSpace: 'of then' });
    await take();
  });

  test.runIf(process.platform === 'linux')(
    'when its process is dead and nobody has collected it',
    async () => {
      const shell = spawn('/bin/sh', ['-c', '"$0" -e "" & echo $!; exec sleep 30', process.execPath]);
      const [said] = await once(shell.stdout, 'data');
      const pid = Number(String(said));
      const stateOf = (): string => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] ?? '';
      await expect.poll(stateOf, { timeout: 20_000 }).toBe('Z');
      const start = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19] ?? '';
      await plant({ pid, processStart: start });
      await take();
      shell.kill();
    },
  );

  test('when it says nothing: ours are never half written', async () => {
    for (const text of ['', '{"pid":', 'null', '[]', '{"pid":1}']) {
      const { path } = await plant({});
      writeFileSync(path, text);
      await (await take()).release();
    }
  });

  test('also when who wanted to take it over died on the way', async () => {
    const { path, holder } = await plant({ processStart: 'before' });
    const claim = (of: string): string => path.replace(/lock$/, `after-${of}`);
    writeFileSync(claim('planted'), JSON.stringify({ ...holder, id: 'second' }));
    writeFileSync(claim('second'), JSON.stringify({ ...holder, id: 'third' }));
    await (await take()).release();
    expect(readdirSync(stateFolder)).toEqual([]);
  });

  test('but not when somebody is just taking it over', async () => {
    const { path, own } = await plant({ processStart: 'before' });
    const taker = { ...own, startedAt: 'just now' };
    writeFileSync(path.replace(/lock$/, 'after-planted'), JSON.stringify(taker));
    expect((await turnedAway()).message).toContain('since just now');
  });

  test('and what dead takers have left is swept away', async () => {
    const { path, holder } = await plant({ processStart: 'before' });
    for (const left of ['new-a', 'after-long-gone']) {
      writeFileSync(path.replace(/lock$/, left), JSON.stringify({ ...holder, id: left }));
    }
    await take();
    expect(readdirSync(stateFolder).length).toBe(1);
  });
});

describe('a lock whose holder can not be seen from here is never taken', () => {
  const ELSEWHERE = { host: 'another', bootId: 'another', pid: 1 };

  test('not on another machine, and the message says how to lift it', async () => {
    const { path } = await plant(ELSEWHERE);
    const stop = await turnedAway();
    expect(stop.message).toContain('process 1 on another');
    expect(stop.hint).toContain(`delete ${path}`);
    rmSync(path);
    await take();
  });

  test('not on another machine of the same name', async () => {
    await plant({ bootId: 'another', machine: 'another', pid: await deadPid() });
    await turnedAway();
  });

  test.runIf(process.platform === 'linux')('not in another container on this machine', async () => {
    await plant({ host: 'container', pidSpace: 'pid:[1]', pid: await deadPid() });
    await turnedAway();
  });

  test.runIf(process.platform === 'linux')('but this machine is known again under a new name', async () => {
    await plant({ host: 'yesterday', pid: await deadPid() });
    await take();
  });
});

describe('of 8 processes', () => {
  const DIST = new URL('../../dist/storage/lock.js', import.meta.url);
  const workers: ChildProcess[] = [];
  let shared: string;

  type Said = { readonly won?: boolean; readonly done?: boolean; readonly left?: boolean };

  async function said(worker: ChildProcess): Promise<Said> {
    const [message] = await once(worker, 'message');
    if (message.error) throw new Error(message.error);
    return message;
  }

  async function all(job: object): Promise<readonly Said[]> {
    const answers = workers.map(said);
    for (const worker of workers) worker.send(job);
    return Promise.all(answers);
  }

  beforeAll(async () => {
    if (!existsSync(DIST)) throw new Error('the workers run what was built: npm run build');
    shared = mkdtempSync(join(tmpdir(), 'lock-8-'));
    const script = new URL('../support/lock-worker.mjs', import.meta.url);
    for (let i = 0; i < 8; i += 1) workers.push(fork(script, [shared, JSON.stringify(SCOPE)]));
    await Promise.all(workers.map(said));
    return async () => {
      for (const worker of workers) worker.kill('SIGKILL');
      rmSync(shared, { recursive: true, force: true });
    };
  });

  test('one takes over a stale lock, in each of 40 rounds', async () => {
    for (let round = 0; round < 40; round += 1) {
      await plant({ processStart: 'before', id: `stale-${round}` }, shared);
      const answers = await all({ job: 'once' });
      expect(answers.filter(({ won }) => won).length).toBe(1);
      const winner = workers[answers.findIndex(({ won }) => won)];
      if (!winner) throw new Error('nobody won');
      const left = said(winner);
      winner.send({ job: 'leave' });
      await left;
    }
  });

  test('never two are inside, though half of them leave the lock behind', async () => {
    expect(await all({ job: 'often', times: 40 })).toEqual(workers.map(() => ({ done: true })));
  });

  test('each gets its turn when it waits', async () => {
    expect(await all({ job: 'wait' })).toEqual(workers.map(() => ({ done: true })));
    expect(readdirSync(shared)).toEqual([]);
  });
});
