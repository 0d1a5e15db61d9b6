/** A process that competes for the lock, for lock.test.ts; it runs the built code. */
import { closeSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { acquireLock as lock } from '../../dist/storage/lock.js';

const [, , stateFolder, scopeText] = process.argv;
const scope = JSON.parse(scopeText);
const run = { command: 'apply', folder: 'runs/x' };
const inside = join(stateFolder, 'inside');

const tryLock = async (waitMs = 0) => {
  try {
    return await lock(scope, run, { waitMs, stateFolder });
  } catch (error) {
    if (error?.stop?.exit === 5) return undefined;
    throw error;
  }
};

/** Fails if another process is inside. */
const enter = () => closeSync(openSync(inside, 'wx'));
const leave = () => rmSync(inside);

/** Leaves the lock as a dead process does: its start time is not this process's. */
const abandon = (n) => {
  const name = readdirSync(stateFolder).find((file) => file.endsWith('.lock'));
  const path = join(stateFolder, name);
  const owner = JSON.parse(readFileSync(path, 'utf8'));
  const dead = { ...owner, id: `${owner.id}-${n}`, processStart: '1' };
  writeFileSync(`${path}-${owner.id}`, JSON.stringify(dead));
  renameSync(`${path}-${owner.id}`, path);
};

const jobs = {
  /** Once; the owner keeps it until the test sends a message. */
  async once() {
    const held = await tryLock();
    if (held) enter();
    process.send({ won: held !== undefined });
    if (!held) return;
    await new Promise((resolve) => process.once('message', resolve));
    leave();
    held.release();
    process.send({ left: true });
  },
  /** Repeatedly, and every other time the lock is left behind. */
  async often({ times }) {
    for (let n = 0; n < times; ) {
      const held = await tryLock();
      if (!held) {
        await new Promise(setImmediate);
        continue;
      }
      enter();
      await new Promise(setImmediate);
      leave();
      n += 1;
      if (n % 2) abandon(n);
      else held.release();
    }
    process.send({ done: true });
  },
  async wait() {
    const held = await tryLock(60_000);
    if (!held) throw new Error('not acquired within a minute');
    enter();
    await new Promise(setImmediate);
    leave();
    held.release();
    process.send({ done: true });
  },
};

process.on('message', (message) => {
  jobs[message.job]?.(message).catch((error) => process.send({ error: String(error?.stack ?? error) }));
});
process.send({ ready: true });
