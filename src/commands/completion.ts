/** `completion`: completions for three shells, made from the same table as the command itself. */

import { COMMAND_NAMES, type CommandName, optionsOf } from '../cli/options.js';
import { EXIT, type ExitCode, usageError } from '../model/stop.js';
import { flushStdout, writeStdout } from '../terminal/stdout.js';

const SHELLS: Readonly<Record<string, () => string>> = { bash, zsh, fish };

/** `completion SHELL`. @throws FatalError (exit 2) for a shell that there is nothing for */
export async function completion([shell = '']: readonly string[]): Promise<ExitCode> {
  const script = SHELLS[shell];
  if (!script)
    throw usageError(`no completions for ${shell}`, `There are some for ${Object.keys(SHELLS).join(', ')}.`);
  writeStdout(script());
  return flushStdout(EXIT.ok);
}

type Flag = {
  readonly long: string;
  readonly help: string;
  readonly choices: readonly string[];
  readonly takes: boolean;
};

function flagsOf(command: CommandName): readonly Flag[] {
  const own = optionsOf(command).map((option) => ({
    long: option.long ?? '',
    help: option.description,
    choices: option.argChoices ?? [],
    takes: option.required,
  }));
  return [...own, { long: '--help', help: 'display help for command', choices: [], takes: false }];
}

function bash(): string {
  const cases = COMMAND_NAMES.map((command) => {
    const flags = flagsOf(command);
    const values = flags
      .filter(({ choices }) => choices.length > 0)
      .map(
        ({ long, choices }) =>
          `      ${long}) COMPREPLY=($(compgen -W "${choices.join(' ')}" -- "$word")); return ;;`,
      );
    const files = flags.filter(({ takes, choices }) => takes && choices.length === 0).map(({ long }) => long);
    const plain = files.length > 0 ? [`      ${files.join('|')}) return ;;`] : [];
    return `    ${command})
      case "$before" in
${[...values, ...plain, '      *) ;;'].join('\n')}
      esac
      options="${flags.map(({ long }) => long).join(' ')}" ;;`;
  });
  return `# bash completion for zoom-im-groups
_zoom_im_groups() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" options=""
  COMPREPLY=()
  # --option=value comes as three words.
  if [ "$word" = = ]; then word=""; elif [ "$before" = = ]; then before="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${COMMAND_NAMES.join(' ')} --help --version" -- "$word")); return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  if [[ "$word" != -* && "\${COMP_WORDS[1]}" == completion ]]; then
    COMPREPLY=($(compgen -W "${Object.keys(SHELLS).join(' ')}" -- "$word"))
  elif [[ "$word" == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$word")); fi
}
# Where nothing is offered, readline completes file names itself: it knows blanks, quotes and ~.
complete -o default -F _zoom_im_groups zoom-im-groups`;
}

function zsh(): string {
  const escaped = (text: string): string =>
    text.replace(/[\\[\]:']/g, (c) => (c === "'" ? "'\\''" : `\\${c}`));
  const cases = COMMAND_NAMES.map((command) => {
    const flags = flagsOf(command).map(({ long, help, choices, takes }) => {
      const value = choices.length > 0 ? `:value:(${choices.join(' ')})` : takes ? ':value:_files' : '';
      return `        '*${long}[${escaped(help)}]${value}' \\`;
    });
    const rest =
      command === 'completion' ? `'1:shell:(${Object.keys(SHELLS).join(' ')})'` : "'*:file:_files'";
    return `    ${command})
      _arguments \\
${[...flags, `        ${rest}`].join('\n')} ;;`;
  });
  return `#compdef zoom-im-groups
# zsh completion for zoom-im-groups
_zoom_im_groups() {
  if (( CURRENT == 2 )); then
    compadd -- ${COMMAND_NAMES.join(' ')} --help --version
    return
  fi
  local command="$words[2]"
  shift words; (( CURRENT-- ))
  case "$command" in
${cases.join('\n')}
  esac
}
# As a file in fpath its body is the first completion; sourced, it announces itself.
if [[ "$funcstack[1]" == _zoom-im-groups ]]; then _zoom_im_groups "$@"
else compdef _zoom_im_groups zoom-im-groups; fi`;
}

function fish(): string {
  const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
  const commands = COMMAND_NAMES.map(
    (command) => `complete -c zoom-im-groups -n __fish_use_subcommand -f -a ${command}`,
  );
  const flags = COMMAND_NAMES.flatMap((command) =>
    flagsOf(command).map(({ long, help, choices, takes }) => {
      const values = choices.length > 0 ? ` -x -a ${quote(choices.join(' '))}` : takes ? ' -r' : '';
      const when = `-n '__fish_seen_subcommand_from ${command}'`;
      return `complete -c zoom-im-groups ${when} -l ${long.slice(2)}${values} -d ${quote(help)}`;
    }),
  );
  const shells = `complete -c zoom-im-groups -n '__fish_seen_subcommand_from completion' -f -a '${Object.keys(SHELLS).join(' ')}'`;
  return ['# fish completion for zoom-im-groups', ...commands, ...flags, shells].join('\n');
}
