/**
 * A million texts, held as bytes and found by what they say. As strings in a Map they would be two million objects:
 * three times the memory, and the collector would carry them about again and again.
 */

/** Whole numbers below 2^32, by their place; 0 where nothing was set. */
export class Numbers {
  #all = new Uint32Array(64);

  at(i: number): number {
    return this.#all[i] ?? 0;
  }

  set(i: number, n: number): void {
    if (i >= this.#all.length) {
      const longer = new Uint32Array(Math.max(i + 1, this.#all.length * 2));
      longer.set(this.#all);
      this.#all = longer;
    }
    this.#all[i] = n;
  }
}

/** A call takes no more characters than this for sure. */
const ARGUMENTS_MAX = 4_096;

/** Bytes are kept in blocks, so that nothing is copied as they grow; a longer text has a block to itself. */
const BLOCK = 2 ** 18;

/** Texts by their number, from 0. Each is given back exactly, lone surrogates too. */
export class Texts {
  readonly #blocks: Uint8Array[] = [];
  readonly #starts = new Numbers();
  /** In characters, and in the lowest bit whether each of them takes two bytes. */
  readonly #lengths = new Numbers();
  #used = BLOCK;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Keeps a text, and returns its number. */
  add(text: string): number {
    const isWide = needsTwo(text);
    const length = isWide ? text.length * 2 : text.length;
    if (this.#used + length > BLOCK) {
      this.#blocks.push(new Uint8Array(Math.max(BLOCK, length)));
      this.#used = 0;
    }
    const block = this.#blocks.length - 1;
    const bytes = this.#blocks[block] ?? new Uint8Array();
    let at = this.#used;
    for (let i = 0; i < text.length; i += 1) {
      const unit = text.charCodeAt(i);
      bytes[at++] = unit;
      if (isWide) bytes[at++] = unit >> 8;
    }
    this.#starts.set(this.#size, block * BLOCK + this.#used);
    this.#lengths.set(this.#size, text.length * 2 + (isWide ? 1 : 0));
    this.#used = at;
    return this.#size++;
  }

  at(n: number): string {
    const { bytes, from, length, step } = this.#place(n);
    if (step === 1 && length <= ARGUMENTS_MAX) {
      return String.fromCharCode.apply(null, bytes.subarray(from, from + length) as never);
    }
    let text = '';
    for (let i = 0; i < length; i += 1) text += String.fromCharCode(unitAt(bytes, from + i * step, step));
    return text;
  }

  /** Whether the text of that number is this one. */
  is(n: number, text: string): boolean {
    const { bytes, from, length, step } = this.#place(n);
    if (length !== text.length) return false;
    for (let i = 0; i < length; i += 1) {
      if (unitAt(bytes, from + i * step, step) !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Where a text is; `length` in characters of `step` bytes. */
  #place(n: number): { bytes: Uint8Array; from: number; length: number; step: 1 | 2 } {
    const start = this.#starts.at(n);
    const from = start % BLOCK;
    const bytes = this.#blocks[(start - from) / BLOCK] ?? new Uint8Array();
    const said = this.#lengths.at(n);
    return { bytes, from, length: said >>> 1, step: said & 1 ? 2 : 1 };
  }
}

function needsTwo(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0xff) return true;
  return false;
}

function unitAt(bytes: Uint8Array, i: number, step: 1 | 2): number {
  const low = bytes[i] ?? 0;
  return step === 1 ? low : low | ((bytes[i + 1] ?? 0) << 8);
}

/** FNV-1a over the UTF-16 units, as a signed number. Its low bits alone are uneven: fold the high ones in. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

export function hashOf(text: string): number {
  const hash = fnv1a(text);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Finds numbers by a hash of what they stand for. */
export class HashIndex {
  readonly #hashes = new Numbers();
  /** Number plus 1; 0 is a free place. At least twice as long as there are numbers. */
  #places = new Uint32Array(128);
  #size = 0;

  /** Gives the next number to what has this hash. */
  add(hash: number): void {
    this.#hashes.set(this.#size, hash);
    this.#size += 1;
    if (this.#size * 2 > this.#places.length) this.#grow();
    else this.#place(this.#size - 1);
  }

  /** The first number with this hash that is meant, or -1. */
  find(hash: number, isMeant: (n: number) => boolean): number {
    const mask = this.#places.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const n = (this.#places[at] ?? 0) - 1;
      if (n < 0 || (this.#hashes.at(n) === hash && isMeant(n))) return n;
    }
  }

  #place(n: number): void {
    const mask = this.#places.length - 1;
    let at = this.#hashes.at(n) & mask;
    while (this.#places[at] !== 0) at = (at + 1) & mask;
    this.#places[at] = n + 1;
  }

  #grow(): void {
    this.#places = new Uint32Array(this.#places.length * 2);
    for (let n = 0; n < this.#size; n += 1) this.#place(n);
  }
}

/** Different texts, each with its number, from 0. */
export class TextSet {
  readonly #texts = new Texts();
  readonly #index = new HashIndex();

  get size(): number {
    return this.#texts.size;
  }

  /** The number of a text, or -1 where it was never added. */
  find(text: string): number {
    return this.#findBy(hashOf(text), text);
  }

  has(text: string): boolean {
    return this.find(text) >= 0;
  }

  /** The number of a text, which is added where it is not there yet. */
  add(text: string): number {
    const hash = hashOf(text);
    const known = this.#findBy(hash, text);
    if (known >= 0) return known;
    this.#index.add(hash);
    return this.#texts.add(text);
  }

  at(n: number): string {
    return this.#texts.at(n);
  }

  #findBy(hash: number, text: string): number {
    return this.#index.find(hash, (n) => this.#texts.is(n, text));
  }
}

/** Texts that are seldom asked for: they are put in order at the first question. */
export class LateSet {
  readonly #texts = new Texts();
  readonly #inOrder = new TextSet();
  #ordered = 0;

  add(text: string): void {
    this.#texts.add(text);
  }

  has(text: string): boolean {
    for (; this.#ordered < this.#texts.size; this.#ordered += 1) {
      this.#inOrder.add(this.#texts.at(this.#ordered));
    }
    return this.#inOrder.has(text);
  }
}
