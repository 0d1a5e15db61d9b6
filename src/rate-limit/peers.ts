/** Who shares a limit: what each process last said of itself, and what follows from it for all. */

/** What one process tells the others. */
export type Said = {
  readonly from: string;
  /** `hello` asks the others to say that they are here. */
  readonly say: 'hello' | 'here' | 'bye' | 'pause';
  /** The spacing of turns that this process asks for. */
  readonly minTimeMs: number;
  readonly pauseMs: number;
};

type Peer = { readonly minTimeMs: number; readonly heardAt: number };

export class Peers {
  readonly #silenceMs: number;
  readonly #known = new Map<string, Peer>();

  /** @param silenceMs after so long without a word a process counts as gone */
  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs;
  }

  hear({ from, say, minTimeMs }: Said, now: number): void {
    if (say === 'bye') this.#known.delete(from);
    else this.#known.set(from, { minTimeMs, heardAt: now });
  }

  /** How many others there are. */
  others(now: number): number {
    this.#forget(now);
    return this.#known.size;
  }

  /** The spacing for all: that of the slowest, so that who has learnt to go slower is not overtaken. */
  slowest(ownMinTimeMs: number, now: number): number {
    this.#forget(now);
    return Math.max(ownMinTimeMs, ...[...this.#known.values()].map((peer) => peer.minTimeMs));
  }

  #forget(now: number): void {
    for (const [id, { heardAt }] of this.#known) if (now - heardAt > this.#silenceMs) this.#known.delete(id);
  }
}

const SAYS: readonly string[] = ['hello', 'here', 'bye', 'pause'] satisfies readonly Said['say'][];

/** A message of the channel; undefined where it is none of ours, for anybody may write there. */
export function parseSaid(text: string): Said | undefined {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isSaid(said) ? said : undefined;
}

function isSaid(said: unknown): said is Said {
  if (typeof said !== 'object' || said === null) return false;
  const { from, say, minTimeMs, pauseMs } = said as Partial<Record<keyof Said, unknown>>;
  const isTime = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value >= 0;
  return typeof from === 'string' && SAYS.includes(String(say)) && isTime(minTimeMs) && isTime(pauseMs);
}
