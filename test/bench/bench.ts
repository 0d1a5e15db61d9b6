/**
 * Every figure that the README quotes, side by side in one run: medians, and from the lowest to the highest.
 * `npm run bench -- pacing rivals row growth start` runs what is named, all of it where nothing is; `--full` goes
 * up to a million rows.
 */
import { cpus } from 'node:os';
import { growth } from './growth.js';
import { rivals } from './other-tools.js';
import { pacing } from './pacing.js';
import { row } from './row.js';
import { start } from './start.js';

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
const words = process.argv.slice(2);
const sizes = [1_000, 10_000, 100_000, ...(words.includes('--full') ? [1_000_000] : [])];

const SECTIONS: readonly (readonly [string, string, () => Promise<readonly string[]>])[] = [
  ['pacing', 'Pacing: 1,200 rows, 150 ms away with 30 ms of jitter', () => pacing(3, say)],
  ['rivals', 'The same 500 rows at 80 a second, 150 ms away', () => rivals(3, say)],
  ['row', 'What a row costs', () => row(3, say)],
  ['growth', 'Rows that are nearly all there already', () => growth(sizes, say)],
  ['start', 'Starting', () => start(15)],
];

const [cpu] = cpus();
const machine = `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, Node ${process.versions.node}`;
process.stdout.write(`${new Date().toISOString().slice(0, 10)}, ${machine}\n`);
const named = words.filter((word) => !word.startsWith('--'));
for (const [name, title, measure] of SECTIONS) {
  if (named.length > 0 && !named.includes(name)) continue;
  process.stdout.write(`\n## ${title}\n\n${(await measure()).join('\n')}\n`);
}
