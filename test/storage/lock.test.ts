import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EXIT, FatalError } from '../../src/model/stop.js';
import { acquireLock, acquireRunFolderLock, type Lock } from '../../src/storage/lock.js';
import type { LockOwner } from '../../src/storage/lock-owner.js';

const SCOPE = { origin: 'https://api.zoom.us', account: 'account-7' };
const RUN = { command: 'apply', folder: '/runs/x' };

let stateFolder: string;
beforeEach(() => {
  stateFolder = mkdtempSync(join(tmpdir(), 'lock-'));
});
afterEach(() => rmSync(stateFolder, { recursive: true, force: true }));

const take = (waitMs = 0): Promise<Lock> => acquireLock(SCOPE, RUN, { waitMs, stateFolder });

async function lockedStop(): Promise<FatalError['stop']> {
  try {
    await take();
  } catch (error) {
    if (error instanceof FatalError) return error.stop;
    throw error;
  }
  throw new Error('it was acquired');
}

/** Leaves a lock whose owner differs from this process (`own`). */
async function plant(
  differs: Partial<LockOwner>,
  folder = stateFolder,
): Promise<{ path: string; owner: LockOwner; own: LockOwner }> {
  const held = await acquireLock(SCOPE, RUN, { waitMs: 0, stateFolder: folder });
  const path = join(folder, readdirSync(folder).find((name) => name.endsWith('.lock')) ?? '');
  const own: LockOwner = JSON.parse(readFileSync(path, 'utf8'));
  held.release();
  const owner = { ...own, id: 'planted', ...differs };
  writeFileSync(path, JSON.stringify(owner));
  return { path, owner, own };
}

/** The pid of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid ?? 0;
}

describe('the lock of an account', () => {
  test('is owned by one process at a time, and free again once released', async () => {
    const held = await take();
    await lockedStop();
    held.release();
    (await take()).release();
    expect(readdirSync(stateFolder)).toEqual([]);
  });

  test('names its owner in the error, and how to wait', async () => {
    const held = await take();
    const stop = await lockedStop();
    held.release();
    expect(stop).toMatchObject({ exit: EXIT.locked, reason: 'locked' });
    expect(stop.message).toContain(`apply, process ${process.pid} on `);
    expect(stop.message).toMatch(/since \d{4}-\d\d-\d\dT.*Z, run folder \/runs\/x$/);
    expect(stop.hint).toContain('--lock-timeout');
  });

  test('is a different one for another account or another origin', async () => {
    const options = { waitMs: 0, stateFolder };
    await take();
    await acquireLock({ ...SCOPE, account: 'account-8' }, RUN, options);
    await acquireLock({ ...SCOPE, origin: 'http://127.0.0.1:1' }, RUN, options);
    expect(readdirSync(stateFolder).length).toBe(3);
  });

  test('is readable by its owner only, and does not name the account', async () => {
    await take();
    const [name = ''] = readdirSync(stateFolder);
    const path = join(stateFolder, name);
    expect(name + readFileSync(path, 'utf8')).not.toContain(SCOPE.account);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('is waited for', async () => {
    const held = await take();
    const waiting = take(30_000);
    held.release();
    (await waiting).release();
  });

  test('that was deleted by hand and acquired by another process is not released by the first', async () => {
    const held = await take();
    rmSync(join(stateFolder, readdirSync(stateFolder)[0] ?? ''));
    await take();
    held.release();
    await lockedStop();
  });

  test("that can't be written ends the command with exit 6 and names --state-dir", async () => {
    writeFileSync(join(stateFolder, 'file'), '');
    const options = { waitMs: 0, stateFolder: join(stateFolder, 'file/state') };
    await expect(acquireLock(SCOPE, RUN, options)).rejects.toMatchObject({
      stop: { exit: EXIT.unwritable, hint: expect.stringContaining('--state-dir DIR') },
    });
  });
});

describe('a lock whose owner is gone is taken over', () => {
  test('when its process has ended', async () => {
    await plant({ pid: await deadPid() });
    (await take()).release();
    expect(readdirSync(stateFolder)).toEqual([]);
  });

  test('when its pid belongs to another process by now', async () => {
    await plant({ processStart: 'before' });
    await take();
  });

  test.runIf(process.platform === 'linux')('when the machine was restarted', async () => {
    await plant({ bootId: 'an earlier one', pidSpace: 'of then' });
    await take();
  });

  test.runIf(process.platform === 'linux')('when its process is a zombie', async () => {
    const shell = spawn('/bin/sh', ['-c', '"$0" -e "" & echo $!; exec sleep 30', process.execPath]);
    const [said] = await once(shell.stdout, 'data');
    const pid = Number(String(said));
    const stateOf = (): string => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] ?? '';
    await expect.poll(stateOf, { timeout: 20_000 }).toBe('Z');
    const start = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19] ?? '';
    await plant({ pid, processStart: start });
    await take();
    shell.kill();
  });

  test('when it is not readable as a lock: locks are never half written', async () => {
    for (const text of ['', '{"pid":', 'null', '[]', '{"pid":1}']) {
      const { path } = await plant({});
      writeFileSync(path, text);
      (await take()).release();
    }
  });

  test('also when a process died while taking it over', async () => {
    const { path, owner } = await plant({ processStart: 'before' });
    const claim = (of: string): string => path.replace(/lock$/, `after-${of}`);
    writeFileSync(claim('planted'), JSON.stringify({ ...owner, id: 'second' }));
    writeFileSync(claim('second'), JSON.stringify({ ...owner, id: 'third' }));
    (await take()).release();
    expect(readdirSync(stateFolder)).toEqual([]);
  });

  test('but not while another process is taking it over', async () => {
    const { path, own } = await plant({ processStart: 'before' });
    const taker = { ...own, startedAt: 'just now' };
    writeFileSync(path.replace(/lock$/, 'after-planted'), JSON.stringify(taker));
    expect((await lockedStop()).message).toContain('since just now');
  });

  test('and the files that dead processes left are removed', async () => {
    const { path, owner } = await plant({ processStart: 'before' });
    for (const left of ['new-a', 'after-long-gone']) {
      writeFileSync(path.replace(/lock$/, left), JSON.stringify({ ...owner, id: left }));
    }
    await take();
    expect(readdirSync(stateFolder).length).toBe(1);
  });
});

describe("a lock whose owner can't be seen from here is never taken over", () => {
  const ELSEWHERE = { host: 'another', bootId: 'another', pid: 1 };

  test('not on another machine, and the message says which file to delete', async () => {
    const { path } = await plant(ELSEWHERE);
    const stop = await lockedStop();
    expect(stop.message).toContain('process 1 on another');
    expect(stop.hint).toContain(`delete ${path}`);
    rmSync(path);
    await take();
  });

  test('not on another machine of the same name', async () => {
    await plant({ bootId: 'another', machine: 'another', pid: await deadPid() });
    await lockedStop();
  });

  test.runIf(process.platform === 'linux')('not in another container on this machine', async () => {
    await plant({ host: 'container', pidSpace: 'pid:[1]', pid: await deadPid() });
    await lockedStop();
  });

  test.runIf(process.platform === 'linux')('but this machine is recognised under a new name', async () => {
    await plant({ host: 'yesterday', pid: await deadPid() });
    await take();
  });
});

describe('the lock of a run folder', () => {
  const stopIn = async (folder: string): Promise<FatalError['stop'] | undefined> => {
    try {
      await acquireRunFolderLock(folder, 'apply');
      return undefined;
    } catch (error) {
      if (error instanceof FatalError) return error.stop;
      throw error;
    }
  };

  test('lets one process at a time work there; the error of the next names the folder and the process', async () => {
    const held = await acquireRunFolderLock(stateFolder, 'rollback');
    const stop = await stopIn(stateFolder);
    expect(stop).toMatchObject({ exit: EXIT.locked, reason: 'locked' });
    expect(stop?.message).toContain(
      `another process is working in ${stateFolder}: rollback, process ${process.pid} on `,
    );
    expect(stop?.hint).toContain('--out DIR');
    held.release();
    expect(readdirSync(stateFolder)).toEqual([]);
    expect(await stopIn(stateFolder)).toBeUndefined();
  });

  test('does not outlive its process', async () => {
    await acquireRunFolderLock(stateFolder, 'apply');
    const path = join(stateFolder, 'run.lock');
    const own: LockOwner = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...own, id: 'dead', pid: await deadPid() }));
    expect(await stopIn(stateFolder)).toBeUndefined();
    expect(readdirSync(stateFolder)).toEqual(['run.lock']);
  });

  test('that can not be written is reported with the folder', async () => {
    expect(await stopIn(join(stateFolder, 'none'))).toMatchObject({
      exit: EXIT.unwritable,
      message: expect.stringContaining(join(stateFolder, 'none')),
    });
  });
});

/** Only root can start a process of another user. */
describe.runIf(process.getuid?.() === 0)('in a state folder that users share', () => {
  let worker: ChildProcess;
  beforeEach(async () => {
    chmodSync(stateFolder, 0o777);
    const script = new URL('../support/lock-worker.mjs', import.meta.url);
    worker = fork(script, [stateFolder, JSON.stringify(SCOPE)], { uid: 1234, gid: 1234 });
    await once(worker, 'message');
    return () => void worker.kill('SIGKILL');
  });
  const tryIt = async (): Promise<unknown> => {
    worker.send({ job: 'once' });
    return (await once(worker, 'message'))[0];
  };

  test("another user's lock is respected, either way, even with a strict umask", async () => {
    const before = process.umask(0o077);
    const held = await take();
    process.umask(before);
    expect(await tryIt()).toEqual({ won: false });
    held.release();
    expect(await tryIt()).toEqual({ won: true });
    expect((await lockedStop()).message).toContain(`process ${worker.pid} on `);
  });

  test("another user's lock is taken over when its process is gone", async () => {
    await plant({ pid: await deadPid() });
    expect(await tryIt()).toEqual({ won: true });
  });

  test("with the sticky bit, a dead process's lock that can't be replaced is reported by name", async () => {
    const { path } = await plant({ pid: await deadPid() });
    chmodSync(stateFolder, 0o1777);
    expect(await tryIt()).toEqual({ error: expect.stringContaining(`${path} could not be written`) });
    expect(readdirSync(stateFolder)).toHaveLength(1);
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
    if (!existsSync(DIST)) throw new Error('the workers run the built code: npm run build');
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

  test('never two own it at once, though half of them leave the lock behind', async () => {
    expect(await all({ job: 'often', times: 40 })).toEqual(workers.map(() => ({ done: true })));
  });

  test('each acquires it in turn when waiting', async () => {
    expect(await all({ job: 'wait' })).toEqual(workers.map(() => ({ done: true })));
    expect(readdirSync(shared)).toEqual([]);
  });
});
