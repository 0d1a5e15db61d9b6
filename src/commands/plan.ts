/** `plan`: what apply would do, row by row and in sum; one listing, no write. */
import { type Account, openAccount } from '../cli/account.js';
import type { Options } from '../cli/options.js';
import {
  openTerminal,
  print,
  printed,
  printProblems,
  problemLines,
  readingFrom,
  warnUnsupported,
} from '../cli/output.js';
import { clock } from '../engine/clock.js';
import { takeListing } from '../engine/list-groups.js';
import { emptyHistory } from '../events/run-state.js';
import { EXIT, type ExitCode, Halt } from '../model/outcome.js';
import {
  emptySum,
  forecastLine,
  type Planning,
  type PlanSum,
  planningOf,
  sumLine,
} from '../resources/groups/forecast.js';
import type { Listing } from '../resources/groups/group-index.js';
import { plan } from '../resources/groups/plan.js';
import { openInput, type Reading, survey } from '../runs/validate-input.js';
import { rereadable } from '../storage/atomic-file.js';
import type { Checked } from '../validation/row.js';

/** One line of a plan. */
type PlanRow = {
  readonly line: number;
  readonly name: string;
  readonly planning: Planning;
  readonly detail: string;
};

/** `plan FILE`. With --detailed-exitcode: 0 nothing to do, 1 an error, 2 something to do. */
export async function planFile([file = '-']: readonly string[], options: Options): Promise<ExitCode> {
  const { code, changes } = await planned(file, options);
  if (!options.detailedExitcode) return code;
  if (code !== EXIT.ok) return EXIT.unprovisioned;
  return changes ? EXIT.usage : EXIT.ok;
}

async function planned(file: string, options: Options): Promise<{ code: ExitCode; changes: boolean }> {
  const reading = readingFrom(options);
  const bytes = await rereadable(file);
  const surveyed = await survey(bytes(), reading);
  if (surveyed.broken) return { code: await printed(printProblems(file, surveyed, options)), changes: false };
  const terminal = openTerminal(options);
  try {
    const account = await openAccount(options, (message) => terminal.log('warn', message));
    terminal.hide(account.secrets);
    warnUnsupported(surveyed, account, terminal);
    try {
      const now = await listingFor(account);
      const sum = emptySum();
      const rows: PlanRow[] = [];
      for await (const row of planRows(bytes(), reading, now, options)) {
        sum[row.planning] += 1;
        if (options.json) rows.push(row);
        else if (!options.quiet) print(planLine(row));
      }
      show(file, sum, rows, account, options);
      const code = sum.problem > 0 && !options.skipInvalid ? EXIT.usage : EXIT.ok;
      if (sum.problem > 0) process.stderr.write(problemLines(file, surveyed));
      return { code: await printed(code), changes: sum.create + sum.update > 0 };
    } finally {
      await account.close();
    }
  } finally {
    terminal.end();
  }
}

/** A plan without a listing would say nothing. @throws Halt where none can be had */
async function listingFor({ directory }: Account): Promise<Listing> {
  const lister = { directory, clock, dice: Math.random, signal: new AbortController().signal };
  const taken = await takeListing(lister, { which: 'baseline', record: () => undefined });
  if (taken.ok) return taken.listing;
  const hint = 'A plan needs the read scope: imgroup:read:admin (or contact_group:read:list_groups:admin).';
  throw new Halt(taken.stop ?? { exit: EXIT.act, reason: 'listing-needed', message: taken.why, hint });
}

async function* planRows(
  source: AsyncIterable<Uint8Array>,
  reading: Reading,
  now: Listing,
  options: Options,
): AsyncGenerator<PlanRow> {
  const known = { now, history: emptyHistory(), update: options.update ?? false };
  for await (const batch of (await openInput(source, reading)).rows) {
    for (const checked of batch) yield planRow(checked, known);
  }
}

function planRow(checked: Checked, known: Parameters<typeof plan>[1]): PlanRow {
  const { line } = checked.row;
  switch (checked.kind) {
    case 'invalid':
      return {
        line,
        name: checked.name,
        planning: 'problem',
        detail: checked.problems.map((p) => p.message).join('; '),
      };
    case 'duplicate':
      return {
        line,
        name: checked.definition.name,
        planning: 'duplicate',
        detail: `same as line ${checked.of}`,
      };
    case 'definition':
      return { line, name: checked.definition.name, ...planningOf(plan(checked, known)) };
  }
}

function planLine({ line, name, planning, detail }: PlanRow): string {
  const said = detail === '' ? '' : `  (${detail})`;
  return `${planning.padEnd(9)}  ${name}${said}  [line ${line}]`;
}

function show(
  file: string,
  sum: PlanSum,
  rows: readonly PlanRow[],
  account: Account,
  options: Options,
): void {
  const forecast = forecastLine(sum, account.target);
  const { simulated, target } = account;
  if (options.json) {
    print(JSON.stringify({ schema_version: 1, file, simulated, target, sum, forecast, rows }, null, 2));
    return;
  }
  // What need not be done and is no problem is nothing to hear of.
  if (options.quiet && sum.create + sum.update + sum.problem === 0) return;
  print(`${simulated ? 'simulated: ' : ''}${sumLine(sum)}\n${forecast}`);
}
