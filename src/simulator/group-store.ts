/** The groups of the stand-in's one account. Both APIs look into this one directory. */
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

/** A group with all its settings. */
export type One = Required<SimulatedGroup>;

/** What a create or a change may say. */
export type Fields = Omit<SimulatedGroup, 'id'>;

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

export class Store {
  readonly #groups = new Map<string, One>();
  /** How many groups have a name: contact groups may share one. */
  readonly #names = new Map<string, number>();
  readonly made: { readonly id: string; readonly name: string; readonly at: number }[] = [];

  constructor(groups: readonly SimulatedGroup[]) {
    for (const one of groups) this.#put({ ...DEFAULTS, ...one });
  }

  /** In order of creation. */
  all(): readonly One[] {
    return [...this.#groups.values()];
  }

  get(id: string): One | undefined {
    return this.#groups.get(id);
  }

  /** Inferred: names are compared to the letter, for nothing says that case does not count. */
  hasName(name: string): boolean {
    return this.#names.has(name);
  }

  /** 16 random bytes make an id like Zoom's: 22 characters, of which the first may be a dash. */
  create(fields: Fields): One {
    const made = { ...DEFAULTS, ...fields, id: randomBytes(16).toString('base64url') };
    this.#put(made);
    this.made.push({ id: made.id, name: made.name, at: performance.now() });
    return made;
  }

  update(id: string, fields: Partial<Fields>): void {
    const before = this.#groups.get(id);
    if (before) this.#put({ ...before, ...fields, id });
  }

  remove(id: string): void {
    const before = this.#groups.get(id);
    if (!before) return;
    this.#unname(before.name);
    this.#groups.delete(id);
  }

  /** A group that is there already keeps its place. */
  #put(one: One): void {
    const before = this.#groups.get(one.id);
    if (before) this.#unname(before.name);
    this.#groups.set(one.id, one);
    this.#names.set(one.name, (this.#names.get(one.name) ?? 0) + 1);
  }

  #unname(name: string): void {
    const left = (this.#names.get(name) ?? 0) - 1;
    if (left > 0) this.#names.set(name, left);
    else this.#names.delete(name);
  }
}

const DEFAULTS: Omit<One, 'id' | 'name'> = {
  type: 'normal',
  search_by_domain: true,
  search_by_account: true,
  search_by_ma_account: false,
  description: '',
  total_members: 0,
};
