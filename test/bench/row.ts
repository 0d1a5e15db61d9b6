/** What a row costs in processor time: at the limit, as fast as it goes, and by a bare loop that sends the same. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Account, standIn } from './empty-account.js';
import { cost, median, spread } from './measure.js';

const CLI = resolve('dist/cli.js');
const BARE = fileURLToPath(new URL('bare-loop.js', import.meta.url));
const ROWS = 1_000;

type Way = { readonly name: string; readonly command: (account: Account, file: string) => readonly string[] };

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
    command: ({ base, token }, file) => [process.execPath, BARE, base, token, file],
  },
  apply('apply, as fast as it goes', 1_000),
  apply('apply at 80 a second', 80),
];

/** A line of the table a way. What it costs to start is measured with one row, and taken off. */
export async function row(rounds: number, told: (line: string) => void): Promise<readonly string[]> {
  const figures = new Map(WAYS.map((way): [Way, number[]] => [way, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const way of WAYS) {
      const [one, all] = [await cpuOf(way, 1), await cpuOf(way, ROWS + 1)];
      figures.get(way)?.push((1000 * (all - one)) / ROWS);
    }
    told(`row: round ${round} of ${rounds}`);
  }
  const bare = median(figures.get(WAYS[0] as Way) ?? []);
  return [
    '| rows by | CPU ms a row | × the bare loop |',
    '|---|---|---|',
    ...[...figures].map(
      ([{ name }, all]) => `| ${name} | ${spread(all, 2)} | ${(median(all) / bare).toFixed(1)} |`,
    ),
  ];
}

async function cpuOf(way: Way, rows: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const file = join(folder, 'rows.csv');
  const lines = Array.from({ length: rows }, (_, i) => `Group ${i},shared\n`);
  writeFileSync(file, `name,type\n${lines.join('')}`);
  const account = await standIn({ accountPlan: 'business', latencyMs: 20, groups: [], limiter: 'none' });
  try {
    const { base, token } = account;
    const env = { ZOOM_BASE_URL: base, ZOOM_ACCESS_TOKEN: token, XDG_STATE_HOME: folder };
    const { cpu } = await cost(way.command(account, file), { env });
    const made = await account.made();
    if (made !== rows) throw new Error(`${way.name}: ${made} of ${rows} rows were made`);
    return cpu;
  } finally {
    account.end();
    rmSync(folder, { recursive: true });
  }
}
