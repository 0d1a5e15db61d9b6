/** One file for several machines: which of N shards a row falls to, with nobody to ask. */
import { fnv1a } from '../text/string-table.js';

/** Which share of a file's rows is meant: `k` of `n`, from 1. */
export type Shard = { readonly k: number; readonly n: number };

/** `K/N` as it is typed and kept; undefined where it is no such thing. */
export function parseShard(text: string): Shard | undefined {
  const [, k, n] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
  const shard = { k: Number(k), n: Number(n) };
  return shard.k >= 1 && shard.k <= shard.n ? shard : undefined;
}

/** Whether the row with this key belongs to the shard. Every machine comes to the same answer (FNV-1a). */
export function isInShard(key: string, { k, n }: Shard): boolean {
  const hash = fnv1a(key);
  // FNV's low bits alone are uneven for short keys; folding the high half in evens them out.
  return ((hash ^ (hash >>> 16)) >>> 0) % n === k - 1;
}
