/** The processor time of a row: at the limit, as fast as it goes, and by a bare loop that sends the same. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cost, formatSpread, median } from './measure.js';
import { type SimulatorProcess, startSimulatorProcess } from './simulator-process.js';

const CLI = resolve('dist/cli.js');
const BARE = fileURLToPath(new URL('bare-loop.js', import.meta.url));
const ROWS = 1_000;

type Way = {
  readonly name: string;
  readonly command: (simulator: SimulatorProcess, file: string) => readonly string[];
};

const apply = (name: string, rate: number): Way => ({
  name,
  command: (_, file) => [
    process.execPath,
    CLI,
    'apply',
    file,
    '-q',
    '--rate',
    String(rate),
    '--out',
    `${file}.run`,
  ],
});

const WAYS: readonly Way[] = [
  {
    name: 'a bare undici loop',
    command: ({ origin, token }, file) => [process.execPath, BARE, `${origin}/v2`, token, file],
  },
  apply('apply, as fast as it goes', 1_000),
  apply('apply at 80 requests/s', 80),
];

/** One line of the table a way. The start is measured with one row, and subtracted. */
export async function measureRowCpu(
  rounds: number,
  report: (line: string) => void,
): Promise<readonly string[]> {
  const figures = new Map(WAYS.map((way): [Way, number[]] => [way, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const way of WAYS) {
      const [one, all] = [await cpuOf(way, 1), await cpuOf(way, ROWS + 1)];
      figures.get(way)?.push((1000 * (all - one)) / ROWS);
    }
    report(`row: round ${round} of ${rounds}`);
  }
  const bare = median(figures.get(WAYS[0] as Way) ?? []);
  return [
    '| rows by | CPU ms a row | × the bare loop |',
    '|---|---|---|',
    ...[...figures].map(
      ([{ name }, all]) => `| ${name} | ${formatSpread(all, 2)} | ${(median(all) / bare).toFixed(1)} |`,
    ),
  ];
}

async function cpuOf(way: Way, rows: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const file = join(folder, 'rows.csv');
  const lines = Array.from({ length: rows }, (_, i) => `Group ${i},shared\n`);
  writeFileSync(file, `name,type\n${lines.join('')}`);
  const options = { accountPlan: 'business', latencyMs: 20, groups: [], limiter: 'none' } as const;
  const simulator = await startSimulatorProcess(options);
  try {
    const { cpu } = await cost(way.command(simulator, file), { env: simulator.env(folder) });
    const created = await simulator.countGroups();
    if (created !== rows) throw new Error(`${way.name}: ${created} of ${rows} rows were created`);
    return cpu;
  } finally {
    simulator.end();
    rmSync(folder, { recursive: true });
  }
}
