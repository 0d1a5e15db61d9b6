/** What a row costs as files grow: nearly all rows are there already, so no limit hides the work. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parse } from 'csv-parse';
import { cost } from './measure.js';

const CLI = resolve('dist/cli.js');
const NEW = 10;

type Size = {
  readonly rows: number;
  readonly apply: number;
  readonly memory: number;
  readonly check: number;
  /** Reading the journal line by line, in s. */
  readonly read: number;
  /** From the start of a resume to its first request, in s. */
  readonly goesOn: number;
  readonly resume: number;
};

/** A line of the table a size; the slope of memory in a last one. */
export async function growth(
  sizes: readonly number[],
  told: (line: string) => void,
): Promise<readonly string[]> {
  const measured: Size[] = [];
  for (const rows of sizes) {
    measured.push(await measure(rows));
    told(`growth: ${rows} rows`);
  }
  const first = measured[0];
  const last = measured.at(-1);
  const slope =
    first && last && last.rows > first.rows
      ? ((last.memory - first.memory) * 1024 * 1024) / (last.rows - first.rows)
      : Number.NaN;
  return [
    '| rows | apply, s | µs a row | peak MiB | checking, × csv-parse’s speed | resume goes on, × reading its journal | in all |',
    '|---|---|---|---|---|---|---|',
    ...measured.map(
      ({ rows, apply, memory, check, read, goesOn, resume }) =>
        `| ${rows.toLocaleString('en')} | ${apply.toFixed(1)} | ${((apply / rows) * 1e6).toFixed(0)} | ${memory.toFixed(0)} | ${check.toFixed(2)} | ${(goesOn / read).toFixed(2)} | ${(resume / read).toFixed(2)} |`,
    ),
    '',
    `${slope.toFixed(0)} bytes of memory a row, from the smallest to the largest.`,
  ];
}

async function measure(rows: number): Promise<Size> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const input = join(folder, 'rows.csv');
  const file = createWriteStream(input);
  file.write('name,type,owner\n');
  for (let i = 0; i < rows; i += 1) {
    if (!file.write(`Group number ${i},,owner${i}@example.com\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
  const child = fork(new URL('large-account.js', import.meta.url), [String(rows - NEW)]);
  const [{ base, token }] = (await once(child, 'message')) as [{ base: string; token: string }];
  const env = { ZOOM_BASE_URL: base, ZOOM_ACCESS_TOKEN: token, XDG_STATE_HOME: folder };
  const command = (...args: readonly string[]): Promise<{ seconds: number; memory: number }> =>
    cost([process.execPath, CLI, ...args], { env });
  try {
    const run = join(folder, 'run');
    const applied = await command('apply', input, '-q', '--out', run);
    const plain = await seconds(() => parsed(input));
    const checked = await command('validate', input, '-q');
    const read = await seconds(() => replayed(join(run, 'journal.ndjson')));
    const from = Date.now();
    const resumed = await command('apply', input, '-q', '--resume', run);
    child.send('requests');
    const [arrivals] = (await once(child, 'message')) as [readonly number[]];
    const first = arrivals.find((at) => at >= from) ?? Number.NaN;
    return {
      rows,
      apply: applied.seconds,
      memory: applied.memory,
      check: plain / checked.seconds,
      read,
      goesOn: (first - from) / 1000,
      resume: resumed.seconds,
    };
  } finally {
    child.disconnect();
    rmSync(folder, { recursive: true });
  }
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1000;
}

async function parsed(path: string): Promise<void> {
  for await (const _ of createReadStream(path).pipe(parse())) {
    // Only its time is wanted.
  }
}

async function replayed(path: string): Promise<void> {
  for await (const line of createInterface({ input: createReadStream(path) })) JSON.parse(line);
}
