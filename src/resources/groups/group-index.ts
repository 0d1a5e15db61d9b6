/** What a listing of the directory has shown, found by name. */

import { Numbers, TextSet, Texts } from '../../text/string-table.js';
import { formatSettings, type Group, normalizeName, parseSettings, type Settings } from './group.js';

/** A million groups may be listed, so they are held as bytes, and an object is made of one when it is asked for. */
export class GroupIndex {
  readonly #names = new TextSet();
  readonly #ids = new Texts();
  readonly #members = new Numbers();
  /** Of each group the number of its settings: many groups share few. */
  readonly #settingsOf = new Numbers();
  readonly #settings: Settings[] = [];
  readonly #settingsNumbers = new Map<string, number>();
  /** Names that are not written in the form in which they are compared, exactly. */
  readonly #written = new Map<number, string>();
  /** Names that more than one group has, and the groups of these names after the first. */
  readonly twice: Set<string> = new Set();
  readonly others: Group[] = [];

  /** How many names there are. */
  get size(): number {
    return this.#names.size;
  }

  /** Of groups with one name the first is found by it. */
  add(group: Group): void {
    const name = normalizeName(group.name);
    const size = this.size;
    const n = this.#names.add(name);
    if (n < size) {
      this.twice.add(name);
      this.others.push(group);
      return;
    }
    this.#ids.add(group.id);
    this.#members.set(n, group.members);
    this.#settingsOf.set(n, this.#settingsNumber(formatSettings(group)));
    if (group.name !== name) this.#written.set(n, group.name);
  }

  /** @param name as `directoryName` gives it */
  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** @param name as `directoryName` gives it */
  get(name: string): Group | undefined {
    const n = this.#names.find(name);
    return n < 0 ? undefined : this.#group(n);
  }

  /** The first group of each name, as they came. */
  *[Symbol.iterator](): Generator<Group> {
    for (let n = 0; n < this.size; n += 1) yield this.#group(n);
  }

  #group(n: number): Group {
    const name = this.#written.get(n) ?? this.#names.at(n);
    const settings = this.#settings[this.#settingsOf.at(n)];
    return { id: this.#ids.at(n), name, members: this.#members.at(n), ...settings };
  }

  #settingsNumber(text: string): number {
    let number = this.#settingsNumbers.get(text);
    if (number === undefined) {
      number = this.#settings.push(parseSettings(text)) - 1;
      this.#settingsNumbers.set(text, number);
    }
    return number;
  }
}
