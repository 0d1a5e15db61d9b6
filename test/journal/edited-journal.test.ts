/** A journal that was edited: it is read, or refused with a message; never an internal error. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Event } from '../../src/events/event.js';
import { EXIT, FatalError } from '../../src/model/stop.js';
import { readRunState } from '../../src/runs/stored-input.js';
import { writeReports } from '../../src/runs/write-reports.js';
import { command, file, folder } from '../support/command.js';

type Line = Record<string, unknown>;

/** The types of events that this run does not record by itself. */
const OTHER_EVENTS: readonly Event[] = [
  { type: 'pace', at: 1, label: 'medium', perSecond: 15, pauseMs: 1_000, reason: 'rate limit' },
  { type: 'warning', at: 1, message: 'a warning' },
  {
    ...{ type: 'known', at: 1, notes: [{ type: 'present' }] },
    outcomes: [
      {
        ...{ key: 'everyone', fingerprint: '', name: 'Everyone', line: 22 },
        outcome: { status: 'already-provisioned', detail: 'identical', ids: { groupId: 'g' } },
      },
    ],
  },
];

let lines: readonly Line[];
beforeAll(async () => {
  const cwd = folder();
  const text = `name,type\n${Array.from({ length: 20 }, (_, i) => `Group ${i},shared\n`).join('')}Everyone,\n`;
  const args = ['apply', file(text), '--simulate', '--out', 'r', '--rate', '300', '--seed', '3'];
  const faults = ['503:0.2', '429:0.3', '400:0.2'].flatMap((fault) => ['--fault', fault]);
  await command([...args, ...faults, '--max-failures', '1'], { cwd });
  const journal = readFileSync(join(cwd, 'r/journal.ndjson'), 'utf8');
  const recorded: readonly Line[] = journal
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  lines = recorded.toSpliced(-2, 0, ...OTHER_EVENTS);
});

/** Every place in a line where a value stands. */
function places(value: Line, before: readonly string[] = []): readonly (readonly string[])[] {
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...before, key];
    const isContainer = typeof inner === 'object' && inner !== null;
    return isContainer ? [here, ...places(inner as Line, here)] : [here];
  });
}

function edit(line: Line, [key = '', ...rest]: readonly string[], value: unknown): Line {
  const copy = structuredClone(line);
  copy[key] = rest.length === 0 ? value : edit(line[key] as Line, rest, value);
  return copy;
}

async function isReadOrRefused(journal: readonly unknown[], why: string): Promise<void> {
  const run = folder();
  mkdirSync(run, { recursive: true });
  writeFileSync(join(run, 'journal.ndjson'), journal.map((line) => `${JSON.stringify(line)}\n`).join(''));
  try {
    await writeReports(run, readRunState(run));
  } catch (error) {
    expect(error, why).toBeInstanceOf(FatalError);
    if (error instanceof FatalError) expect(error.stop.exit, why).toBe(EXIT.usage);
  }
}

test('with a value of another type in any place', async () => {
  const types = new Set(lines.map(({ type }) => type));
  expect(types.size).toBe(10);
  for (const eventType of types) {
    const at = lines.findIndex(({ type }) => type === eventType);
    const line = lines[at] ?? {};
    for (const place of places(line)) {
      for (const value of [5, null, 'x', '', {}]) {
        const journal = lines.with(at, edit(line, place, value));
        await isReadOrRefused(journal, `${eventType}: ${place.join('.')} = ${JSON.stringify(value)}`);
      }
    }
  }
}, 60_000);

test('with lines left out, doubled, or in another order', async () => {
  for (const at of lines.keys()) {
    await isReadOrRefused(lines.toSpliced(at, 1), `without line ${at + 1}`);
    await isReadOrRefused(lines.toSpliced(at, 0, lines[at] ?? {}), `line ${at + 1} twice`);
  }
  await isReadOrRefused([lines[0], ...lines.slice(1).reverse()], 'backwards');
}, 60_000);
