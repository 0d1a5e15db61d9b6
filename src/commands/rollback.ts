/** `rollback`: takes back what one run made, as a run of its own: kept, paced, journalled and reported. */
import { basename, resolve } from 'node:path';
import { type Account, connect } from '../cli/account.js';
import type { Options } from '../cli/options.js';
import { openTerminal, toReadOptions } from '../cli/output.js';
import { assertSameAccount, runWithLock } from '../cli/run-session.js';
import { clock } from '../engine/clock.js';
import { takeListing } from '../engine/list-groups.js';
import type { Job } from '../engine/provision.js';
import { EXIT, type ExitCode, FatalError, usageError } from '../model/outcome.js';
import type { Group } from '../resources/groups/group.js';
import type { GroupIndex } from '../resources/groups/group-index.js';
import { type Undo, undoCsv, undoStep, undos } from '../resources/groups/rollback.js';
import {
  describeRollbackInput,
  findUnfinishedRollback,
  nameRunFolder,
  openRun,
  type Run,
} from '../runs/find-run.js';
import { validateInput } from '../runs/validate-input.js';
import { readRunState } from '../runs/write-reports.js';
import { askYes, notConfirmed } from '../terminal/question.js';
import { writeJson, writeStdout } from '../terminal/stdout.js';
import { formatCount } from '../text/format.js';

const MUST_LOOK_FIRST = 'only groups that are still empty and unchanged are taken back';

/** `rollback RUN`. @throws FatalError where nothing was begun */
export async function rollback([source = '']: readonly string[], given: Options): Promise<ExitCode> {
  const history = await readRunState(source);
  const origin = history.runs.at(-1);
  if (origin?.command !== 'apply')
    throw usageError(`${source} is not a run of apply`, 'Name the run folder of one.');
  refuseOther(origin.simulated, given);
  const options: Options = {
    ...given,
    api: origin.target.api,
    accountPlan: given.accountPlan,
    listing: true,
  };
  const all = undos(history, options.includeUpdates ?? false);
  const terminal = openTerminal(options);
  const warn = (message: string): void => terminal.log('warn', message);
  try {
    const account = await connect(options, warn, { known: all.map(asGroup), writes: true });
    terminal.hide(account.secrets);
    try {
      refuseOtherAddress(origin.target.baseUrl, account);
      assertSameAccount(history.runs, account);
      await preview(all, account, teller(options));
      if (all.length === 0) {
        if (options.json)
          writeJson(
            'rollback',
            { counts: { deleted: 0 } },
            { code: EXIT.ok, reason: 'nothing to roll back' },
          );
        return EXIT.ok;
      }
      const question = `Delete ${formatCount(all.length, 'group')} from Zoom?`;
      if (!(await askYes(question, { yes: options.yes ?? false }))) {
        throw notConfirmed('the rollback was not confirmed', 'Nothing was rolled back.');
      }
      const bytes = async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.from(undoCsv(all));
      };
      const reading = { ...toReadOptions(options), dialect: { encoding: '', delimiter: ',', map: {} } };
      return await runWithLock({
        command: 'rollback',
        run: await chooseRun(source, options),
        bytes,
        reading,
        surveyed: await validateInput(bytes(), reading),
        account,
        options,
        terminal,
        plan: (own) => planner(all, own),
        needsListing: MUST_LOOK_FIRST,
      });
    } finally {
      await account.close();
    }
  } finally {
    terminal.end();
  }
}

function asGroup({ groupId, left }: Undo): Group {
  return { ...left, id: groupId, members: 0 };
}

function refuseOther(simulated: boolean, { simulate }: Options): void {
  if (simulated === (simulate ?? false)) return;
  throw usageError(
    simulated ? 'this run was simulated: nothing of it is on an account' : 'this run was a real one',
    simulated ? 'Rehearse its rollback with --simulate.' : 'Leave out --simulate.',
  );
}

function refuseOtherAddress(before: string, { target, simulated }: Account): void {
  if (simulated || before === target.baseUrl) return;
  throw usageError(`the run was made at ${before}, not at ${target.baseUrl}`, `Set ZOOM_BASE_URL=${before}.`);
}

async function chooseRun(source: string, options: Options): Promise<Run> {
  const file = describeRollbackInput(source);
  if (options.resume === undefined) {
    const folder = options.out ?? nameRunFolder(`rollback-${basename(resolve(source))}`, new Date());
    return { folder, file, history: undefined, isUnnamed: options.out === undefined };
  }
  const folder = typeof options.resume === 'string' ? options.resume : await findUnfinishedRollback(file);
  return openRun(folder, file);
}

/** A preview is what the question is about; where it is not asked, -q needs none, and --json has one object only. */
function teller({ json, quiet, yes }: Options): (text: string) => void {
  if (quiet && yes) return () => undefined;
  return json ? (text) => void process.stderr.write(`${text}\n`) : writeStdout;
}

/** What would be done, a line each, and why something would be left. @throws FatalError where none can be told */
async function preview(all: readonly Undo[], account: Account, tell: (text: string) => void): Promise<void> {
  if (all.length === 0) return tell('Nothing to take back: the run created no group whose id is known.');
  const { directory } = account;
  const lister = { directory, clock, dice: Math.random, signal: new AbortController().signal };
  const taken = await takeListing(lister, { which: 'baseline', record: () => undefined });
  if (!taken.ok) {
    const hint = 'A rollback needs the read scope too: imgroup:read:admin.';
    throw new FatalError(
      taken.stop ?? { exit: EXIT.actionRequired, reason: 'listing-needed', message: taken.why, hint },
    );
  }
  const byId = idsOf(taken.listing);
  for (const undo of all) {
    const step = undoStep(undo, byId.get(undo.groupId));
    const why = step.do === 'settle' ? `  (${step.outcome.detail})` : '';
    // What needs no request is told as the result will tell it.
    const what = step.do === 'settle' ? step.outcome.status : step.do;
    tell(`${what.padEnd(8)}  ${undo.left.name}${why}`);
  }
}

/** By id, for a group may have been renamed; of those that share a name, all. */
function idsOf(listing: GroupIndex): ReadonlyMap<string, Group> {
  return new Map([...listing, ...listing.others].map((group) => [group.id, group]));
}

function planner(
  all: readonly Undo[],
  own: Parameters<Parameters<typeof runWithLock>[0]['plan']>[0],
): Job['plan'] {
  const wanted = new Map(all.map((undo) => [undo.key, undo]));
  let known: { readonly of: GroupIndex; readonly byId: ReadonlyMap<string, Group> } | undefined;
  return ({ key, settings, definition, row }, now) => {
    const undo = wanted.get(key);
    if (!undo || !now) throw new Error(`nothing is known of line ${row.line}`);
    if (known?.of !== now) known = { of: now, byId: idsOf(now) };
    const done = own.rows.get(key)?.outcome;
    const step =
      done?.status === 'deleted' || done?.status === 'restored'
        ? ({ do: 'nothing', outcome: done } as const)
        : undoStep(undo, known.byId.get(undo.groupId));
    return { key, line: row.line, settings, definition, step };
  };
}
