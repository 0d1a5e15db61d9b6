/** `completion`: completions for three shells, made from the same tables as the commands themselves. */
import { COMMAND_NAMES, COMMANDS, type CommandName } from '../cli/options/commands.js';
import { optionsFor } from '../cli/options/options.js';
import { EXIT, type ExitCode, usageError } from '../model/stop.js';
import { flushStdout, writeStdout } from '../terminal/stdout.js';

const SHELLS: Readonly<Record<string, () => string>> = { bash: formatBash, zsh: formatZsh, fish: formatFish };

/** `completion SHELL`. @throws FatalError (exit 2) for a shell without completions */
export async function completion([shell = '']: readonly string[]): Promise<ExitCode> {
  const format = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
  if (!format) {
    const shells = Object.keys(SHELLS).join(', ');
    throw usageError(`there are no completions for ${shell}`, `There are some for ${shells}.`);
  }
  writeStdout(format());
  return flushStdout(EXIT.ok);
}

type Flag = {
  readonly long: string;
  readonly help: string;
  readonly choices: readonly string[];
  readonly takesValue: boolean;
};

function listFlags(command: CommandName): readonly Flag[] {
  const own = optionsFor(command).map((option) => ({
    long: option.long ?? '',
    help: option.description,
    choices: option.argChoices ?? [],
    takesValue: option.required,
  }));
  return [...own, { long: '--help', help: 'show this help', choices: [], takesValue: false }];
}

/** What may stand in the place of a command. */
const FIRST_WORDS: readonly (readonly [string, string])[] = [
  ...COMMAND_NAMES.map((name) => [name, COMMANDS[name].summary] as const),
  ['help', 'show the help of a command'],
  ['version', 'print the version'],
];

function formatBash(): string {
  const cases = COMMAND_NAMES.map((command) => {
    const flags = listFlags(command);
    const values = flags
      .filter(({ choices }) => choices.length > 0)
      .map(
        ({ long, choices }) =>
          `      ${long}) COMPREPLY=($(compgen -W "${choices.join(' ')}" -- "$word")); return ;;`,
      );
    const files = flags
      .filter(({ takesValue, choices }) => takesValue && choices.length === 0)
      .map(({ long }) => long);
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
    COMPREPLY=($(compgen -W "${FIRST_WORDS.map(([word]) => word).join(' ')} --help --version" -- "$word")); return
  fi
  case "\${COMP_WORDS[1]}" in
    help) COMPREPLY=($(compgen -W "${COMMAND_NAMES.join(' ')}" -- "$word")); return ;;
${cases.join('\n')}
  esac
  if [[ "$word" != -* && "\${COMP_WORDS[1]}" == completion ]]; then
    COMPREPLY=($(compgen -W "${Object.keys(SHELLS).join(' ')}" -- "$word"))
  elif [[ "$word" == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$word")); fi
}
# If nothing is offered, readline completes file names itself: it knows blanks, quotes and ~.
complete -o default -F _zoom_im_groups zoom-im-groups`;
}

function formatZsh(): string {
  const escapeText = (text: string): string =>
    text.replace(/[\\[\]:']/g, (c) => (c === "'" ? "'\\''" : `\\${c}`));
  const cases = COMMAND_NAMES.map((command) => {
    const flags = listFlags(command).map(({ long, help, choices, takesValue }) => {
      const value = choices.length > 0 ? `:value:(${choices.join(' ')})` : takesValue ? ':value:_files' : '';
      return `        '*${long}[${escapeText(help)}]${value}' \\`;
    });
    const rest =
      command === 'completion' ? `'1:shell:(${Object.keys(SHELLS).join(' ')})'` : "'*:file:_files'";
    return `    ${command})
      _arguments \\
${[...flags, `        ${rest}`].join('\n')} ;;`;
  });
  const words = FIRST_WORDS.map(([word, help]) => `      '${word}:${escapeText(help)}'`);
  return `#compdef zoom-im-groups
# zsh completion for zoom-im-groups
_zoom_im_groups() {
  if (( CURRENT == 2 )); then
    local -a commands=(
${words.join('\n')}
    )
    _describe command commands
    compadd -- --help --version
    return
  fi
  local command="$words[2]"
  shift words; (( CURRENT-- ))
  case "$command" in
    help) compadd -- ${COMMAND_NAMES.join(' ')} ;;
${cases.join('\n')}
  esac
}
# As a file in fpath its body is the first completion; sourced, it registers itself.
if [[ "$funcstack[1]" == _zoom-im-groups ]]; then _zoom_im_groups "$@"
else compdef _zoom_im_groups zoom-im-groups; fi`;
}

function formatFish(): string {
  const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
  const complete = 'complete -c zoom-im-groups';
  const commands = FIRST_WORDS.map(
    ([word, help]) => `${complete} -n __fish_use_subcommand -f -a ${word} -d ${quote(help)}`,
  );
  const flags = COMMAND_NAMES.flatMap((command) =>
    listFlags(command).map(({ long, help, choices, takesValue }) => {
      const values = choices.length > 0 ? ` -x -a ${quote(choices.join(' '))}` : takesValue ? ' -r' : '';
      const when = `-n '__fish_seen_subcommand_from ${command}'`;
      return `${complete} ${when} -l ${long.slice(2)}${values} -d ${quote(help)}`;
    }),
  );
  const shells = `${complete} -n '__fish_seen_subcommand_from completion' -f -a '${Object.keys(SHELLS).join(' ')}'`;
  const help = `${complete} -n '__fish_seen_subcommand_from help' -f -a '${COMMAND_NAMES.join(' ')}'`;
  return ['# fish completion for zoom-im-groups', ...commands, ...flags, shells, help].join('\n');
}
