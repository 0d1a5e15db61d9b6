/** What a run of `members` would do, group by group. */
import type { PlanView } from '../cli/plan.js';
import type { RowOutcome } from '../events/event.js';
import type { Api } from '../model/choices.js';
import { MEMBERS_APIS } from '../resources/members/api/members-apis.js';
import { parseMembershipName } from '../resources/members/fields.js';
import type { Step } from '../resources/resource.js';
import { escapeInvisible, paint } from '../text/visible.js';

type GroupChanges = {
  readonly group: string;
  /** Addresses, without characters that a terminal would interpret. */
  readonly add: string[];
  readonly remove: string[];
  readonly problems: { readonly email: string; readonly status: string; readonly detail: string }[];
  /** Memberships that are as the file wants them. */
  unchanged: number;
};

export class MembersPlan implements PlanView {
  readonly #api: Api;
  readonly #groups = new Map<string, GroupChanges>();

  constructor(api: Api) {
    this.#api = api;
  }

  get groups(): readonly GroupChanges[] {
    return [...this.#groups.values()];
  }

  addKnown({ name, outcome: { status, detail } }: RowOutcome): void {
    const { changes, email } = this.#find(name);
    if (status === 'already-member' || status === 'not-member') changes.unchanged += 1;
    else changes.problems.push({ email, status, detail: escapeInvisible(detail) });
  }

  addWrite({ rows, operation }: Step): void {
    for (const { name } of rows) {
      const { changes, email } = this.#find(name);
      changes[operation === 'remove' ? 'remove' : 'add'].push(email);
    }
  }

  #find(membership: string): { readonly changes: GroupChanges; readonly email: string } {
    const { group, email } = parseMembershipName(membership) ?? { group: '', email: membership };
    const fresh = { group: escapeInvisible(group), add: [], remove: [], problems: [], unchanged: 0 };
    const changes = this.#groups.get(group) ?? fresh;
    this.#groups.set(group, changes);
    return { changes, email: escapeInvisible(email) };
  }

  /** After an add by e-mail the answer names ids: each group that is added to is read again. */
  countReadBacks(): number {
    if (MEMBERS_APIS[this.#api].addsBy !== 'email') return 0;
    return this.groups.filter(({ add }) => add.length > 0).length;
  }

  count(): { readonly changes: number; readonly problems: number } {
    const { add, remove, problems } = this.#sum();
    return { changes: add + remove, problems };
  }

  toJson(): Readonly<Record<string, unknown>> {
    return { groups: this.groups };
  }

  formatRows(color: boolean): readonly string[] {
    return this.groups.flatMap(({ group, add, remove, problems, unchanged }) => {
      if (add.length + remove.length + problems.length === 0) return [];
      return [
        `${group}: ${add.length} to add, ${remove.length} to remove, ${unchanged} unchanged`,
        ...add.map((email) => paint(`  + ${email}`, 32, color)),
        ...remove.map((email) => paint(`  - ${email}`, 31, color)),
        ...problems.map(({ email, status, detail }) =>
          paint(`  ! ${email}: ${status}, ${detail}`, 33, color),
        ),
      ];
    });
  }

  formatTotals(): string {
    const { add, remove, unchanged, problems } = this.#sum();
    const failed = problems > 0 ? `, ${problems} cannot be done` : '';
    return `${add} to add, ${remove} to remove, ${unchanged} unchanged${failed}`;
  }

  #sum(): Readonly<Record<'add' | 'remove' | 'unchanged' | 'problems', number>> {
    const sum = { add: 0, remove: 0, unchanged: 0, problems: 0 };
    for (const { add, remove, unchanged, problems } of this.groups) {
      sum.add += add.length;
      sum.remove += remove.length;
      sum.unchanged += unchanged;
      sum.problems += problems.length;
    }
    return sum;
  }
}
