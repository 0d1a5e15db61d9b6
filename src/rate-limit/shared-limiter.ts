/**
 * Turns that many processes take together: by a session with those who share them, and alone, with a fair
 * share of the rate, while there is none.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type OwnGate, ownGate, type Pacer } from './limiter.js';
import { Peers, type Said } from './peers.js';
import { Line, measureOf } from './sliding-window-queue.js';

/** What the processes that share a rate have between them. */
export type Session = {
  /** Resolves when the next turn of all has come to this process; to false, at once, where the session ends. */
  pass(): Promise<boolean>;
  say(said: Said): void;
  /** The spacing of turns, for all. */
  setSpacing(minTimeMs: number): void;
  /** Ends it, with a last word to the others. */
  close(last?: Said): Promise<void>;
  /** Aborts when the session ends, with an error that may be shown. */
  readonly gone: AbortSignal;
};

/** What a session tells this process. */
export type Hearing = {
  readonly onSaid: (said: Said, session: Session) => void;
  readonly onBeat: (session: Session) => void;
};

export type Sharing = {
  readonly perSecond: number;
  readonly marginMs: number;
  /** Told once each time that the session is lost. */
  readonly onTrouble: (message: string) => void;
  readonly onBack: () => void;
};

/** How often each process says that it is here; three times that in silence, and it is gone. */
export const BEAT_MS = 2_000;
/** How long a process listens to the others before it takes part. */
const LISTEN_MS = 300;
const RETRY_MS = 1_000;
/**
 * Turns asked for at once: one waits for its time while the next is under way. More would go out together
 * where the event loop stalls.
 */
const AHEAD = 2;

export class SharedTurns implements Pacer {
  readonly #sharing: Sharing;
  readonly #open: (minTimeMs: number, hearing: Hearing) => Promise<Session>;
  readonly #id = randomUUID();
  readonly #peers = new Peers(3 * BEAT_MS);
  readonly #closing = new AbortController();
  readonly #line: Line;
  /** Spaces the turns while there is no session. */
  readonly #alone: OwnGate;
  #session: Session | undefined;
  /** Among how many the rate is divided; 1 while the session does that. */
  #among = 1;
  #perSecond: number;
  #marginMs: number;

  constructor(sharing: Sharing, open: (minTimeMs: number, hearing: Hearing) => Promise<Session>) {
    this.#sharing = sharing;
    this.#open = open;
    this.#perSecond = sharing.perSecond;
    this.#marginMs = sharing.marginMs;
    const measure = measureOf(this.#perSecond, this.#marginMs);
    this.#alone = ownGate(measure);
    const gate = { pass: () => this.#pass(), ahead: () => (this.#session && this.#among === 1 ? AHEAD : 1) };
    this.#line = new Line(gate, measure, () => performance.now());
  }

  turn(signal?: AbortSignal): Promise<void> {
    return this.#line.turn(signal);
  }

  pause(ms: number): void {
    this.#line.pause(ms);
    this.#session?.say(this.#said('pause', ms));
  }

  setRate(perSecond: number): void {
    this.#perSecond = perSecond;
    this.#change();
  }

  setMargin(ms: number): void {
    this.#marginMs = ms;
    this.#change();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#line.close();
    const session = this.#session;
    this.#session = undefined;
    await session?.close(this.#said('bye'));
    await this.#alone.close();
  }

  /** Takes part from now on. @throws what kept the session from opening */
  async join(): Promise<void> {
    const session = await this.#open(this.#minTimeMs(), {
      onSaid: (said, from) => this.#hear(said, from),
      onBeat: (from) => this.#beat(from),
    });
    // The others answer a hello at once: how many they are, and how slow they have learnt to be.
    session.say(this.#said('hello'));
    await sleep(LISTEN_MS);
    if (session.gone.aborted || this.#closing.signal.aborted) {
      await session.close();
      return session.gone.throwIfAborted();
    }
    this.#session = session;
    session.setSpacing(this.#spacing());
    session.gone.addEventListener('abort', () => this.#lose(session), { once: true });
  }

  /** A turn that the session did not grant is taken alone: it is late, never lost. */
  async #pass(): Promise<void> {
    if (this.#session && (await this.#session.pass())) return;
    await this.#alone.pass();
  }

  #lose(session: Session): void {
    if (this.#closing.signal.aborted) return;
    this.#session = undefined;
    void session.close();
    // Lost again before all were back, it has not heard of all.
    this.#among = Math.max(this.#among, this.#peers.others(performance.now()) + 1);
    this.#change();
    const why =
      session.gone.reason instanceof Error ? session.gone.reason.message : String(session.gone.reason);
    this.#sharing.onTrouble(
      `the shared limit is lost (${why}): going on with ${Number(this.#share().toFixed(2))} a second, a share for each of ${this.#among}, until it is back`,
    );
    void this.#restore();
  }

  async #restore(): Promise<void> {
    const { signal } = this.#closing;
    const rest = (ms: number) => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
    while (!signal.aborted && !this.#session) {
      await rest(RETRY_MS);
      // What is wrong has been told.
      if (!signal.aborted) await this.join().catch(() => undefined);
    }
    // Nobody takes more than its share before everybody has had the time to come back.
    const session = this.#session;
    await rest(RETRY_MS + LISTEN_MS);
    if (signal.aborted || this.#session !== session) return;
    this.#among = 1;
    this.#change();
    this.#sharing.onBack();
  }

  #hear(said: Said, session: Session): void {
    if (said.from === this.#id) return;
    const before = this.#spacing();
    this.#peers.hear(said, performance.now());
    if (said.say === 'pause') this.#line.pause(said.pauseMs);
    if (said.say === 'hello') session.say(this.#said('here'));
    if (this.#session && this.#spacing() !== before) session.setSpacing(this.#spacing());
  }

  /** The spacing is set again each time: somebody who had not heard of everybody may have set another. */
  #beat(session: Session): void {
    session.say(this.#said('here'));
    if (this.#session) session.setSpacing(this.#spacing());
  }

  #change(): void {
    const measure = measureOf(this.#share(), this.#marginMs);
    this.#line.keepTo(measure);
    this.#alone.keepTo(measure);
    if (this.#session) this.#beat(this.#session);
  }

  /** Whole where it can be: shares that are rounded up would be more than the rate together. */
  #share(): number {
    const share = this.#perSecond / this.#among;
    return share > 1 && this.#among > 1 ? Math.floor(share) : share;
  }

  /** Whole ms: with a fraction bottleneck asks Redis for an expiry that it refuses. */
  #minTimeMs(): number {
    const { starts, windowMs } = measureOf(this.#perSecond, this.#marginMs);
    return Math.ceil(windowMs / starts);
  }

  #spacing(): number {
    return this.#peers.slowest(this.#minTimeMs(), performance.now());
  }

  #said(say: Said['say'], pauseMs = 0): Said {
    return { from: this.#id, say, minTimeMs: this.#minTimeMs(), pauseMs };
  }
}
