/** The groups of the stand-in's one account, and the answers to calls about them, as the documentation has them. */
import { randomBytes } from 'node:crypto';

export type SimulatedGroup = {
  readonly id: string;
  readonly name: string;
  readonly type?: 'normal' | 'shared' | 'restricted';
  readonly search_by_domain?: boolean;
  readonly search_by_account?: boolean;
  readonly search_by_ma_account?: boolean;
  readonly description?: string;
  readonly total_members?: number;
};

/** What the account has before anybody does anything. */
export const DEFAULT_GROUPS: readonly SimulatedGroup[] = [
  group('h8Lq3RzcQ6u0VbM1aXpTfg', 'All Hands', 'shared', 48, true, true),
  group('-kT5uWn0SDyXw2cJ7eRbPA', 'IT Support', 'normal', 6, true, false),
  group('Zb41dKQmTn-8yHsVx0GeLw', 'Vertrieb', 'normal', 12, true, true),
  group('q0XvYwN3R_GmEo5tB9iJcA', 'Board', 'restricted', 5, false, false),
  group('7sFhPzUaQ2eKdWl6OyCnMg', 'Facilities', 'normal', 9, true, true),
  group('xM2gJbVrT0-uIq4NkZ1fSQ', 'Geschäftsführung', 'restricted', 3, false, false),
  group('W9cDyLtESUiAo7pHvQ3KjA', '東京オフィス', 'shared', 21, true, true),
  group('_5RnXeGmQKa6zBw8TfUhOg', 'Alumni', 'normal', 0, false, false),
];

function group(
  id: string,
  name: string,
  type: NonNullable<SimulatedGroup['type']>,
  members: number,
  byDomain: boolean,
  byAccount: boolean,
): SimulatedGroup {
  return {
    id,
    name,
    type,
    total_members: members,
    search_by_domain: byDomain,
    search_by_account: byAccount,
    search_by_ma_account: false,
  };
}

/** The directory both APIs look into. */
export class Store {
  readonly #groups = new Map<string, Required<SimulatedGroup>>();
  readonly #names = new Map<string, string>();
  readonly made: { readonly id: string; readonly name: string; readonly at: number }[] = [];

  constructor(groups: readonly SimulatedGroup[]) {
    for (const one of groups) this.#put({ ...DEFAULTS, ...one });
  }

  all(): readonly Required<SimulatedGroup>[] {
    return [...this.#groups.values()];
  }

  get(id: string): Required<SimulatedGroup> | undefined {
    return this.#groups.get(id);
  }

  /** Inferred: names are compared to the letter, for nothing says that case does not count. */
  hasName(name: string): boolean {
    return this.#names.has(name);
  }

  create(fields: Omit<SimulatedGroup, 'id'>): Required<SimulatedGroup> {
    const made = { ...DEFAULTS, ...fields, id: randomBytes(16).toString('base64url'), total_members: 0 };
    this.#put(made);
    this.made.push({ id: made.id, name: made.name, at: performance.now() });
    return made;
  }

  update(id: string, fields: Partial<SimulatedGroup>): void {
    const before = this.#groups.get(id);
    if (!before) return;
    if (this.#names.get(before.name) === id) this.#names.delete(before.name);
    this.#put({ ...before, ...fields, id });
  }

  remove(id: string): void {
    const before = this.#groups.get(id);
    if (before && this.#names.get(before.name) === id) this.#names.delete(before.name);
    this.#groups.delete(id);
  }

  #put(one: Required<SimulatedGroup>): void {
    this.#groups.set(one.id, one);
    if (!this.#names.has(one.name)) this.#names.set(one.name, one.id);
  }
}

const DEFAULTS: Omit<Required<SimulatedGroup>, 'id' | 'name'> = {
  type: 'normal',
  search_by_domain: true,
  search_by_account: true,
  search_by_ma_account: false,
  description: '',
  total_members: 0,
};
