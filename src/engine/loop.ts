/** The one loop: sends the steps of a session, retries them, records what happens, and stops. It knows no resource. */
import pLimit, { type LimitFunction } from 'p-limit';
import type { Event, EventOf, ReplyRecord, RowOutcome } from '../events/event.js';
import type { ApiClient, SendResult } from '../model/api.js';
import { RATE_LABELS, type RateLabel } from '../model/call.js';
import type { Clock } from '../model/clock.js';
import type { Reply } from '../model/reply.js';
import { createStop, FatalError, type Stop } from '../model/stop.js';
import { unreachable } from '../resilience/circuit-breaker.js';
import { RefusalCount } from '../resilience/refusal-count.js';
import { decideRetry, tooManyFailures } from '../resilience/retry-policy.js';
import type { Judgement, Session, Step } from '../resources/resource.js';

export type EngineOptions = {
  readonly api: ApiClient;
  /** Keeps events durably, all or none, and applies them. @throws FatalError if they could not be kept */
  readonly record: (...events: readonly Event[]) => void;
  /** Receives each event that could not be kept. */
  readonly onLost: (event: Event) => void;
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  /** Steps of that label in flight at once. */
  readonly concurrencyFor: (label: RateLabel) => number;
  /** Failed rows after which no further row is started. */
  readonly maxFailures?: number;
  /** Whether a write for this row was sent before, in this process or an earlier one of the run. */
  readonly wasAttempted: (key: string) => boolean;
  /** Receives the writes of a dry run, which are not sent. */
  readonly onPlannedWrite?: (step: Step) => void;
  /** Its reason is a `FatalError`; requests in flight are answered, nothing else is started. */
  readonly signal: AbortSignal;
};

/**
 * Runs a session to its end or its stop.
 * @returns why the run ended early; undefined if it did not
 */
export async function runSession(session: Session, options: EngineOptions): Promise<Stop | undefined> {
  const loop = new Loop(options);
  try {
    return await loop.run(session);
  } finally {
    loop.close();
  }
}

/** The steps of one label that wait for a place. Follow-up steps go first, the newest before all others. */
type Queue = { readonly places: LimitFunction; readonly followUps: Step[]; readonly fresh: Step[] };

class Loop {
  readonly #options: EngineOptions;
  readonly #queues: ReadonlyMap<RateLabel, Queue>;
  readonly #tasks = new Set<Promise<void>>();
  /** Aborts when nothing may be sent any more. */
  readonly #stopping = new AbortController();
  readonly #onAbort: () => void;
  #stop: Stop | undefined;
  /** No new row is started; what was attempted is still settled. */
  #draining = false;
  #steps = 0;
  #failures = 0;
  /** Whether anything answered in this process: silence from the start is not an outage but a wrong address. */
  #hasServerAnswered = false;
  readonly #refusals = new RefusalCount();
  #bug: { readonly error: unknown } | undefined;
  /** Resolved when a task ends: what waits for room checks again. */
  #wake: () => void = () => undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#queues = new Map(
      RATE_LABELS.map((label) => [
        label,
        { places: pLimit(options.concurrencyFor(label)), followUps: [], fresh: [] },
      ]),
    );
    const { signal } = options;
    this.#onAbort = () => {
      // A listener's error would be an uncaught exception.
      try {
        this.#halt(toStop(signal.reason));
      } catch (error) {
        this.#fail(error);
      }
    };
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  close(): void {
    this.#options.signal.removeEventListener('abort', this.#onAbort);
  }

  async run(session: Session): Promise<Stop | undefined> {
    try {
      while (!this.#isHalted) {
        const phase = session.next(this.#draining);
        if (!phase) break;
        await this.#runPhase(phase);
      }
    } catch (error) {
      this.#fail(error);
    }
    // If the rows cannot be read on, the steps in flight still come to an end.
    await this.#whenIdle();
    if (this.#bug) throw this.#bug.error;
    return this.#stop;
  }

  get #isHalted(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #runPhase(phase: AsyncIterable<Judgement> | Iterable<Judgement>): Promise<void> {
    const wasDraining = this.#draining;
    for await (const judgement of phase) {
      this.#apply(judgement, undefined);
      await this.#whenRoom();
      if (this.#isHalted || (this.#draining && !wasDraining)) break;
    }
    await this.#whenIdle();
  }

  /** Waits until the queue is short enough to read on: a million rows are never all waiting. */
  async #whenRoom(): Promise<void> {
    while (!this.#isHalted && [...this.#queues.values()].some(isFull)) await this.#nextEnd();
  }

  async #whenIdle(): Promise<void> {
    while (this.#tasks.size > 0) await this.#nextEnd();
  }

  #nextEnd(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #schedule(steps: readonly Step[], areFollowUps: boolean): void {
    // The newest follow-up is taken first, so that they are added in reverse.
    for (const step of areFollowUps ? [...steps].reverse() : steps) {
      if (step.effect === 'write' && this.#options.onPlannedWrite) {
        this.#options.onPlannedWrite(step);
        continue;
      }
      const queue = this.#queueOf(step);
      const place = (): Promise<void> => {
        (areFollowUps ? queue.followUps : queue.fresh).push(step);
        return queue.places(() => this.#takeNext(queue));
      };
      // A step that waits for its time holds no place meanwhile.
      const wait = step.delayMs === undefined || step.delayMs <= 0 ? undefined : this.#sleep(step.delayMs);
      const task = (wait === undefined ? place() : wait.then(place))
        .catch((error: unknown) => this.#fail(error))
        .finally(() => {
          this.#tasks.delete(task);
          this.#wake();
        });
      this.#tasks.add(task);
    }
  }

  #sleep(waitMs: number): Promise<void> {
    return this.#options.clock.sleep(waitMs, this.#stopping.signal);
  }

  #queueOf({ call }: Step): Queue {
    const queue = this.#queues.get(call.label);
    if (!queue) throw new Error(`no such rate label: ${call.label}`);
    return queue;
  }

  async #takeNext(queue: Queue): Promise<void> {
    const step = queue.followUps.pop() ?? queue.fresh.shift();
    if (step && this.#maySend(step)) await this.#perform(step);
  }

  #maySend({ effect, rows }: Step): boolean {
    if (this.#isHalted) return false;
    if (!this.#draining || effect === 'read') return true;
    return rows.some(({ key }) => this.#options.wasAttempted(key));
  }

  /** One step, from its first attempt to what follows from it; or to a stop, which leaves it as the journal has it. */
  async #perform(step: Step): Promise<void> {
    const { clock, random } = this.#options;
    this.#steps += 1;
    const id = this.#steps;
    const replies: Reply[] = [];
    while (this.#maySend(step)) {
      const n = replies.length + 1;
      const result = await this.#send(step, id, n);
      if (result.type === 'not-sent') {
        if (result.stop) this.#halt(result.stop);
        return;
      }
      const { reply, stop, sentAt } = result;
      replies.push(reply);
      this.#hasServerAnswered ||= reply.httpStatus !== undefined;
      const event = this.#replyEvent(step, id, n, reply);
      const decision = this.#decide(step, replies, random);
      switch (decision.type) {
        case 'retry':
          this.#keep({ ...event, ...(stop ? {} : { retryInMs: decision.waitMs }) });
          if (stop) return this.#halt(stop);
          await this.#sleep(decision.waitMs);
          continue;
        case 'stop':
          this.#keep(event);
          return this.#halt(decision.stop);
        case 'judge': {
          const ambiguous = replies.some(isAmbiguous);
          const judgement = step.judge(decision.reply, { now: clock.now(), ambiguous, attempts: n, sentAt });
          this.#apply(judgement, event);
          const refused = this.#refusals.add(reply, judgement.outcomes ?? []);
          if (refused) this.#halt(refused);
          if (stop) this.#halt(stop);
          return;
        }
      }
    }
  }

  #decide(step: Step, replies: readonly Reply[], random: () => number): ReturnType<typeof decideRetry> {
    const reply = replies.at(-1);
    if (reply?.type === 'fatal' && step.onFatal === 'judge') return { type: 'judge', reply };
    const decision = decideRetry(step, replies, random);
    if (decision.type === 'judge' && reply?.type === 'transient' && !this.#hasServerAnswered) {
      return { type: 'stop', stop: unreachable(reply.message) };
    }
    return decision;
  }

  async #send(step: Step, id: number, n: number): Promise<SendResult & { readonly sentAt: number }> {
    const { api, clock } = this.#options;
    const { operation, effect, rows, note, call } = step;
    let sentAt = clock.now();
    const result = await api.send(call, {
      signal: this.#stopping.signal,
      beforeSend: () => {
        if (!this.#maySend(step)) return false;
        sentAt = clock.now();
        const attempt = {
          type: 'attempt',
          at: sentAt,
          step: id,
          n,
          operation,
          label: call.label,
        } as const;
        return this.#keep({ ...attempt, effect, rows, ...(note === undefined ? {} : { note }) });
      },
    });
    return { ...result, sentAt };
  }

  #replyEvent({ call }: Step, step: number, n: number, reply: Reply): EventOf<'reply'> {
    const at = this.#options.clock.now();
    return { type: 'reply', at, step, n, label: call.label, reply: toRecord(reply) };
  }

  /** Records what follows from a reply, or from a phase, as one event; then acts on it. */
  #apply(judgement: Judgement, reply: EventOf<'reply'> | undefined): void {
    const { outcomes, steps, notes, warnings, stop, drain } = judgement;
    const found = {
      ...(outcomes && outcomes.length > 0 ? { outcomes } : {}),
      ...(notes && notes.length > 0 ? { notes } : {}),
    };
    const at = this.#options.clock.now();
    if (reply) this.#keep({ ...reply, ...found });
    else if ('outcomes' in found || 'notes' in found) this.#keep({ type: 'known', at, ...found });
    for (const message of warnings ?? []) this.#keep({ type: 'warning', at, message });
    if (stop) return this.#halt(stop);
    if (drain) this.#drain(drain);
    this.#schedule(steps ?? [], reply !== undefined);
    this.#countFailures(outcomes ?? []);
  }

  #countFailures(outcomes: readonly RowOutcome[]): void {
    this.#failures += outcomes.filter(({ outcome }) => outcome.status === 'failed').length;
    const { maxFailures } = this.#options;
    if (maxFailures !== undefined && this.#failures >= maxFailures)
      this.#drain(tooManyFailures(this.#failures));
  }

  #keep(...events: readonly Event[]): boolean {
    try {
      this.#options.record(...events);
      return true;
    } catch (error) {
      if (!(error instanceof FatalError)) throw error;
      // An attempt that is not recorded is not made either.
      for (const event of events) if (event.type !== 'attempt') this.#options.onLost(event);
      this.#halt(error.stop);
      return false;
    }
  }

  #drain(stop: Stop): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#stop = stop;
    this.#keep({ type: 'stop', at: this.#options.clock.now(), stop });
  }

  /** A bug of ours: nothing more is sent, and what is in flight is answered before it is reported. */
  #fail(error: unknown): void {
    if (error instanceof FatalError) return this.#halt(error.stop);
    this.#bug ??= { error };
    this.#draining = true;
    this.#stopping.abort();
  }

  /** The first stop is the one that is reported. */
  #halt(stop: Stop): void {
    if (this.#isHalted) return;
    const isFirst = this.#stop === undefined;
    this.#draining = true;
    this.#stop ??= stop;
    this.#stopping.abort(new FatalError(stop));
    this.#wake();
    if (isFirst) this.#keep({ type: 'stop', at: this.#options.clock.now(), stop });
  }
}

function isFull({ places, fresh }: Queue): boolean {
  return fresh.length > 0 && places.pendingCount > places.concurrency;
}

function isAmbiguous(reply: Reply): boolean {
  return reply.type === 'transient' && reply.ambiguous;
}

function toRecord(reply: Reply): ReplyRecord {
  const { type, httpStatus, code, message, trackingId } = reply;
  return {
    type,
    ...(isAmbiguous(reply) ? { ambiguous: true } : {}),
    ...(httpStatus === undefined ? {} : { httpStatus }),
    ...(code === undefined ? {} : { code }),
    ...(message === '' ? {} : { message }),
    ...(trackingId === undefined ? {} : { trackingId }),
  };
}

function toStop(reason: unknown): Stop {
  if (reason instanceof FatalError) return reason.stop;
  return createStop('aborted', 'the run was aborted', 'Resume it to continue.');
}
