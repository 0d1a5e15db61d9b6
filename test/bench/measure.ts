/** A command from its start to its end, and what it cost; and how figures are written. */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Cost = {
  readonly seconds: number;
  /** Processor time of the command and all that it started, in s. */
  readonly cpu: number;
  /** The largest of its processes, in MiB. */
  readonly memory: number;
};

/** Runs a command under GNU time, which counts children too. */
export async function cost(
  command: readonly string[],
  options: { readonly env?: Record<string, string>; readonly cwd?: string; readonly stdin?: string } = {},
): Promise<Cost> {
  const out = join(tmpdir(), `bench-${process.pid}-${Math.random().toString(36).slice(2)}`);
  const child = spawn('/usr/bin/time', ['-f', '%e %U %S %M', '-o', out, ...command], {
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  await new Promise((ended, failed) => child.once('close', ended).once('error', failed));
  const last = readFileSync(out, 'utf8').trim().split('\n').at(-1) ?? '';
  rmSync(out);
  const [seconds = 0, user = 0, system = 0, kib = 0] = last.split(' ').map(Number);
  return { seconds, cpu: user + system, memory: kib / 1024 };
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** The median, and from the lowest to the highest if there is more than one. */
export function formatSpread(values: readonly number[], digits: number): string {
  const middle = median(values).toFixed(digits);
  if (values.length < 2) return middle;
  return `${middle} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`;
}
