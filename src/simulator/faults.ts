/** A bad night, on purpose: what can go wrong between a client and Zoom, drawn by seeded dice. */
import type { Doing } from './routes.js';

/** Which requests a fault can hit: `write` is a create or a change, `any` each one that a limit counts. */
type Touches = 'create' | 'write' | 'list' | 'any';

type Kind = {
  readonly kind: string;
  readonly does: string;
  readonly touches: Touches;
  /** Of those requests, where none is given. */
  readonly share: number;
};

/** What passes, and hits a few of the requests. */
const passing = (kind: string, touches: Touches, does: string): Kind => ({
  kind,
  does,
  touches,
  share: 0.05,
});

/** What holds for the whole account or app, until somebody acts. */
const standing = (kind: string, touches: Touches, does: string): Kind => ({ kind, does, touches, share: 1 });

/** Every fault, with what it does and which requests it touches. */
export const FAULT_KINDS: readonly Kind[] = [
  passing('reset-before', 'write', 'the connection is cut before the request takes effect'),
  passing('reset-after', 'write', 'the request takes effect, and the connection is cut instead of an answer'),
  passing('hang', 'write', 'no answer ever comes; it took effect or not by a coin'),
  passing('500', 'write', 'HTTP 500 with a JSON body; it took effect or not by a coin'),
  passing('empty-500', 'write', 'HTTP 500 with no body; effect by a coin'),
  passing('502', 'write', 'HTTP 502 with a page of HTML from the edge; effect by a coin'),
  passing('503', 'write', 'HTTP 503 with Retry-After: 1; no effect'),
  passing('429', 'write', 'a stray per-second refusal; no effect'),
  passing('daily', 'write', 'the daily limit is spent, from the first request it touches on'),
  passing('daily-bare', 'write', 'the same, told by the message alone'),
  passing('cut-off', 'create', 'HTTP 201 whose body ends too early'),
  passing('not-json', 'create', 'HTTP 201 whose body is no JSON'),
  passing('no-id', 'create', 'HTTP 201 with an empty object'),
  passing('slow', 'write', 'the answer takes two seconds more'),
  standing('401', 'write', 'HTTP 401, code 124: the access token is not accepted'),
  standing('token-expired', 'any', 'the token expires once, at the 50th request or soon after'),
  standing('400', 'write', 'HTTP 400, code 300: the request is refused'),
  standing('403', 'write', 'HTTP 403: not permitted'),
  standing('paid', 'write', 'HTTP 200, code 200: only for paid accounts'),
  standing('scope', 'write', 'HTTP 400, code 4711: a scope is missing'),
  standing('gone', 'any', 'HTTP 410, code 4137: the account has no IM-group calls; contact groups work'),
  standing('redirect', 'write', 'HTTP 302 to another host'),
  standing('echo-secret', 'write', 'HTTP 400 with the Authorization header in its message'),
  standing('no-list', 'list', 'the listing lacks its scope'),
  standing('broken-list', 'list', 'the listing is cut off in the middle of its JSON'),
];

/** Reads `KIND` or `KIND:SHARE`. @throws Error that lists the kinds */
export function parseFault(text: string): Kind {
  const [name = ''] = text.split(':', 1);
  const known = FAULT_KINDS.find(({ kind }) => kind === name);
  if (!known) {
    throw new Error(
      `there is no fault "${name}"; there are ${FAULT_KINDS.map(({ kind }) => kind).join(', ')}`,
    );
  }
  if (name === text) return known;
  const given = text.slice(name.length + 1);
  const [, number, percent] = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(given) ?? [];
  const share = Number(number) / (percent === '%' ? 100 : 1);
  if (!(share >= 0 && share <= 1)) {
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

/** Draws for each request the faults that hit it. */
export class Faults {
  readonly #faults: readonly Kind[];
  readonly #dice: () => number;

  /** @throws Error for a fault that there is none of */
  constructor(faults: readonly string[], dice: () => number) {
    this.#faults = faults.map(parseFault);
    this.#dice = dice;
  }

  /**
   * The kinds that hit, in the order they were asked for. Every fault throws its die for every request,
   * whatever it touches, so that the same requests meet the same faults.
   */
  draw(doing: Doing, isIm: boolean): readonly string[] {
    return this.#faults
      .filter(({ kind, touches, share }) => {
        const fell = this.#dice() < share;
        return fell && isTouched(touches, doing) && (isIm || kind !== 'gone');
      })
      .map(({ kind }) => kind);
  }

  /** A coin: whether a request whose answer is lost took effect. */
  coin(): boolean {
    return this.#dice() < 0.5;
  }
}

function isTouched(touches: Touches, doing: Doing): boolean {
  if (touches === 'any') return true;
  return touches === doing || (touches === 'write' && (doing === 'create' || doing === 'change'));
}
