/** Completions, asked for in the shells themselves. A shell that is missing is told of, and never in CI. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { COMMAND_NAMES } from '../../src/cli/options/commands.js';
import { command, file, folder } from '../support/command.js';
import { hasPty } from '../support/pty.js';

/** Completes a line of words in one shell; what comes back are its last words, one where they are clear. */
type Complete = (script: string, words: readonly string[]) => readonly string[];

const BASH = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _zoom_im_groups; printf '%s\\n' "\${COMPREPLY[@]}"`;

/** A zsh at a terminal of its own, in which the tab key also tells what stands on the line after it. */
const ZSH = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "autoload -U compinit; compinit -D -u; source \${(q)1}; told() { zle expand-or-complete; print -r -- \\$'\\\\n'\\"[[\\$BUFFER]]\\"; exit }; zle -N told; bindkey '^I' told; print REA''DY"
zpty -r -m shell log '*READY*'
zpty -w -n shell "$2"$'\\t'
zpty -r -m shell out '*\\]\\]*'
print -r -- "\${\${out##*\\[\\[}%%\\]\\]*}"
zpty -d shell
`;

function told(shell: string, args: readonly string[], cwd: string = folder()): string {
  const done = spawnSync(shell, args, { encoding: 'utf8', cwd, timeout: 20_000 });
  expect(done).toMatchObject({ status: 0, stderr: '' });
  return done.stdout;
}

const SHELLS: Readonly<Record<string, Complete>> = {
  bash: (script, words) =>
    told('bash', ['--norc', '--noprofile', '-c', BASH, script, ...words])
      .split('\n')
      .filter(Boolean),
  fish: (script, words) =>
    told('fish', ['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', script, words.join(' ')])
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t', 1)[0] ?? ''),
  zsh: (script, words) => {
    const line = told('zsh', ['-f', '-c', ZSH, 'zsh', script, words.join(' ')]).trimEnd();
    return line === words.join(' ') ? [] : [line.split(' ').at(-1) ?? ''];
  },
};

/** A bash at a terminal of its own; after the tab key another one tells what stands on the line. */
const BASH_KEYS = `
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp('bash', ['bash', '--noprofile', '--rcfile', sys.argv[1], '-i'])
seen, typed = b'', False
while b']]' not in seen:
    seen += os.read(fd, 65536)
    if not typed and b'READY' in seen:
        typed = True
        os.write(fd, sys.argv[2].encode() + b'\\t\\x0f')
print(seen.rsplit(b'[[', 1)[1].split(b']]')[0].decode())
`;

/** What a line becomes at the tab key, in a folder. */
const KEYS: Readonly<Record<string, (script: string, line: string, cwd: string) => string>> = {
  bash: (script, line, cwd) => {
    const telling = `bind -x '"\\C-o": printf "[[%s]]" "$READLINE_LINE"'`;
    const rc = file(`source '${script}'\n${telling}\nPS1=READY\n`, 'rc');
    return told('python3', ['-c', BASH_KEYS, rc, line], cwd);
  },
  // It tells what the last word may become.
  fish: (script, line, cwd) =>
    line.replace(
      /\S+$/,
      told('fish', ['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', script, line], cwd).replace(
        /\t.*/,
        '',
      ),
    ),
  zsh: (script, line, cwd) => told('zsh', ['-f', '-c', ZSH, 'zsh', script, line], cwd),
};

/** The line, and what it becomes; how a blank is quoted is the shell's own affair. */
const BESIDE: readonly (readonly [string, string])[] = [
  ['apply my', 'apply my groups.csv'],
  ['apply --config my', 'apply --config my groups.csv'],
  ['apply --out su', 'apply --out sub dir/'],
  // A command is no folder, whatever lies around.
  ['pl', 'plan'],
];

/** The words that are typed, the last of them in part, and what it becomes. */
const COMPLETED: readonly (readonly [readonly string[], readonly string[]])[] = [
  [['ap'], ['apply']],
  [['rep'], ['report']],
  [['apply', '--acc'], ['--account-plan']],
  [['apply', '--account-plan', 'b'], ['business']],
  [['validate', '--acc'], []],
  [['completion', 'z'], ['zsh']],
  [['export', '--log-f'], ['--log-format']],
  [['validate', '--he'], ['--help']],
];

test.each(['fish', 'zsh'])('%s describes commands and options', async (shell) => {
  const { stdout } = await command(['completion', shell]);
  for (const text of ['show what apply would do', 'print the version', 'rows in flight'])
    expect(stdout).toContain(text);
});

for (const [shell, complete] of Object.entries(SHELLS)) {
  const there = spawnSync(shell, ['--version']).error === undefined;
  if (!there && process.env.CI === 'true') throw new Error(`CI has to have a ${shell}`);
  if (!there) process.stderr.write(`completions for ${shell} are not tested: there is no ${shell}\n`);

  describe.skipIf(!there)(`in ${shell}`, () => {
    let script = '';
    beforeAll(async () => {
      const { code, stdout } = await command(['completion', shell]);
      expect(code).toBe(0);
      script = file(stdout, 'script');
    });

    test('the script is one that the shell accepts, and knows every command', () => {
      told(shell, ['-n', script]);
      const text = readFileSync(script, 'utf8');
      for (const name of COMMAND_NAMES) expect(text).toContain(name);
    });

    const keys = KEYS[shell];
    test.skipIf(!hasPty).each(BESIDE)('%j becomes %j beside a file and folders', (typed, completed) => {
      const cwd = folder();
      writeFileSync(join(cwd, 'my groups.csv'), '');
      for (const name of ['sub dir', 'plan']) mkdirSync(join(cwd, name));
      const line = keys?.(script, `zoom-im-groups ${typed}`, cwd) ?? '';
      expect(line.replaceAll('\\', '').trim()).toBe(`zoom-im-groups ${completed}`);
    });

    test.each(COMPLETED)('%j becomes %j', (typed, completed) => {
      expect(complete(script, ['zoom-im-groups', ...typed])).toEqual(completed);
    });
  });
}

test('for an unknown shell it says which there are', async () => {
  const done = await command(['completion', 'tcsh']);
  expect(done).toMatchObject({ code: 2, stdout: '' });
  expect(done.stderr).toContain('bash, zsh, fish');
});
