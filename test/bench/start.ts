/** How long `--help` takes, against a Node that does nothing. */
import { resolve } from 'node:path';
import { cost, formatSpread, median } from './measure.js';

const CLI = resolve('dist/cli.js');
const COMMANDS: readonly (readonly [string, readonly string[]])[] = [
  ['node -e 0', ['-e', '0']],
  ['--version', [CLI, '--version']],
  ['--help', [CLI, '--help']],
  ['apply --help', [CLI, 'apply', '--help']],
];

/** From the start of the process to its end. */
export async function measureStart(rounds: number): Promise<readonly string[]> {
  const figures = COMMANDS.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [i, [, args]] of COMMANDS.entries()) {
      const from = performance.now();
      await cost([process.execPath, ...args]);
      figures[i]?.push(performance.now() - from);
    }
  }
  const base = median(figures[0] ?? []);
  return [
    '| start of | ms | × an empty node |',
    '|---|---|---|',
    ...COMMANDS.map(
      ([name], i) =>
        `| ${name} | ${formatSpread(figures[i] ?? [], 0)} | ${(median(figures[i] ?? []) / base).toFixed(2)} |`,
    ),
  ];
}
