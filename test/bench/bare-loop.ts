/** The least that a row can cost: the same fields through the same HTTP client, evenly spaced or as fast as it goes. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { FormData, Pool } from 'undici';

const [, , base = '', token = '', file = '', perSecond = ''] = process.argv;
const IN_FLIGHT = 32;

const { origin, pathname } = new URL(base);
const pool = new Pool(origin, { connections: IN_FLIGHT });
const rows = readFileSync(file, 'utf8').trim().split('\n').slice(1);
const spacingMs = perSecond === '' ? 0 : 1_000 / Number(perSecond);
const from = performance.now();
let next = 0;

async function worker(): Promise<void> {
  for (;;) {
    const index = next++;
    const [name = '', type = ''] = rows[index]?.split(',') ?? [];
    if (name === '') return;
    const waitMs = from + index * spacingMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    const body = new FormData();
    body.append('name', name);
    body.append('type', type);
    const answer = await pool.request({
      method: 'POST',
      path: `${pathname}/im/groups`,
      headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
      body,
    });
    await answer.body.text();
    if (answer.statusCode !== 201) throw new Error(`HTTP ${answer.statusCode}`);
  }
}

await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
await pool.close();
