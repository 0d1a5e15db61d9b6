/** `export`: the account's groups as a CSV that apply finds identical to the last row. */
import { openAccount } from '../cli/account.js';
import type { Options } from '../cli/options.js';
import { openTerminal, print, printed } from '../cli/output.js';
import { clock } from '../engine/clock.js';
import { takeListing } from '../engine/list-groups.js';
import { EXIT, type ExitCode, Halt } from '../model/outcome.js';
import { csvLine, runsAsFormula } from '../reporting/results.js';
import { type Group, SETTINGS } from '../resources/groups/group.js';
import { writeWhole } from '../storage/atomic-file.js';
import { counted } from '../text/format.js';

/** `export [--out FILE]`. @throws Halt where no listing can be had */
export async function exportGroups(_: readonly string[], options: Options): Promise<ExitCode> {
  const terminal = openTerminal(options);
  try {
    const account = await openAccount(options, (message) => terminal.log('warn', message));
    terminal.hide(account.secrets);
    try {
      const { directory } = account;
      const lister = { directory, clock, dice: Math.random, signal: new AbortController().signal };
      const taken = await takeListing(lister, { which: 'baseline', record: () => undefined });
      if (!taken.ok) {
        const hint =
          'An export needs the read scope: imgroup:read:admin (or contact_group:read:list_groups:admin).';
        throw new Halt(taken.stop ?? { exit: EXIT.act, reason: 'listing-needed', message: taken.why, hint });
      }
      const groups = [...taken.listing];
      const columns = SETTINGS.filter(([setting]) => !directory.unsupported.includes(setting));
      const lines = [
        csvLine(['name', ...columns.map(([, word]) => word)], ','),
        ...groups.map(lineOf(columns)),
      ];
      if (options.out === undefined) print(lines.join(''));
      else await writeWhole(options.out, lines);
      const code = await printed(EXIT.ok);
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
  return (group) => csvLine([group.name, ...columns.map(([setting]) => String(group[setting] ?? ''))], ',');
}

/** Names stay exact, so that apply finds them; who opens the file in a spreadsheet is told which may run. */
function tell(
  groups: readonly Group[],
  twice: ReadonlySet<string>,
  { out, simulate }: Options,
  say: (text: string) => void,
): void {
  const formulas = groups.filter(({ name }) => runsAsFormula(name));
  say(
    `${counted(groups.length, 'group')} exported${out === undefined ? '' : ` to ${out}`}${simulate ? ' (simulated)' : ''}`,
  );
  if (formulas.length > 0) {
    say(
      `Names that look like formulas to a spreadsheet: ${formulas.length}, such as ${JSON.stringify(formulas[0]?.name)}; they are exported as they are.`,
    );
  }
  for (const name of twice)
    say(`The directory has more than one group named ${JSON.stringify(name)}; one is exported.`);
}
