/** A bad night, on purpose: what can go wrong between a client and Zoom, drawn by seeded dice. */

type Touches = 'write' | 'any' | 'list';

type Kind = {
  readonly kind: string;
  readonly does: string;
  readonly touches: Touches;
  readonly share: number;
};

/** Passing faults have a share of 0.05 where none is given; those that hold for a whole account have 1. */
export const FAULT_KINDS: readonly Kind[] = [
  {
    kind: 'reset-before',
    does: 'the connection is cut before the request takes effect',
    touches: 'write',
    share: 0.05,
  },
  {
    kind: 'reset-after',
    does: 'the request takes effect, and the connection is cut instead of an answer',
    touches: 'write',
    share: 0.05,
  },
  {
    kind: 'hang',
    does: 'no answer ever comes; it took effect or not by a coin',
    touches: 'write',
    share: 0.01,
  },
  {
    kind: '500',
    does: 'HTTP 500 with a JSON body; it took effect or not by a coin',
    touches: 'write',
    share: 0.05,
  },
  { kind: 'empty-500', does: 'HTTP 500 with no body', touches: 'write', share: 0.05 },
  {
    kind: '502',
    does: 'HTTP 502 with a page of HTML from the edge; effect by a coin',
    touches: 'write',
    share: 0.05,
  },
  { kind: '503', does: 'HTTP 503 with Retry-After: 1; no effect', touches: 'write', share: 0.05 },
  { kind: '429', does: 'a stray per-second refusal', touches: 'write', share: 0.05 },
  {
    kind: 'daily',
    does: 'the daily limit is spent, from the first request it touches on',
    touches: 'write',
    share: 0.05,
  },
  { kind: 'daily-bare', does: 'the same, told by the message alone', touches: 'write', share: 0.05 },
  { kind: 'cut-off', does: 'HTTP 201 whose body ends too early', touches: 'write', share: 0.05 },
  { kind: 'not-json', does: 'HTTP 201 whose body is no JSON', touches: 'write', share: 0.05 },
  { kind: 'no-id', does: 'HTTP 201 with an empty object', touches: 'write', share: 0.05 },
  { kind: 'slow', does: 'the answer takes two seconds more', touches: 'write', share: 0.05 },
  { kind: '401', does: 'HTTP 401, code 124: the access token is not accepted', touches: 'write', share: 1 },
  { kind: 'token-expired', does: 'the token expires once, at the 50th request', touches: 'any', share: 1 },
  { kind: '400', does: 'HTTP 400, code 300: the request is refused', touches: 'write', share: 1 },
  { kind: '403', does: 'HTTP 403: not permitted', touches: 'write', share: 1 },
  { kind: 'paid', does: 'HTTP 200, code 200: only for paid accounts', touches: 'write', share: 1 },
  { kind: 'scope', does: 'HTTP 400, code 4711: a scope is missing', touches: 'write', share: 1 },
  { kind: 'gone', does: 'HTTP 410, code 4137: the account has no IM-group calls', touches: 'any', share: 1 },
  { kind: 'redirect', does: 'HTTP 302 to another host', touches: 'write', share: 1 },
  {
    kind: 'echo-secret',
    does: 'HTTP 400 with the Authorization header in its message',
    touches: 'write',
    share: 1,
  },
  { kind: 'no-list', does: 'the listing lacks its scope', touches: 'list', share: 1 },
  { kind: 'broken-list', does: 'the listing ends too early', touches: 'list', share: 1 },
];

export type Fault = Kind & { readonly share: number };

/** Reads `KIND` or `KIND:SHARE`. @throws Error that lists the kinds */
export function parseFault(text: string): Fault {
  const [name = '', given] = text.split(':', 2);
  const known = FAULT_KINDS.find(({ kind }) => kind === name);
  if (!known) {
    throw new Error(
      `there is no fault "${name}"; there are ${FAULT_KINDS.map(({ kind }) => kind).join(', ')}`,
    );
  }
  if (given === undefined) return known;
  const share = given.endsWith('%') ? Number(given.slice(0, -1)) / 100 : Number(given);
  if (given === '' || !(share >= 0 && share <= 1)) {
    throw new Error(`the share of a fault is 0 to 1 or a percentage, not "${given}"`);
  }
  return { ...known, share };
}

/** Dice that fall the same way for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Draws for each request the fault that hits it, if any. */
export class Faults {
  readonly #faults: readonly Fault[];
  readonly #dice: () => number;

  constructor(faults: readonly string[], dice: () => number) {
    this.#faults = faults.map(parseFault);
    this.#dice = dice;
  }

  /** Every fault throws its die for every request, so that adding one does not change the others' falls. */
  draw(touched: 'write' | 'list' | 'other', isImCall: boolean): string | undefined {
    const hit = this.#faults.filter(({ kind, touches, share }) => {
      const fell = this.#dice() < share;
      if (kind === 'gone') return fell && isImCall;
      return fell && (touches === 'any' || touches === touched);
    });
    return hit[0]?.kind;
  }

  /** A coin: whether a request whose answer is lost took effect. */
  coin(): boolean {
    return this.#dice() < 0.5;
  }
}
