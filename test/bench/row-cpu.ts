/** The processor time of a row, against a bare loop that sends the same at the same pace. */
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

/** Requests/s; without, as fast as it goes. */
type Pace = { readonly name: string; readonly perSecond?: number };

/** What waits costs more: a process that sleeps between requests wakes up for each. */
const PACES: readonly Pace[] = [{ name: 'as fast as it goes' }, { name: 'at 80 requests/s', perSecond: 80 }];

const toBare = ({ name, perSecond }: Pace): Way => ({
  name: `a bare undici loop ${name}`,
  command: ({ origin, token }, file) => [
    process.execPath,
    BARE,
    `${origin}/v2`,
    token,
    file,
    String(perSecond ?? ''),
  ],
});

const toApply = ({ name, perSecond = 1_000 }: Pace): Way => ({
  name: `apply ${name}`,
  command: (_, file) => {
    const options = ['-q', '--rate', String(perSecond), '--out', `${file}.run`];
    return [process.execPath, CLI, 'apply', file, ...options];
  },
});

const PAIRS = PACES.map((pace) => ({ bare: toBare(pace), apply: toApply(pace) }));

/** One line of the table a way. The start is measured with one row, and subtracted. */
export async function measureRowCpu(
  rounds: number,
  report: (line: string) => void,
): Promise<readonly string[]> {
  const figures = new Map<Way, number[]>();
  for (let round = 1; round <= rounds; round += 1) {
    for (const way of PAIRS.flatMap(({ bare, apply }) => [bare, apply])) {
      const [one, all] = [await cpuOf(way, 1), await cpuOf(way, ROWS + 1)];
      figures.set(way, [...(figures.get(way) ?? []), (1000 * (all - one)) / ROWS]);
    }
    report(`row: round ${round} of ${rounds}`);
  }
  const of = (way: Way): readonly number[] => figures.get(way) ?? [];
  return [
    '| rows by | CPU ms a row | × the bare loop |',
    '|---|---|---|',
    ...PAIRS.flatMap(({ bare, apply }) => [
      `| ${bare.name} | ${formatSpread(of(bare), 2)} | 1.0 |`,
      `| ${apply.name} | ${formatSpread(of(apply), 2)} | ${(median(of(apply)) / median(of(bare))).toFixed(1)} |`,
    ]),
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
