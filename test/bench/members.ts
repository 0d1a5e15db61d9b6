/** How near `members` comes to the limit of the requests that add members: 20/s on the pro plan, 10 members each. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cost } from './measure.js';
import { startSimulatorProcess } from './simulator-process.js';

const CLI = resolve('dist/cli.js');
const GROUPS = 40;
const MEMBERS = 100;
/** Zoom's API reference, "Rate limits": Medium on Pro. */
const PER_SECOND = 20;

export async function measureMembers(report: (line: string) => void): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const file = join(folder, 'members.csv');
  const lines = Array.from({ length: GROUPS * MEMBERS }, (_, i) => {
    return `Group number ${i % GROUPS},user${Math.floor(i / GROUPS) + 1}@example.com\n`;
  });
  writeFileSync(file, `group,email\n${lines.join('')}`);
  const options = { accountPlan: 'pro', users: 1_000, latencyMs: 150 } as const;
  const simulator = await startSimulatorProcess(options, { groupCount: GROUPS });
  try {
    const command = [process.execPath, CLI, 'members', file, '-q', '--out', join(folder, 'run')];
    const { seconds, cpu } = await cost(command, { env: simulator.env(folder) });
    report('members: done');
    const medium = (await simulator.requests()).filter(({ label }) => label === 'medium');
    const times = medium.map(({ at }) => at);
    const span = (Math.max(...times) - Math.min(...times)) / 1_000;
    const refused = medium.filter(({ status }) => status === 429).length;
    const ofLimit = (100 * (medium.length - refused - 1)) / span / PER_SECOND;
    return [
      '| memberships | s | a second | requests | % of the limit | % of 429s | CPU ms a membership |',
      '|---|---|---|---|---|---|---|',
      `| ${lines.length} | ${seconds.toFixed(1)} | ${(lines.length / seconds).toFixed(0)} | ${medium.length} | ${ofLimit.toFixed(1)} | ${((100 * refused) / medium.length).toFixed(2)} | ${((1_000 * cpu) / lines.length).toFixed(2)} |`,
    ];
  } finally {
    simulator.end();
    rmSync(folder, { recursive: true });
  }
}
