/** `plan`: what apply would do, row by row and in sum; one listing, no write. */
import { type Account, connect } from '../cli/account.js';
import type { Options } from '../cli/options.js';
import { openTerminal, printProblems, toReadOptions, warnUnsupported } from '../cli/output.js';
import { clock } from '../engine/clock.js';
import { takeListing } from '../engine/list-groups.js';
import { createRunState } from '../events/run-state.js';
import { EXIT, type ExitCode, FatalError } from '../model/outcome.js';
import { formatProblems } from '../reporting/problems-text.js';
import {
  emptySum,
  formatForecast,
  formatPlanTotals,
  type Planning,
  type PlanSum,
  planningOf,
} from '../resources/groups/forecast.js';
import type { GroupIndex } from '../resources/groups/group-index.js';
import { plan } from '../resources/groups/plan.js';
import { type InputValidation, openInput, type ReadOptions, validateInput } from '../runs/validate-input.js';
import { openRereadable } from '../storage/file-source.js';
import { flushStdout, writeJson, writeStdout } from '../terminal/stdout.js';
import type { ValidatedRow } from '../validation/row.js';

/** One line of a plan. */
type PlanRow = {
  readonly line: number;
  readonly name: string;
  readonly planning: Planning;
  readonly detail: string;
};

/** `plan FILE`. With --detailed-exitcode: 0 nothing to do, 1 an error, 2 something to do. */
export async function planFile([file = '-']: readonly string[], options: Options): Promise<ExitCode> {
  const reading = toReadOptions(options);
  const bytes = await openRereadable(file);
  const surveyed = await validateInput(bytes(), reading);
  if (surveyed.broken) return flushStdout(printProblems(commandName(options), file, surveyed, options));
  const terminal = openTerminal(options);
  try {
    const account = await connect(options, (message) => terminal.log('warn', message));
    terminal.hide(account.secrets);
    warnUnsupported(surveyed, account, terminal);
    try {
      const now = await listingFor(account);
      const sum = emptySum();
      const rows: PlanRow[] = [];
      for await (const row of planRows(bytes(), reading, now, options)) {
        sum[row.planning] += 1;
        if (options.json) rows.push(row);
        else if (!options.quiet) writeStdout(planLine(row));
      }
      const code = exitCodeOf(sum, options);
      show(surveyed, file, sum, rows, account, options, code);
      if (sum.problem > 0) process.stderr.write(formatProblems(file, surveyed.problems));
      return await flushStdout(code);
    } finally {
      await account.close();
    }
  } finally {
    terminal.end();
  }
}

function exitCodeOf({ problem, create, update }: PlanSum, options: Options): ExitCode {
  const isRefused = problem > 0 && !options.skipInvalid;
  if (!options.detailedExitcode) return isRefused ? EXIT.usage : EXIT.ok;
  if (isRefused) return EXIT.unprovisioned;
  return create + update > 0 ? EXIT.usage : EXIT.ok;
}

function commandName({ dryRun }: Options): string {
  return dryRun ? 'apply' : 'plan';
}

/** A plan without a listing would say nothing. @throws FatalError where none can be had */
async function listingFor({ directory }: Account): Promise<GroupIndex> {
  const lister = { directory, clock, dice: Math.random, signal: new AbortController().signal };
  const taken = await takeListing(lister, { which: 'baseline', record: () => undefined });
  if (taken.ok) return taken.listing;
  const hint = 'A plan needs the read scope: imgroup:read:admin (or contact_group:read:list_groups:admin).';
  throw new FatalError(
    taken.stop ?? { exit: EXIT.actionRequired, reason: 'listing-needed', message: taken.why, hint },
  );
}

async function* planRows(
  source: AsyncIterable<Uint8Array>,
  reading: ReadOptions,
  now: GroupIndex,
  options: Options,
): AsyncGenerator<PlanRow> {
  const known = { now, history: createRunState(), update: options.update ?? false };
  for await (const batch of (await openInput(source, reading)).rows) {
    for (const checked of batch) yield planRow(checked, known);
  }
}

function planRow(checked: ValidatedRow, known: Parameters<typeof plan>[1]): PlanRow {
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
  { sha256, rows: rowCount }: InputValidation,
  file: string,
  sum: PlanSum,
  rows: readonly PlanRow[],
  account: Account,
  options: Options,
  code: ExitCode,
): void {
  const forecast = formatForecast(sum, account.target);
  const { simulated, target } = account;
  if (options.json) {
    const input = { path: file, sha256, rows: rowCount };
    const { baseUrl: base_url, api, accountPlan: account_plan, perSecond: rate_per_second } = target;
    const named = { base_url, api, account_plan, rate_per_second };
    const reason = sum.problem > 0 ? 'problems' : 'planned';
    const body = { simulated, input, target: named, counts: sum, forecast, rows };
    writeJson(commandName(options), body, { code, reason });
    return;
  }
  // What need not be done and is no problem is nothing to hear of.
  if (options.quiet && sum.create + sum.update + sum.problem === 0) return;
  writeStdout(`${simulated ? 'simulated: ' : ''}${formatPlanTotals(sum)}\n${forecast}`);
}
