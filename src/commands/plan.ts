/** `plan`: what apply would do, row by row and in sum; reads the existing groups, sends no write. */

import { type Account, connect } from '../cli/account.js';
import { toGroupsOptions } from '../cli/groups-options.js';
import { readAndValidate, type ValidatedInput } from '../cli/input.js';
import { wantsColor } from '../cli/options/environment.js';
import type { Options } from '../cli/options/options.js';
import { nameTarget, openTerminal } from '../cli/output.js';
import { makePlan } from '../cli/plan-checksum.js';
import { openSession } from '../cli/run-session.js';
import { createRunState } from '../events/run-state.js';
import { RATE_LABELS } from '../model/call.js';
import { EXIT, type ExitCode } from '../model/stop.js';
import { createForecast, formatForecast, type LabelForecast } from '../reporting/forecast.js';
import { groups } from '../resources/groups/groups.js';
import { flushStdout, writeJson, writeStdout } from '../terminal/stdout.js';
import { escapeInvisible, paint } from '../text/visible.js';

/** What a row of a plan is called, in text and in JSON. */
type Action = 'create' | 'update' | 'differs' | 'identical' | 'failed' | 'duplicate' | 'invalid';

type PlanRow = {
  readonly line: number;
  readonly name: string;
  readonly action: Action;
  readonly detail: string;
};

type Plan = {
  readonly counts: Record<Action, number>;
  readonly rows: readonly PlanRow[];
  readonly forecast: readonly LabelForecast[];
  readonly checksum: string;
};

/** `plan FILE`. With --detailed-exitcode: 0 nothing to do, 1 an error, 2 something to do. */
export async function planFile([file = '-']: readonly string[], options: Options): Promise<ExitCode> {
  const terminal = openTerminal(options);
  const resourceOptions = { ...toGroupsOptions(options), needsListing: true };
  const source = { file, folder: '', state: undefined };
  try {
    const input = await readAndValidate(source, {
      command: commandOf(options),
      resource: groups,
      resourceOptions,
      options,
      terminal,
    });
    if (input.type === 'refused') return input.code;
    const account = await connect(options, {
      api: options.api,
      writeLabel: groups.writeLabel(resourceOptions),
      scopes: [groups.scopes(resourceOptions)[0] ?? []],
      warn: (message) => terminal.log('warn', message),
    });
    terminal.hide(account.secrets);
    try {
      nameTarget(account, options, (text) => terminal.say(text));
      // The checksum is that of an apply with these options.
      const shape = { ...input.shape, options: toGroupsOptions(options) };
      const session = openSession(
        { ...input, run: source, resource: groups, resourceOptions, options },
        createRunState(),
      );
      const plan = await collectPlan(session, account, shape, input, options);
      const hasChanges = plan.counts.create + plan.counts.update > 0;
      const code = options.detailedExitcode && hasChanges ? EXIT.usage : EXIT.ok;
      print(file, plan, account, input, options, code);
      return await flushStdout(code);
    } finally {
      await account.close();
    }
  } finally {
    terminal.end();
  }
}

/** A dry run is a plan under its own name. */
function commandOf({ dryRun }: Options): string {
  return dryRun ? 'apply' : 'plan';
}

async function collectPlan(
  session: Parameters<typeof makePlan>[0],
  account: Account,
  shape: Parameters<typeof makePlan>[2],
  { validation }: Extract<ValidatedInput, { type: 'valid' }>,
  { all, json }: Options,
): Promise<Plan> {
  const { duplicates: duplicate, invalid } = validation;
  const counts: Record<Action, number> = {
    create: 0,
    update: 0,
    differs: 0,
    identical: 0,
    failed: 0,
    duplicate,
    invalid,
  };
  const requests = new Map(RATE_LABELS.map((label) => [label, 0]));
  const rows: PlanRow[] = [];
  const add = (row: PlanRow): void => {
    counts[row.action] += 1;
    if (all || json || row.action !== 'identical') rows.push(row);
  };
  const checksum = await makePlan(session, account, shape, {
    onKnown: ({ line, name, outcome: { status, detail } }) => {
      if (status === 'failed') add({ line, name, action: 'failed', detail });
      else {
        const action = detail.startsWith('differs') ? 'differs' : 'identical';
        add({ line, name, action, detail: detail.replace(/^(?:differs: |identical(?:; )?)/, '') });
      }
    },
    onWrite: (step) => {
      requests.set(step.call.label, (requests.get(step.call.label) ?? 0) + 1);
      const action = step.operation === 'update' ? 'update' : 'create';
      for (const { line, name } of step.rows) add({ line, name, action, detail: step.change ?? '' });
    },
    onWarning: (message) => process.stderr.write(`${escapeInvisible(message)}\n`),
  });
  return {
    counts,
    rows,
    forecast: createForecast(requests, account.target.accountPlan, account.rateFor),
    checksum,
  };
}

const SIGNS: Readonly<Record<Action, string>> = {
  create: '+',
  update: '~',
  differs: '≠',
  identical: '=',
  failed: '!',
  duplicate: '=',
  invalid: '!',
};

const COLORS: Readonly<Partial<Record<Action, number>>> = { create: 32, update: 33, differs: 36, failed: 31 };

function print(
  file: string,
  { counts, rows, forecast, checksum }: Plan,
  account: Account,
  { validation }: Extract<ValidatedInput, { type: 'valid' }>,
  options: Options,
  code: ExitCode,
): void {
  const { simulated, target } = account;
  if (options.json) {
    writeJson(
      commandOf(options),
      {
        simulated,
        input: { path: file, sha256: validation.sha256, rows: validation.rows },
        target: {
          base_url: target.baseUrl,
          api: target.api,
          account_plan: target.accountPlan,
          rate_per_second: target.perSecond,
        },
        counts,
        forecast,
        checksum,
        rows,
      },
      { code, reason: 'planned' },
    );
    return;
  }
  const changes = counts.create + counts.update;
  // Nothing to do and nothing wrong: nothing to report under --quiet.
  if (options.quiet && changes + counts.failed + counts.invalid === 0) return;
  const color = wantsColor(process.stdout.isTTY === true);
  if (!options.quiet) for (const row of rows) writeStdout(formatRow(row, color));
  const hidden = counts.identical > 0 && !options.all ? ' (shown with --all)' : '';
  const total = `${simulated ? 'simulated: ' : ''}${formatTotals(counts)}${hidden}`;
  writeStdout(
    `${total}\n${formatForecast(forecast)}\nChecksum: ${checksum} (apply --checksum does exactly this)`,
  );
}

function formatRow({ action, name, detail, line }: PlanRow, color: boolean): string {
  const text = `${SIGNS[action]} ${action.padEnd(9)}  ${escapeInvisible(name)}${detail === '' ? '' : `  (${escapeInvisible(detail)})`}  [line ${line}]`;
  return paint(text, COLORS[action], color);
}

/** `12 to create, 3 differ, 85 identical`; what does not occur is left out, except creates. */
function formatTotals(counts: Record<Action, number>): string {
  const words: readonly (readonly [Action, string])[] = [
    ['create', 'to create'],
    ['update', 'to update'],
    ['differs', counts.differs === 1 ? 'differs' : 'differ'],
    ['identical', 'identical'],
    ['failed', 'cannot be done'],
    ['duplicate', counts.duplicate === 1 ? 'duplicate' : 'duplicates'],
    ['invalid', 'invalid'],
  ];
  return words
    .filter(([action]) => counts[action] > 0 || action === 'create')
    .map(([action, word]) => `${counts[action]} ${word}`)
    .join(', ');
}
