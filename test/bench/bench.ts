/** Every figure that the README quotes, side by side in one run: medians, and from the lowest to the highest. */
import { cpus } from 'node:os';
import { pacing } from './pacing.js';

const ROUNDS = 3;
const say = (text: string) => process.stderr.write(`${text}\n`);

const [cpu] = cpus();
const machine = `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, Node ${process.versions.node}`;
const table = await pacing(ROUNDS, say);
process.stdout.write(
  [
    `${new Date().toISOString().slice(0, 10)}, ${machine}`,
    '',
    '## Pacing: 1,200 rows, 150 ms away with 30 ms of jitter',
    '',
    ...table,
    '',
  ].join('\n'),
);
