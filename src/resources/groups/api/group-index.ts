/** The groups of a listing, found by name. */
import { type Group, nameKey, normalizeName } from './group.js';

/** Groups whose names share a key stand together: most keys have one. */
export class GroupIndex {
  readonly #byKey = new Map<string, Group | readonly Group[]>();
  #size = 0;

  /** How many groups there are. */
  get size(): number {
    return this.#size;
  }

  /** Whether the group is new; one that comes on two pages counts once. */
  add(group: Group): boolean {
    const key = nameKey(group.name);
    const known = this.findAlike(key);
    if (known.some(({ id }) => id === group.id)) return false;
    this.#byKey.set(key, known.length === 0 ? group : [...known, group]);
    this.#size += 1;
    return true;
  }

  /** The groups whose names look like this one: they differ at most in case, width, blanks or what cannot be seen. */
  findAlike(key: string): readonly Group[] {
    const found = this.#byKey.get(key);
    if (found === undefined) return [];
    return Array.isArray(found) ? found : [found as Group];
  }

  /** The groups with exactly this name, as Zoom compares it. */
  findExact(name: string): readonly Group[] {
    const exact = normalizeName(name);
    return this.findAlike(nameKey(name)).filter((group) => normalizeName(group.name) === exact);
  }

  *[Symbol.iterator](): Generator<Group> {
    for (const found of this.#byKey.values()) {
      if (Array.isArray(found)) yield* found;
      else yield found as Group;
    }
  }
}
