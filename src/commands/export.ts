/** `export`: the account's groups as a CSV that apply finds identical to the last row, or their memberships. */
import { existsSync } from 'node:fs';
import type { Account } from '../cli/account.js';
import { withContext } from '../cli/command-context.js';
import { listAllGroups, readSession } from '../cli/list-all.js';
import type { Options } from '../cli/options/options.js';
import { EXIT, type ExitCode, usageError } from '../model/stop.js';
import { type Group, normalizeName, SETTINGS } from '../resources/groups/api/group.js';
import type { GroupIndex } from '../resources/groups/api/group-index.js';
import { GROUPS_APIS } from '../resources/groups/api/groups-apis.js';
import { MEMBERS_CSV_HEADER, openMembersExport } from '../resources/members/export.js';
import { members } from '../resources/members/members.js';
import { writeAtomically } from '../storage/atomic-file.js';
import { flushStdout, writeJson, writeStdout } from '../terminal/stdout.js';
import { formatCsvLine, isFormula } from '../text/csv-cell.js';
import { formatCount } from '../text/format.js';

/** What is exported, as lines of CSV. */
type Exported = {
  readonly lines: readonly string[];
  readonly count: number;
  /** What a user should know about the file; those that are not printed yet in `notes`. */
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
};

/** `export [--out FILE]`. @throws FatalError if what is exported cannot be listed */
export async function exportGroups(_: readonly string[], options: Options): Promise<ExitCode> {
  const { out, force, json, simulate, api } = options;
  if (out !== undefined && !force && existsSync(out)) {
    throw usageError(`${out} exists`, 'Name another file, or replace it with --force.');
  }
  const [noun, readScopes, read] = options.members
    ? (['membership', members.scopes({ api, mode: 'add' }).slice(0, -1), readMemberships] as const)
    : (['group', [GROUPS_APIS[api].scopes.read], readGroups] as const);
  return withContext(options, async ({ terminal, connect }) => {
    const account = await connect(options, { api, writeLabel: 'medium', scopes: readScopes });
    const { lines, count, warnings, notes } = await read(account);
    if (out === undefined) writeStdout(lines.join(''));
    else await writeAtomically(out, lines);
    if (json) {
      const fields = { simulated: account.simulated, file: out, [`${noun}s`]: count, warnings };
      writeJson('export', fields, { code: EXIT.ok, reason: 'exported' });
    }
    const code = await flushStdout(EXIT.ok);
    const where = out === undefined ? '' : ` to ${out}`;
    terminal.say(`${formatCount(count, noun)} exported${where}${simulate ? ' (simulated)' : ''}`);
    for (const note of notes) terminal.say(note);
    return code;
  });
}

async function readGroups(account: Account): Promise<Exported> {
  const groups = await listAllGroups(account, 'the export is made of them');
  const { settings } = GROUPS_APIS[account.target.api];
  const columns = SETTINGS.filter(([setting]) => settings.includes(setting));
  const lines = [
    ['name', ...columns.map(([, word]) => word)],
    ...firstOfEachName(groups).map((group) => [
      group.name,
      ...columns.map(([setting]) => String(group[setting] ?? '')),
    ]),
  ];
  const notes = describeOddities(groups);
  return {
    lines: lines.map((cells) => formatCsvLine(cells, ',')),
    count: groups.size,
    warnings: notes,
    notes,
  };
}

/** `group,email`, as `members` reads it. */
async function readMemberships(account: Account): Promise<Exported> {
  const lines: string[] = [MEMBERS_CSV_HEADER];
  const warnings: string[] = [];
  const session = openMembersExport({
    api: account.target.api,
    onLines: (text) => void lines.push(text),
  });
  await readSession(account, session, (message) => {
    warnings.push(message);
    account.warn(message);
  });
  const count = lines.slice(1).reduce((sum, text) => sum + (text.match(/\n/g)?.length ?? 0), 0);
  return { lines, count, warnings, notes: [] };
}

/** A name that more than one group has is exported once: a file with it twice could contradict itself. */
function firstOfEachName(groups: GroupIndex): readonly Group[] {
  const seen = new Set<string>();
  return [...groups].filter(({ name }) => seen.size !== seen.add(normalizeName(name)).size);
}

/** Names stay exact, so that apply finds them: a user who opens the file in a spreadsheet should know which may run. */
function describeOddities(groups: GroupIndex): readonly string[] {
  const names = [...groups].map(({ name }) => name);
  const formulas = names.filter((name) => isFormula(name));
  const seen = new Set<string>();
  const repeated = new Set(names.filter((name) => seen.size === seen.add(name).size));
  return [
    ...(formulas.length === 0
      ? []
      : [
          `Names that a spreadsheet would run as a formula: ${formulas.length}, such as ${JSON.stringify(formulas[0])}; they are exported as they are.`,
        ]),
    ...[...repeated].map(
      (name) => `Zoom has more than one group named ${JSON.stringify(name)}; one is exported.`,
    ),
  ];
}
