/** The one loop: takes each step of a plan to an outcome. It knows its ports, and no adapter. */
import pLimit from 'p-limit';
import type { Event } from '../events/event.js';
import type { Directory } from '../model/directory.js';
import { EXIT, FatalError, type Outcome, type Reply, type Stop } from '../model/outcome.js';
import { DayBudget } from '../resilience/daily-quota.js';
import { decide, type Judged, tooManyFailures } from '../resilience/retry-policy.js';
import {
  fairWeather,
  isBroken,
  type Reaction,
  react,
  unreachable,
  type Weather,
} from '../resilience/run-policy.js';
import type { Planned } from '../resources/groups/plan.js';
import { attemptEvent, replyEvent, settledEvent } from './event-factory.js';
import type { Limits, Ports } from './ports.js';

/** How a run came to its end. `open` rows need a listing: to be settled, or for their group's id. */
export type Ran = { readonly open: readonly Planned[]; readonly stop: Stop | undefined };

/** A row with how it ended. */
type Settled = readonly [Planned, Outcome];

/** Enough that a record costs little, few enough to be handed over as arguments. */
const SETTLED_AT_ONCE = 1_000;

/**
 * Takes every step to an outcome, or stops. Of a batch, what needs no request is settled first. A row waits for a place before the next one is read, an attempt
 * for its turn before it is recorded and sent; after a stop nothing is sent any more.
 * @param signal its reason is a `FatalError`; what is in flight is answered, nothing else is begun
 */
export async function run(
  steps: AsyncIterable<readonly Planned[]>,
  ports: Ports,
  limits: Limits,
  signal: AbortSignal,
): Promise<Ran> {
  const loop = new Loop(ports, limits, signal);
  try {
    return await loop.run(steps);
  } finally {
    loop.close();
  }
}

class Loop {
  readonly #ports: Ports;
  readonly #limits: Limits;
  readonly #weather: Weather;
  readonly #open: Planned[] = [];
  /** Aborts when nothing may be sent any more. */
  readonly #stopping = new AbortController();
  readonly #signal: AbortSignal;
  readonly #onSignal: () => void;
  #stop: Stop | undefined;
  /** No further row is started; those on their way go on. */
  #draining = false;
  #failures = 0;
  readonly #day: DayBudget | undefined;
  #probe: Promise<void> | undefined;
  #defect: { readonly error: unknown } | undefined;

  constructor(ports: Ports, limits: Limits, signal: AbortSignal) {
    this.#ports = ports;
    this.#limits = limits;
    this.#weather = fairWeather(limits.perSecond);
    if (limits.heard) this.#weather.heard = 1;
    this.#day = limits.day && new DayBudget(limits.day);
    this.#signal = signal;
    this.#onSignal = () => this.#halt(stopOf(signal.reason));
    if (signal.aborted) this.#onSignal();
    else signal.addEventListener('abort', this.#onSignal, { once: true });
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#onSignal);
  }

  async run(steps: AsyncIterable<readonly Planned[]>): Promise<Ran> {
    const running = new Set<Promise<void>>();
    // Where the rows can't be read on, those on their way come to rest too.
    await this.#begin(steps, running).catch((error: unknown) => this.#fail(error));
    await Promise.all(running);
    if (this.#defect) throw this.#defect.error;
    return { open: this.#open, stop: this.#stop };
  }

  async #begin(steps: AsyncIterable<readonly Planned[]>, running: Set<Promise<void>>): Promise<void> {
    const limit = pLimit(this.#limits.concurrency);
    for await (const batch of steps) {
      if (this.#draining) break;
      this.#settleAll(batch);
      for (const planned of batch) {
        if (this.#draining) break;
        if (planned.step.do === 'nothing' || planned.step.do === 'settle') continue;
        await new Promise<void>((placed) => {
          const row = limit(() => {
            placed();
            return this.#take(planned);
          })
            .catch((error: unknown) => this.#fail(error))
            .finally(() => running.delete(row));
          running.add(row);
        });
      }
    }
  }

  /** What needs no request, in as few records as may be: of a million rows, nearly all may be there already. */
  #settleAll(batch: readonly Planned[]): void {
    const rows = batch.flatMap((planned): Settled[] =>
      planned.step.do === 'settle' ? [[planned, planned.step.outcome]] : [],
    );
    for (let from = 0; from < rows.length; from += SETTLED_AT_ONCE) {
      this.#settle(rows.slice(from, from + SETTLED_AT_ONCE));
    }
  }

  /** One row, from its first attempt to its outcome; or to a stop, which leaves it as the journal has it. */
  async #take(planned: Planned): Promise<void> {
    const step = judged(planned, this.#ports.directory);
    const replies: Reply[] = [];
    for (;;) {
      const reply = await this.#attempt(planned, replies.length + 1);
      if (!reply) return;
      replies.push(reply);
      const decision = decide(step, replies, this.#ports.dice);
      const told = replyEvent(planned, reply, this.#ports.clock.now(), decision);
      // One record for both: a row that is made costs two writes, not three.
      if (decision.do === 'settle' && !this.#isDeaf(reply)) {
        return this.#settle([[planned, decision.outcome]], told);
      }
      this.#keep(told);
      switch (decision.do) {
        case 'settle':
          return this.#halt(unreachable(reply.message));
        case 'look-up':
          this.#open.push(planned);
          return;
        case 'stop':
          return this.#halt(decision.stop);
        case 'again':
          await this.#ports.clock.sleep(decision.waitMs, this.#stopping.signal);
      }
    }
  }

  /**
   * One attempt, on its turn; while nothing works, only one at a time may try its luck. Undefined where none
   * may be made any more.
   */
  async #attempt(planned: Planned, n: number): Promise<Reply | undefined> {
    for (;;) {
      try {
        await this.#ports.turns.turn(this.#stopping.signal);
      } catch (error) {
        if (this.#stopping.signal.aborted) return undefined;
        throw error;
      }
      // From here on nothing is waited for until it has left: no stop and no other probe comes between.
      if (this.#stopping.signal.aborted || (n === 1 && this.#draining)) return undefined;
      if (!isBroken(this.#weather) || !this.#probe) return this.#start(planned, n);
      await this.#probe;
    }
  }

  /** Records, then sends. Undefined where it could not be recorded, and so was not sent. */
  async #start(planned: Planned, n: number): Promise<Reply | undefined> {
    const sentAt = this.#ports.clock.now();
    const spent = this.#day?.take(sentAt);
    if (spent) {
      this.#halt(spent);
      return undefined;
    }
    if (!this.#keep(attemptEvent(planned, n, sentAt))) return undefined;
    const exchange = this.#exchange(planned, sentAt);
    if (isBroken(this.#weather)) {
      const over = (): void => {
        this.#probe = undefined;
      };
      this.#probe = exchange.then(over, over);
    }
    return exchange;
  }

  async #exchange(planned: Planned, sentAt: number): Promise<Reply> {
    try {
      const reply = await this.#send(planned);
      this.#obey(react(this.#weather, reply, sentAt, this.#ports.clock.now()));
      return reply;
    } catch (error) {
      if (!(error instanceof FatalError)) throw error;
      // No token was to be had, so nothing left: the row is as it was, and not in doubt.
      return { kind: 'blocked', message: error.message, stop: error.stop };
    }
  }

  #send({ definition, step }: Planned): Promise<Reply> {
    switch (step.do) {
      case 'create':
        return this.#ports.directory.create(definition);
      case 'update':
      case 'restore':
        return this.#ports.directory.update(step.group.id, step.change);
      case 'delete':
        return this.#ports.directory.remove(step.group.id);
      case 'nothing':
      case 'settle':
        throw new Error(`a step that sends nothing was sent: ${step.do}`);
    }
  }

  #obey({ perSecond, marginMs, pauseMs, why, stop }: Reaction): void {
    const { turns, clock } = this.#ports;
    if (marginMs !== undefined) turns.setMargin(marginMs);
    if (perSecond !== undefined) turns.setRate(perSecond);
    if (pauseMs !== undefined) turns.pause(pauseMs);
    if (why !== undefined) {
      const rate = this.#weather.perSecond;
      this.#keep({ e: 'pace', at: clock.now(), perSecond: rate, pauseMs: pauseMs ?? 0, why });
    }
    if (stop) this.#halt(stop);
  }

  #settle(rows: readonly Settled[], ...before: readonly Event[]): void {
    const at = this.#ports.clock.now();
    this.#keep(...before, ...rows.map(([planned, outcome]) => settledEvent(planned, outcome, at)));
    for (const [planned, { status, groupId }] of rows) {
      const isThere = status === 'created' || status === 'already-provisioned';
      if (isThere && groupId === undefined) this.#open.push(planned);
      if (status === 'failed') this.#countFailure();
    }
  }

  #countFailure(): void {
    this.#failures += 1;
    const { maxFailures } = this.#limits;
    if (maxFailures === undefined || this.#failures < maxFailures || this.#draining) return;
    this.#draining = true;
    this.#stop = tooManyFailures(this.#failures);
    this.#keep({ e: 'stop', at: this.#ports.clock.now(), stop: this.#stop });
  }

  /** Nothing has answered at all: that is no fault of the row. */
  #isDeaf(reply: Reply): boolean {
    return reply.kind === 'trouble' && this.#weather.heard === 0;
  }

  #keep(...events: readonly Event[]): boolean {
    try {
      this.#ports.record(...events);
      return true;
    } catch (error) {
      if (!(error instanceof FatalError)) throw error;
      // An attempt that is not recorded is not made either.
      for (const event of events) if (event.e !== 'attempt') this.#ports.lost(event);
      this.#halt(error.stop);
      return false;
    }
  }

  /** A defect of ours: nothing more is sent, and what is in flight is answered before it is told. */
  #fail(error: unknown): void {
    this.#defect ??= { error };
    this.#draining = true;
    this.#stopping.abort();
  }

  /** The first stop is the one that is told. */
  #halt(stop: Stop): void {
    if (this.#stopping.signal.aborted) return;
    this.#draining = true;
    this.#stop = stop;
    this.#stopping.abort();
    this.#keep({ e: 'stop', at: this.#ports.clock.now(), stop });
  }
}

function stopOf(reason: unknown): Stop {
  if (reason instanceof FatalError) return reason.stop;
  return {
    exit: EXIT.retryLater,
    reason: 'aborted',
    message: 'the run was aborted',
    hint: 'Go on with --resume.',
  };
}

function judged({ step }: Planned, { api }: Directory): Judged {
  switch (step.do) {
    case 'create':
      return { op: 'create', inDoubt: step.inDoubt, namesRepeat: api === 'contacts' };
    case 'update':
    case 'delete':
    case 'restore':
      return { op: step.do, inDoubt: false, groupId: step.group.id };
    case 'nothing':
    case 'settle':
      throw new Error(`a step that sends nothing was taken: ${step.do}`);
  }
}
