/** `export`: the account's groups as a CSV that apply finds identical to the last row. */
import { connect } from '../cli/account.js';
import type { Options } from '../cli/options.js';
import { openTerminal } from '../cli/output.js';
import { clock } from '../engine/clock.js';
import { takeListing } from '../engine/list-groups.js';
import { EXIT, type ExitCode, FatalError } from '../model/outcome.js';
import { type Group, SETTINGS } from '../resources/groups/group.js';
import { writeAtomically } from '../storage/atomic-file.js';
import { flushStdout, writeStdout } from '../terminal/stdout.js';
import { formatCsvLine, isFormula } from '../text/csv-cell.js';
import { formatCount } from '../text/format.js';

/** `export [--out FILE]`. @throws FatalError where no listing can be had */
export async function exportGroups(_: readonly string[], options: Options): Promise<ExitCode> {
  const terminal = openTerminal(options);
  try {
    const account = await connect(options, (message) => terminal.log('warn', message));
    terminal.hide(account.secrets);
    try {
      const { directory } = account;
      const lister = { directory, clock, dice: Math.random, signal: new AbortController().signal };
      const taken = await takeListing(lister, { which: 'baseline', record: () => undefined });
      if (!taken.ok) {
        const hint =
          'An export needs the read scope: imgroup:read:admin (or contact_group:read:list_groups:admin).';
        throw new FatalError(
          taken.stop ?? { exit: EXIT.actionRequired, reason: 'listing-needed', message: taken.why, hint },
        );
      }
      const groups = [...taken.listing];
      const columns = SETTINGS.filter(([setting]) => !directory.unsupported.includes(setting));
      const lines = [
        formatCsvLine(['name', ...columns.map(([, word]) => word)], ','),
        ...groups.map(lineOf(columns)),
      ];
      if (options.out === undefined) writeStdout(lines.join(''));
      else await writeAtomically(options.out, lines);
      const code = await flushStdout(EXIT.ok);
      tell(groups, taken.listing.twice, options, (text) => terminal.say(text));
      return code;
    } finally {
      await account.close();
    }
  } finally {
    terminal.end();
  }
}

function lineOf(columns: typeof SETTINGS): (group: Group) => string {
  return (group) =>
    formatCsvLine([group.name, ...columns.map(([setting]) => String(group[setting] ?? ''))], ',');
}

/** Names stay exact, so that apply finds them; who opens the file in a spreadsheet is told which may run. */
function tell(
  groups: readonly Group[],
  twice: ReadonlySet<string>,
  { out, simulate }: Options,
  say: (text: string) => void,
): void {
  const formulas = groups.filter(({ name }) => isFormula(name));
  say(
    `${formatCount(groups.length, 'group')} exported${out === undefined ? '' : ` to ${out}`}${simulate ? ' (simulated)' : ''}`,
  );
  if (formulas.length > 0) {
    say(
      `Names that look like formulas to a spreadsheet: ${formulas.length}, such as ${JSON.stringify(formulas[0]?.name)}; they are exported as they are.`,
    );
  }
  for (const name of twice)
    say(`The directory has more than one group named ${JSON.stringify(name)}; one is exported.`);
}
