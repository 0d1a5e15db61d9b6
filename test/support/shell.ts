/** Runs a line of a document or a sample as a shell does, with `zoom-im-groups` on the PATH and a bare environment. */
import { spawn } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { CLI, folder } from './command.js';

export type ShellResult = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** A folder with the command in it, as a global install has it. */
export function createBinFolder(): string {
  const bin = join(folder(), 'bin');
  mkdirSync(bin);
  symlinkSync(CLI, join(bin, 'zoom-im-groups'));
  return bin;
}

export async function runShell(
  line: string,
  given: { readonly bin: string; readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<ShellResult> {
  const { bin, cwd, env } = given;
  const path = `${bin}:${dirname(process.execPath)}:/usr/bin:/bin`;
  const child = spawn('/bin/sh', ['-c', line], {
    cwd,
    env: { HOME: cwd, ...env, PATH: path },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = new Promise<number | null>((resolve, reject) =>
    child.on('close', resolve).on('error', reject),
  );
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { code, stdout, stderr };
}
