/** Runs of the built command that are interrupted, and what must hold for their run folders afterwards. */
import { type ChildProcess, execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.js';
import {
  CLI,
  command,
  folder,
  type Given,
  journal,
  type ResultRow,
  results,
  type Transcript,
} from './command.js';
import { startTestSimulator, type TestSimulator } from './simulator.js';

/** An empty account without limits, slow enough for a run to be interrupted. */
export function startEmptyAccount(options: SimulatorOptions = {}): Promise<TestSimulator> {
  return startTestSimulator({ latencyMs: 20, groups: [], limiter: 'none', ...options });
}

/** A CSV with groups of these numbers. */
export function numbered(numbers: Iterable<number>): string {
  return `name\n${[...numbers].map((n) => `Group ${n}\n`).join('')}`;
}

/** The numbers from 1 on. */
export function upTo(n: number): readonly number[] {
  return Array.from({ length: n }, (_, i) => i + 1);
}

/** Runs a command and does something to it as soon as the simulator has created that many groups. */
export async function runUntil(
  zoom: Simulator,
  made: number,
  act: (child: ChildProcess) => void,
  args: readonly string[],
  given: Given,
): Promise<Transcript> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await command(args, {
      ...given,
      onStart: (child) => {
        timer = setInterval(() => {
          if (zoom.created().length < made) return;
          clearInterval(timer);
          act(child);
        }, 1);
      },
    });
  } finally {
    clearInterval(timer);
  }
}

/** Kills a command when the simulator has created that many groups. */
export function killedAt(
  zoom: Simulator,
  made: number,
  args: readonly string[],
  given: Given,
): Promise<Transcript> {
  return runUntil(zoom, made, (child) => child.kill('SIGKILL'), args, given);
}

/** Every row of the file once in the results, in its order; returns them. */
export function expectEveryRowOnce(run: string, input: string): readonly ResultRow[] {
  const names = input.trimEnd().split('\n').slice(1);
  const rows = results(run);
  expect(rows.map(({ name }) => name)).toEqual(names);
  return rows;
}

/** No name was created twice, and nothing that existed before is reported as created. */
export function expectHonest(
  zoom: Simulator,
  rows: readonly ResultRow[],
  existing: ReadonlySet<string>,
): void {
  const made = zoom.created();
  expect(new Set(made.map(({ name }) => name)).size).toBe(made.length);
  const idOf = new Map(made.map(({ name, id }) => [name, id]));
  for (const { name = '', zoom__status: status, zoom__group_id: id } of rows) {
    if (existing.has(name)) expect(`${name} ${status}`).toBe(`${name} already-provisioned`);
    if (status === 'created')
      expect(`${name} ${id?.replace(/^'?(dir\.)?/, '')}`).toBe(`${name} ${idOf.get(name)}`);
  }
}

/** How many writes the journal has for each row, by its key. */
export function attemptsIn(run: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const event of journal(run)) {
    if (event.type !== 'attempt' || event.effect !== 'write') continue;
    for (const { key } of event.rows) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/**
 * The environment of a command whose clock is ahead by that much. Names of contact groups may repeat, so a resume waits
 * until the youngest lost create is a minute old; a test does not.
 */
export function aheadBy(ms: number): Readonly<Record<string, string>> {
  const code = `const { now } = Date; Date.now = () => now() + ${ms};`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}

/** The reports that are byte for byte the same whenever they are made. */
export function reportBytes(run: string): Readonly<Record<string, string>> {
  const files = ['results.csv', 'failed.csv', 'summary.json'];
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(run, file), 'utf8')]));
}

/** A folder of its own with that CSV in it. */
export function inFolder(text: string): { readonly cwd: string; readonly input: string } {
  const cwd = folder();
  const input = join(cwd, 'in.csv');
  writeFileSync(input, text);
  return { cwd, input };
}

/** The command that a run prints to resume it, or to retry its failed rows; undefined if it prints none. */
export function findNextCommand(stdout: string): string | undefined {
  return /^To (?:resume|retry the rows that are not provisioned), run:\n\s+(.+)/m.exec(stdout)?.[1];
}

/** Runs a printed command in a shell where `zoom-im-groups` is the built one. */
export async function runInShell(
  line: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const words = line.replace(/^zoom-im-groups /, `'${process.execPath}' '${CLI}' `);
  const own = { PATH: process.env.PATH, XDG_STATE_HOME: join(cwd, '.state'), ...env };
  return (await promisify(execFile)('/bin/sh', ['-c', words], { cwd, env: own })).stdout;
}
