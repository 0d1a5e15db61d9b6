/** The same 500 rows by our command, by Postman's runner, and by a shell loop; side by side against one limit. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Cost, cost, formatSpread, median } from './measure.js';
import { type SimulatorProcess, startSimulatorProcess } from './simulator-process.js';

const ROWS = 500;
const LATENCY_MS = 150;
const CLI = resolve('dist/cli.js');
const NEWMAN = resolve('.bench/newman');

type Tool = {
  readonly name: string;
  readonly run: (simulator: SimulatorProcess, folder: string) => Promise<Cost>;
};

const ours: Tool = {
  name: 'zoom-im-groups',
  run: (simulator, folder) =>
    cost(
      [
        process.execPath,
        CLI,
        'apply',
        join(folder, 'rows.csv'),
        '-q',
        '--account-plan',
        'business',
        '--out',
        join(folder, 'run'),
      ],
      {
        env: simulator.env(folder),
      },
    ),
};

/** Zoom's own collection item, as its Postman workspace has it: a form, a bearer token. */
const newman: Tool = {
  name: 'newman (Postman)',
  run: ({ origin, token }, folder) => {
    const fields = ['name', 'type', 'search_by_domain', 'search_by_account', 'search_by_ma_account'];
    const formdata = fields.map((key) => ({ key, value: `{{${key}}}`, type: 'text' }));
    const item = {
      name: 'Create an IM directory group',
      request: {
        method: 'POST',
        url: `${origin}/v2/im/groups`,
        header: [{ key: 'Authorization', value: `Bearer ${token}` }],
        body: { mode: 'formdata', formdata },
      },
    };
    const schema = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';
    writeFileSync(
      join(folder, 'collection.json'),
      JSON.stringify({ info: { name: 'bench', schema }, item: [item] }),
    );
    const bin = join(NEWMAN, 'node_modules/newman/bin/newman.js');
    return cost([
      process.execPath,
      bin,
      'run',
      join(folder, 'collection.json'),
      '-d',
      join(folder, 'full.csv'),
    ]);
  },
};

const xargs: Tool = {
  name: 'xargs -P 32 curl',
  run: ({ origin, token }, folder) => {
    const curl = `curl -s -o /dev/null -X POST "${origin}/v2/im/groups" -H "Authorization: Bearer ${token}" -F "name=$1" -F type=normal`;
    writeFileSync(join(folder, 'one.sh'), `${curl}\n`, { mode: 0o700 });
    const stdin = Array.from({ length: ROWS }, (_, i) => `Group ${i}`).join('\n');
    return cost(['xargs', '-P', '32', '-d', '\\n', '-n', '1', 'sh', join(folder, 'one.sh')], { stdin });
  },
};

/** One line of the table a tool; those that are not available are named on standard error. */
export async function compareTools(
  rounds: number,
  report: (line: string) => void,
): Promise<readonly string[]> {
  const tools = [ours, ...(hasNewman(report) ? [newman] : []), ...(hasCurl() ? [xargs] : [])];
  const figures = new Map(tools.map((tool): [Tool, (Cost & { lost: number })[]] => [tool, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const tool of tools) figures.get(tool)?.push(await measure(tool));
    report(`tools: round ${round} of ${rounds}`);
  }
  const base = median((figures.get(ours) ?? []).map(({ seconds }) => seconds));
  return [
    '| 500 rows by | seconds | × ours | rows lost | CPU ms a row | peak MiB |',
    '|---|---|---|---|---|---|',
    ...tools.map((tool) => {
      const all = figures.get(tool) ?? [];
      const of = (value: (one: Cost & { lost: number }) => number, digits: number): string =>
        formatSpread(all.map(value), digits);
      const ratio = (median(all.map(({ seconds }) => seconds)) / base).toFixed(1);
      return `| ${tool.name} | ${of((one) => one.seconds, 1)} | ${ratio} | ${of((one) => one.lost, 0)} | ${of((one) => (1000 * one.cpu) / ROWS, 1)} | ${of((one) => one.memory, 0)} |`;
    }),
  ];
}

async function measure(tool: Tool): Promise<Cost & { lost: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const names = Array.from({ length: ROWS }, (_, i) => `Group ${i}`);
  writeFileSync(join(folder, 'rows.csv'), `name,type\n${names.map((name) => `${name},normal\n`).join('')}`);
  const header = 'name,type,search_by_domain,search_by_account,search_by_ma_account\n';
  writeFileSync(
    join(folder, 'full.csv'),
    header + names.map((name) => `${name},normal,true,true,false\n`).join(''),
  );
  const options = { accountPlan: 'business', latencyMs: LATENCY_MS, groups: [] } as const;
  const simulator = await startSimulatorProcess(options);
  try {
    const spent = await tool.run(simulator, folder);
    return { ...spent, lost: ROWS - (await simulator.countGroups()) };
  } finally {
    simulator.end();
    rmSync(folder, { recursive: true });
  }
}

/** Its hundred-odd packages are no dependency of ours: they are fetched for the benchmark only. */
function hasNewman(report: (line: string) => void): boolean {
  if (existsSync(join(NEWMAN, 'node_modules/newman'))) return true;
  mkdirSync(NEWMAN, { recursive: true });
  try {
    const install = [
      'install',
      '--prefix',
      NEWMAN,
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      'newman@6',
    ];
    execFileSync('npm', install, { stdio: 'ignore' });
    return true;
  } catch {
    report('newman could not be installed: it is left out');
    return false;
  }
}

function hasCurl(): boolean {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
