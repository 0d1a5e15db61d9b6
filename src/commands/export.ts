/** `export`: the account's groups as a CSV that apply finds identical to the last row. */
import { existsSync } from 'node:fs';
import { connect } from '../cli/account.js';
import { listAllGroups, readSession } from '../cli/list-all.js';
import type { Options } from '../cli/options/options.js';
import { openTerminal } from '../cli/output.js';
import { handleSignals } from '../cli/signals.js';
import { EXIT, type ExitCode, usageError } from '../model/stop.js';
import { type Group, normalizeName, SETTINGS } from '../resources/groups/api/group.js';
import type { GroupIndex } from '../resources/groups/api/group-index.js';
import { GROUPS_APIS } from '../resources/groups/api/groups-apis.js';
import { MEMBERS_CSV_HEADER, openMembersExport } from '../resources/members/export.js';
import { members } from '../resources/members/members.js';
import { writeAtomically } from '../storage/atomic-file.js';
import { flushStdout, writeJson, writeStdout } from '../terminal/stdout.js';
import type { Terminal } from '../terminal/terminal.js';
import { formatCsvLine, isFormula } from '../text/csv-cell.js';
import { formatCount } from '../text/format.js';

/** `export [--out FILE]`. @throws FatalError if the groups cannot be listed */
export async function exportGroups(_: readonly string[], options: Options): Promise<ExitCode> {
  const { out, force, json, simulate } = options;
  if (json && out === undefined) {
    throw usageError('--json describes the file that --out writes', 'Add --out FILE, or leave out --json.');
  }
  if (out !== undefined && !force && existsSync(out)) {
    throw usageError(`${out} exists`, 'Name another file, or replace it with --force.');
  }
  const terminal = openTerminal(options);
  const warn = (message: string): void => terminal.log('warn', message);
  const api = GROUPS_APIS[options.api];
  if (options.members) return exportMembers(options, terminal);
  const signals = handleSignals({ hint: 'Nothing was changed. Run the command again.' });
  try {
    const account = await connect(options, {
      api: options.api,
      writeLabel: 'medium',
      scopes: [api.scopes.read],
      warn,
    });
    terminal.hide(account.secrets);
    try {
      const groups = await listAllGroups(account, 'the export is made of them', warn, signals.signal);
      const columns = SETTINGS.filter(([setting]) => api.settings.includes(setting));
      const lines = [
        formatCsvLine(['name', ...columns.map(([, word]) => word)], ','),
        ...firstOfEachName(groups).map((group) =>
          formatCsvLine([group.name, ...columns.map(([setting]) => String(group[setting] ?? ''))], ','),
        ),
      ];
      if (out === undefined) writeStdout(lines.join(''));
      else await writeAtomically(out, lines);
      const notes = describeOddities(groups);
      if (json) {
        writeJson(
          'export',
          {
            simulated: account.simulated,
            file: out,
            groups: groups.size,
            warnings: notes,
          },
          { code: EXIT.ok, reason: 'exported' },
        );
      }
      const code = await flushStdout(EXIT.ok);
      const where = out === undefined ? '' : ` to ${out}`;
      terminal.say(`${formatCount(groups.size, 'group')} exported${where}${simulate ? ' (simulated)' : ''}`);
      for (const note of notes) terminal.say(note);
      return code;
    } finally {
      await account.close();
    }
  } finally {
    signals.dispose();
    terminal.end();
  }
}

/** `export --members`: `group,email`, as `members` reads it. */
async function exportMembers(options: Options, terminal: Terminal): Promise<ExitCode> {
  const { out, json, simulate } = options;
  const warnings: string[] = [];
  const warn = (message: string): void => {
    warnings.push(message);
    terminal.log('warn', message);
  };
  const signals = handleSignals({ hint: 'Nothing was changed. Run the command again.' });
  try {
    const account = await connect(options, {
      api: options.api,
      writeLabel: 'medium',
      scopes: members.scopes({ api: options.api, mode: 'add' }).slice(0, -1),
      warn,
    });
    terminal.hide(account.secrets);
    try {
      const lines: string[] = [MEMBERS_CSV_HEADER];
      const session = openMembersExport({ api: options.api, onLines: (text) => void lines.push(text) });
      await readSession(account, session, warn, signals.signal);
      if (out === undefined) writeStdout(lines.join(''));
      else await writeAtomically(out, lines);
      const count = lines.slice(1).reduce((sum, text) => sum + (text.match(/\n/g)?.length ?? 0), 0);
      if (json) {
        const fields = { simulated: account.simulated, file: out, memberships: count, warnings };
        writeJson('export', fields, { code: EXIT.ok, reason: 'exported' });
      }
      const code = await flushStdout(EXIT.ok);
      const where = out === undefined ? '' : ` to ${out}`;
      terminal.say(`${formatCount(count, 'membership')} exported${where}${simulate ? ' (simulated)' : ''}`);
      return code;
    } finally {
      await account.close();
    }
  } finally {
    signals.dispose();
    terminal.end();
  }
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
