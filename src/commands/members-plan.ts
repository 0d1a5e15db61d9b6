/** What a run of `members` would do, group by group. */
import type { Account } from '../cli/account.js';
import { wantsColor } from '../cli/options/environment.js';
import type { Options } from '../cli/options/options.js';
import { makePlan } from '../cli/plan-checksum.js';
import type { RunShape } from '../events/event.js';
import type { RateLabel } from '../model/call.js';
import type { ExitCode } from '../model/stop.js';
import { createForecast, formatForecast, type LabelForecast } from '../reporting/forecast.js';
import { MEMBERS_APIS } from '../resources/members/api/members-apis.js';
import { parseMembershipName } from '../resources/members/fields.js';
import type { Session } from '../resources/resource.js';
import { writeJson, writeStdout } from '../terminal/stdout.js';
import { escapeInvisible, paint } from '../text/visible.js';

export type GroupChanges = {
  readonly group: string;
  /** Addresses, without characters that a terminal would interpret. */
  readonly add: string[];
  readonly remove: string[];
  readonly problems: { readonly email: string; readonly status: string; readonly detail: string }[];
  /** Memberships that are as the file wants them. */
  unchanged: number;
};

export type MembersPlan = {
  readonly groups: readonly GroupChanges[];
  readonly forecast: readonly LabelForecast[];
  readonly checksum: string;
  readonly simulated: boolean;
};

/** Reads what it has to and sends no write. @throws FatalError if the plan cannot be made */
export async function collectMembersPlan(
  session: Session,
  account: Account,
  shape: RunShape,
  warn: (message: string) => void,
): Promise<MembersPlan> {
  const groups = new Map<string, GroupChanges>();
  const requests = new Map<RateLabel, number>();
  const groupOf = (name: string): { readonly changes: GroupChanges; readonly email: string } => {
    const { group, email } = parseMembershipName(name) ?? { group: '', email: name };
    const changes = groups.get(group) ?? {
      group: escapeInvisible(group),
      add: [],
      remove: [],
      problems: [],
      unchanged: 0,
    };
    groups.set(group, changes);
    return { changes, email: escapeInvisible(email) };
  };
  const checksum = await makePlan(session, account, shape, {
    onKnown: ({ name, outcome: { status, detail } }) => {
      const { changes, email } = groupOf(name);
      if (status === 'already-member' || status === 'not-member') changes.unchanged += 1;
      else changes.problems.push({ email, status, detail: escapeInvisible(detail) });
    },
    onWrite: ({ call, rows, operation }) => {
      requests.set(call.label, (requests.get(call.label) ?? 0) + 1);
      for (const { name } of rows) {
        const { changes, email } = groupOf(name);
        (operation === 'remove' ? changes.remove : changes.add).push(email);
      }
    },
    onWarning: warn,
  });
  const { accountPlan, api } = account.target;
  // After an add by e-mail the answer names ids: each group that is added to is read again.
  const readBacks =
    MEMBERS_APIS[api].addsBy === 'email'
      ? [...groups.values()].filter(({ add }) => add.length > 0).length
      : 0;
  requests.set('medium', (requests.get('medium') ?? 0) + readBacks);
  const forecast = createForecast(requests, accountPlan, account.rateFor);
  return { groups: [...groups.values()], forecast, checksum, simulated: account.simulated };
}

export function printMembersPlan(
  { groups, forecast, checksum, simulated }: MembersPlan,
  options: Options,
  code: ExitCode,
): void {
  if (options.json) {
    const fields = {
      simulated,
      groups,
      forecast,
      checksum,
    };
    writeJson('members', fields, { code, reason: 'planned' });
    return;
  }
  const color = wantsColor(process.stdout.isTTY === true);
  const total = { add: 0, remove: 0, unchanged: 0, problems: 0 };
  for (const { group, add, remove, problems, unchanged } of groups) {
    total.add += add.length;
    total.remove += remove.length;
    total.unchanged += unchanged;
    total.problems += problems.length;
    if (options.quiet || add.length + remove.length + problems.length === 0) continue;
    writeStdout(`${group}: ${add.length} to add, ${remove.length} to remove, ${unchanged} unchanged`);
    for (const email of add) writeStdout(paint(`  + ${email}`, 32, color));
    for (const email of remove) writeStdout(paint(`  - ${email}`, 31, color));
    for (const { email, status, detail } of problems)
      writeStdout(paint(`  ! ${email}: ${status}, ${detail}`, 33, color));
  }
  const sum = [
    `${total.add} to add`,
    `${total.remove} to remove`,
    `${total.unchanged} unchanged`,
    ...(total.problems > 0 ? [`${total.problems} cannot be done`] : []),
  ].join(', ');
  writeStdout(`${simulated ? 'simulated: ' : ''}${sum}\n${formatForecast(forecast)}`);
  writeStdout(`Checksum: ${checksum} (members --checksum does exactly this)`);
}
