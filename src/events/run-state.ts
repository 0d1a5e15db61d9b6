/** What a run's events add up to: `fold` them, live or out of a journal, and ask the history. */

import { type Outcome, pickMetadata, type Stop } from '../model/outcome.js';
import { DONE } from '../resilience/retry-policy.js';
import { normalizeName } from '../resources/groups/group.js';
import { LateSet } from '../text/string-table.js';
import type { Event, EventOf } from './event.js';
import { type RowState, RowStates } from './row-state.js';

/** One second of a run, for the picture of it. */
export type Second = { sent: number; settled: number; retried: number; limited: number };

export type Pause = { readonly at: number; readonly pauseMs: number; readonly why: string };

export type RunState = {
  /** One a process, the newest last. */
  readonly runs: EventOf<'run'>[];
  readonly rows: RowStates;
  /** Names in the first listing that could be trusted; undefined where there was none. */
  baseline: { has(name: string): boolean } | undefined;
  /** Names of a listing that has not ended yet. */
  listed: LateSet;
  /** Which of the runs brought the newest complete input; undefined while there is none. */
  kept: number | undefined;
  readonly requests: { sent: number; retried: number; rateLimited: number; lists: number };
  readonly timeline: Map<number, Second>;
  readonly pauses: Pause[];
  readonly rates: { readonly at: number; readonly perSecond: number }[];
  readonly warnings: string[];
  stop: Stop | undefined;
  end: EventOf<'end'> | undefined;
  lastAt: number;
  /** Time in which a process worked on the run; the gap before a resume is not counted. */
  activeMs: number;
  /** Rows that were provisioned before the newest process began. */
  carriedOver: number;
};

export function createRunState(): RunState {
  return {
    runs: [],
    rows: new RowStates(),
    baseline: undefined,
    listed: new LateSet(),
    kept: undefined,
    requests: { sent: 0, retried: 0, rateLimited: 0, lists: 0 },
    timeline: new Map(),
    pauses: [],
    rates: [],
    warnings: [],
    stop: undefined,
    end: undefined,
    lastAt: 0,
    activeMs: 0,
    carriedOver: 0,
  };
}

/** Adds one event to a history, in place: a million rows are folded without a copy. */
export function applyEvent(history: RunState, event: Event): void {
  // The last word tells nothing of the rows: reports made before and after it are the same.
  if (event.e === 'end') {
    history.end = event;
    return;
  }
  if (event.e !== 'run') history.activeMs += Math.max(0, event.at - history.lastAt);
  history.lastAt = event.at;
  switch (event.e) {
    case 'run':
      history.runs.push(event);
      // A listing that a crash has cut short goes on in no other process.
      history.listed = new LateSet();
      history.carriedOver = history.rows.provisioned();
      history.stop = undefined;
      history.end = undefined;
      return;
    case 'input':
      return;
    case 'kept':
      history.kept = history.runs.length - 1;
      return;
    case 'listed':
      for (const group of event.groups) history.listed.add(normalizeName(group.name));
      return;
    case 'listing':
      foldListing(history, event);
      return;
    case 'attempt':
      foldAttempt(history, event);
      return;
    case 'reply':
      foldReply(history, event);
      return;
    case 'settled':
      foldSettled(history, event);
      return;
    case 'pace':
      if (event.pauseMs > 0) history.pauses.push(event);
      history.rates.push(event);
      return;
    case 'stop':
      history.stop = event.stop;
      return;
  }
}

function secondOf(history: RunState, at: number): Second {
  const key = Math.floor(at / 1000);
  const found = history.timeline.get(key);
  if (found) return found;
  const fresh = { sent: 0, settled: 0, retried: 0, limited: 0 };
  history.timeline.set(key, fresh);
  return fresh;
}

/**
 * A listing tells what was there *before* us only if nothing had been sent: one that a resume takes may
 * already hold our own groups, so it never becomes the baseline.
 */
function foldListing(history: RunState, event: EventOf<'listing'>): void {
  history.requests.lists += event.requests;
  if (event.why !== '') history.warnings.push(event.why);
  const before = event.which === 'baseline' && event.ok && history.requests.sent === 0;
  if (before && !history.baseline) history.baseline = history.listed;
  history.listed = new LateSet();
}

function foldAttempt(history: RunState, event: EventOf<'attempt'>): void {
  const second = secondOf(history, event.at);
  history.requests.sent += 1;
  second.sent += 1;
  if (event.n > 1) {
    history.requests.retried += 1;
    second.retried += 1;
  }
  const state = history.rows.sent(event.key, event.op);
  state.settings = event.settings;
  state.name = event.name;
  state.attempts += 1;
  // An attempt whose reply a crash has taken leaves a doubt that no answer to a later one takes back.
  if (state.pending) state.ambiguous = true;
  state.pending = true;
  state.op = event.op;
  state.outcome = undefined;
  state.groupId = event.groupId ?? state.groupId;
  // The oldest values are the ones to put back: a second update of one run must not hide them.
  state.before ??= event.before;
}

function foldReply(history: RunState, event: EventOf<'reply'>): void {
  if (event.kind === 'limited') {
    history.requests.rateLimited += 1;
    secondOf(history, event.at).limited += 1;
  }
  const state = history.rows.known(event.key);
  if (!state) return;
  state.last = event;
  state.pending = false;
  // A clear answer to a later attempt does not take back the doubt that an earlier one left.
  if (event.ambiguous) state.ambiguous = true;
  if (event.kind === 'done') foldOutcome(state, doneBy(state, event));
}

/** What was answered is done, also where a crash or a full disk has taken the word that settles it. */
function doneBy({ op, attempts, groupId }: RowState, reply: EventOf<'reply'>): Outcome {
  const id = reply.groupId ?? groupId;
  return {
    status: DONE[op],
    detail: '',
    attempts,
    ...(id === undefined ? {} : { groupId: id }),
    ...pickMetadata(reply),
  };
}

function foldSettled(history: RunState, event: EventOf<'settled'>): void {
  secondOf(history, event.at).settled += 1;
  const { key, settings, outcome } = event;
  const sent = history.rows.known(key);
  if (!sent && outcome.attempts === 0 && outcome.http === undefined) {
    history.rows.settleUnsent(key, settings, outcome);
    return;
  }
  const state = sent ?? history.rows.sent(key, 'create');
  state.settings = settings;
  foldOutcome(state, outcome);
}

function foldOutcome(state: RowState, outcome: Outcome): void {
  state.outcome = outcome;
  if (outcome.status === 'created') state.createdId = outcome.groupId ?? state.createdId;
  state.pending = false;
  state.ambiguous = outcome.status === 'unknown';
}

/** Several runs' histories as one, for one report of them all. Rows stay with their own. */
export function mergeRunStates(all: readonly RunState[]): RunState {
  const one = createRunState();
  for (const history of all) {
    one.runs.push(...history.runs);
    one.requests.sent += history.requests.sent;
    one.requests.retried += history.requests.retried;
    one.requests.rateLimited += history.requests.rateLimited;
    one.requests.lists += history.requests.lists;
    one.pauses.push(...history.pauses);
    one.rates.push(...history.rates);
    one.warnings.push(...history.warnings);
    one.stop ??= history.stop;
    one.lastAt = Math.max(one.lastAt, history.lastAt);
    one.activeMs = Math.max(one.activeMs, history.activeMs);
    one.carriedOver += history.carriedOver;
    for (const [second, counts] of history.timeline) {
      const sum = secondOf(one, second * 1000);
      sum.sent += counts.sent;
      sum.settled += counts.settled;
      sum.retried += counts.retried;
      sum.limited += counts.limited;
    }
  }
  one.runs.sort((a, b) => a.at - b.at);
  return one;
}
