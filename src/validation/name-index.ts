/** The names that a file has had so far: found by what they look like. */
import { nameKey } from '../resources/groups/group.js';
import { HashIndex, hashOf, Numbers, TextSet, Texts } from '../text/string-table.js';

/** Where a name stood first, and what it asked for there. */
export type FirstOccurrence = { readonly name: string; readonly line: number; readonly settings: string };

export type NameIndex = {
  /** The first row whose name has this key. */
  readonly find: (key: string) => FirstOccurrence | undefined;
  /** Remembers a row; its key must be new. */
  readonly add: (key: string, first: FirstOccurrence) => void;
};

/** Only the name as written is kept; the key of a candidate is made again to be sure. */
export function createNameIndex(): NameIndex {
  const names = new Texts();
  const index = new HashIndex();
  const lines = new Numbers();
  const settings = new TextSet();
  const settingsOf = new Numbers();
  return {
    find: (key) => {
      const row = index.find(hashOf(key), (n) => nameKey(names.at(n)) === key);
      if (row < 0) return undefined;
      return { name: names.at(row), line: lines.at(row), settings: settings.at(settingsOf.at(row)) };
    },
    add: (key, first) => {
      index.add(hashOf(key));
      const row = names.add(first.name);
      lines.set(row, first.line);
      settingsOf.set(row, settings.add(first.settings));
    },
  };
}
