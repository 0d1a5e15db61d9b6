/** The names that a file has had so far: found by what they look like, at some 60 bytes a name. */
import { keyOf } from './group.js';

/** Where a name stood first, and what it asked for there. */
export type First = { readonly name: string; readonly line: number; readonly settings: string };

export type Names = {
  /** The first row whose name has this key. */
  readonly find: (key: string) => First | undefined;
  /** Remembers a row; its key must be new. */
  readonly add: (key: string, first: First) => void;
};

/** FNV-1a over the UTF-16 units. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/**
 * A Map from key to row would keep two strings and an entry a row, half of all memory that a large file
 * needs. So only the name as written is kept, in a hash table of row numbers; the key of a candidate is
 * made again to be sure.
 */
export function nameBook(): Names {
  const names: string[] = [];
  const settingsTexts: string[] = [];
  const settingsIds = new Map<string, number>();
  let hashes = new Uint32Array(512);
  let lines = new Uint32Array(512);
  let settings = new Uint32Array(512);
  /** Row number plus 1; 0 is a free place. Always twice as long as the arrays above. */
  let places = new Uint32Array(1024);

  const place = (row: number): void => {
    const mask = places.length - 1;
    let at = (hashes[row] ?? 0) & mask;
    while (places[at] !== 0) at = (at + 1) & mask;
    places[at] = row + 1;
  };

  const grow = (): void => {
    const longer = (old: Uint32Array): Uint32Array<ArrayBuffer> => {
      const next = new Uint32Array(old.length * 2);
      next.set(old);
      return next;
    };
    hashes = longer(hashes);
    lines = longer(lines);
    settings = longer(settings);
    places = new Uint32Array(places.length * 2);
    for (let row = 0; row < names.length; row++) place(row);
  };

  return {
    find: (key) => {
      const mask = places.length - 1;
      const hash = hashOf(key);
      for (let at = hash & mask; ; at = (at + 1) & mask) {
        const row = (places[at] ?? 0) - 1;
        if (row < 0) return undefined;
        const name = names[row] ?? '';
        if (hashes[row] === hash && keyOf(name) === key) {
          return { name, line: lines[row] ?? 0, settings: settingsTexts[settings[row] ?? 0] ?? '' };
        }
      }
    },
    add: (key, first) => {
      if (names.length === lines.length) grow();
      const row = names.push(first.name) - 1;
      let id = settingsIds.get(first.settings);
      if (id === undefined) {
        id = settingsTexts.push(first.settings) - 1;
        settingsIds.set(first.settings, id);
      }
      hashes[row] = hashOf(key);
      lines[row] = first.line;
      settings[row] = id;
      place(row);
    },
  };
}
