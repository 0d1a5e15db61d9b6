/** Sharding: which of N shards a row belongs to, by a hash of its key, so that machines need not communicate. */

/** Shard `k` of `n`, from 1. */
export type Shard = { readonly k: number; readonly n: number };

/** Parses `K/N`; undefined if it is not a shard. */
export function parseShard(text: string): Shard | undefined {
  const [, k, n] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
  const shard = { k: Number(k), n: Number(n) };
  return shard.k >= 1 && shard.k <= shard.n ? shard : undefined;
}

/** Whether the row with this key belongs to the shard (FNV-1a, the same on every machine). */
export function isInShard(key: string, { k, n }: Shard): boolean {
  const hash = fnv1a(key);
  // FNV's low bits alone are uneven for short keys; folding in the high half evens them out.
  return ((hash ^ (hash >>> 16)) >>> 0) % n === k - 1;
}

/** FNV-1a over the UTF-16 units, as a signed number. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
