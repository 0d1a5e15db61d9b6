/**
 * The figures of test/bench/README.md, side by side in one run: medians, and from the lowest to the highest.
 * `npm run bench -- pacing tools row growth start members` runs what is named, everything if nothing is; with
 * `--full`, growth goes up to a million rows.
 */
import { cpus } from 'node:os';
import { measureGrowth } from './growth.js';
import { measureMembers } from './members.js';
import { compareTools } from './other-tools.js';
import { measurePacing } from './pacing.js';
import { measureRowCpu } from './row-cpu.js';
import { measureStart } from './start.js';

const report = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
const words = process.argv.slice(2);
const sizes = [1_000, 100_000, ...(words.includes('--full') ? [1_000_000] : [])];

const SECTIONS: readonly (readonly [string, string, () => Promise<readonly string[]>])[] = [
  [
    'pacing',
    'Pacing: 1,200 requests to a server 150 ms away with 30 ms of jitter',
    () => measurePacing(3, report),
  ],
  ['members', 'Memberships: 4,000 in 40 IM groups on the pro plan', () => measureMembers(report)],
  ['tools', 'The same 500 rows at 80 requests/s, 150 ms away', () => compareTools(3, report)],
  ['row', 'Processor time of a row', () => measureRowCpu(3, report)],
  ['growth', 'Rows that nearly all exist', () => measureGrowth(sizes, report)],
  ['start', 'Start', () => measureStart(15)],
];

const [cpu] = cpus();
const machine = `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, Node ${process.versions.node}`;
process.stdout.write(`${new Date().toISOString().slice(0, 10)}, ${machine}\n`);
const named = words.filter((word) => !word.startsWith('--'));
for (const [name, title, measure] of SECTIONS) {
  if (named.length > 0 && !named.includes(name)) continue;
  process.stdout.write(`\n## ${title}\n\n${(await measure()).join('\n')}\n`);
}
