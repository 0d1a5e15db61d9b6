/** Time and memory of a row as files grow: nearly all rows exist already, so that no limit hides the work. */
import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'csv-parse';
import { cost } from './measure.js';
import { startSimulatorProcess } from './simulator-process.js';

const CLI = resolve('dist/cli.js');
const NEW = 10;

type Size = {
  readonly rows: number;
  readonly apply: number;
  readonly memory: number;
  readonly check: number;
  /** From the start of a resume to its first request, in s. */
  readonly firstRequest: number;
  readonly resume: number;
};

/** One line of the table a size. */
export async function measureGrowth(
  sizes: readonly number[],
  report: (line: string) => void,
): Promise<readonly string[]> {
  const measured: Size[] = [];
  for (const rows of sizes) {
    measured.push(await measure(rows));
    report(`growth: ${rows} rows`);
  }
  const [first] = measured;
  /** Beyond what the smallest file takes. */
  const slope = (memory: number, rows: number): string =>
    first === undefined || rows <= first.rows
      ? '–'
      : (((memory - first.memory) * 1024 * 1024) / (rows - first.rows)).toFixed(0);
  return [
    '| rows | apply, s | µs a row | peak MiB | bytes a row | validate, × csv-parse’s speed | resume to its first request, s | whole resume, s |',
    '|---|---|---|---|---|---|---|---|',
    ...measured.map(
      ({ rows, apply, memory, check, firstRequest, resume }) =>
        `| ${rows.toLocaleString('en')} | ${apply.toFixed(1)} | ${((apply / rows) * 1e6).toFixed(0)} | ${memory.toFixed(0)} | ${slope(memory, rows)} | ${check.toFixed(2)} | ${firstRequest.toFixed(1)} | ${resume.toFixed(1)} |`,
    ),
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
  const options = { latencyMs: 0, limiter: 'none' } as const;
  const simulator = await startSimulatorProcess(options, { groupCount: rows - NEW });
  const env = simulator.env(folder);
  const command = (...args: readonly string[]): Promise<{ seconds: number; memory: number }> =>
    cost([process.execPath, CLI, ...args], { env });
  try {
    const run = join(folder, 'run');
    const applied = await command('apply', input, '-q', '--out', run);
    const plain = await timeInSeconds(() => parseWhole(input));
    const checked = await command('validate', input, '-q');
    const from = Date.now();
    const resumed = await command('apply', input, '-q', '--resume', run);
    const arrived = await simulator.requests();
    const first = arrived.find(({ at }) => at >= from)?.at ?? Number.NaN;
    return {
      rows,
      apply: applied.seconds,
      memory: applied.memory,
      check: plain / checked.seconds,
      firstRequest: (first - from) / 1000,
      resume: resumed.seconds,
    };
  } finally {
    simulator.end();
    rmSync(folder, { recursive: true });
  }
}

async function timeInSeconds(work: () => Promise<void>): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1000;
}

async function parseWhole(path: string): Promise<void> {
  for await (const _ of createReadStream(path).pipe(parse())) {
    // Only its time is wanted.
  }
}
