/** Runs the built command as a user does, and waits for its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll } from 'vitest';
import type { Event } from '../../src/events/event.js';

export const CLI: string = resolve(import.meta.dirname, '../../dist/cli.js');

export type Transcript = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type Given = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string | Uint8Array;
  /** Receives the child as soon as it runs: to send signals, or to watch it. */
  readonly onStart?: (child: ChildProcess) => void;
};

const folders: string[] = [];
// Not at the process's exit: vitest ends its workers without one.
afterAll(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true, maxRetries: 3 });
});

/** A folder of its own, removed when the tests are over. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'zoom-im-groups-test-'));
  folders.push(path);
  return path;
}

/** A file in a folder of its own. */
export function file(text: string | Uint8Array, name = 'groups.csv'): string {
  const path = join(folder(), name);
  writeFileSync(path, text);
  return path;
}

/** Nothing of the tester's own environment reaches the command. */
function bareEnvironment(): Record<string, string | undefined> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'SystemRoot', 'LANG'];
  return Object.fromEntries(kept.map((name) => [name, process.env[name]]));
}

/** Runs `zoom-im-groups …` to its end. */
export function command(args: readonly string[], given: Given = {}): Promise<Transcript> {
  return new Promise((done, failed) => {
    const cwd = given.cwd ?? folder();
    const env = { ...bareEnvironment(), XDG_STATE_HOME: join(cwd, '.state'), ...given.env };
    const child = spawn(process.execPath, [CLI, ...args], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(given.stdin ?? '');
    child.on('error', failed);
    child.on('close', (code, signal) => done({ code, signal, stdout, stderr }));
    given.onStart?.(child);
  });
}

export type ResultRow = Readonly<Record<string, string>>;

/** The rows of a run's results.csv, by column. */
export function results(run: string): readonly ResultRow[] {
  return parse(readFileSync(join(run, 'results.csv'), 'utf8'), {
    columns: true,
    bom: true,
    relax_quotes: false,
  });
}

export function summary(run: string): Record<string, unknown> & {
  counts: Record<string, number>;
  exit: { code: number; reason: string };
  requests: Record<string, number>;
} {
  return JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8'));
}

/** The events of a run's journal. */
export function journal(run: string): readonly Event[] {
  return readFileSync(join(run, 'journal.ndjson'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}
