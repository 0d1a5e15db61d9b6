/** What a run's events add up to: apply them one by one, live or from a journal, then read the state. */
import type { RateLabel } from '../model/call.js';
import type { Outcome, RowRef } from '../model/outcome.js';
import type { Status } from '../model/statuses.js';
import { isProvisioned } from '../model/statuses.js';
import type { Stop } from '../model/stop.js';
import type { Event, EventOf, Note, RowOutcome } from './event.js';
import type { Effect, RowState } from './row-state.js';

/** One second of a run, for the timeline. */
export type Second = { sent: number; settled: number; retried: number; limited: number };

export type Pause = {
  readonly at: number;
  readonly label: RateLabel;
  readonly pauseMs: number;
  readonly reason: string;
};

export type RunState = {
  /** One per process, the newest last. */
  readonly runs: EventOf<'run'>[];
  readonly rows: Map<string, RowState>;
  /** How many rows have an outcome, by status. */
  readonly counts: Map<Status, number>;
  readonly notes: Note[];
  /** Index of the newest run whose input is stored completely; absent while there is none. */
  storedInput: number | undefined;
  readonly requests: { sent: number; retried: number; rateLimited: number; lists: number };
  /** Requests by label and UTC day (`2026-11-25`), for the daily quotas. */
  readonly sentByDay: Map<string, number>;
  /** By second since 1970. */
  readonly timeline: Map<number, Second>;
  readonly pauses: Pause[];
  readonly rates: { readonly at: number; readonly label: RateLabel; readonly perSecond: number }[];
  readonly warnings: string[];
  stop: Stop | undefined;
  end: EventOf<'end'> | undefined;
  /** Attempts without a reply yet, by step and attempt of the newest process. */
  readonly pending: Map<string, EventOf<'attempt'>>;
  lastAt: number;
  /** ms in which a process worked on the run; the gap before a resume is not counted. */
  activeMs: number;
  /** Rows that were provisioned before the newest process began. */
  carriedOver: number;
};

export function createRunState(): RunState {
  return {
    runs: [],
    rows: new Map(),
    counts: new Map(),
    notes: [],
    storedInput: undefined,
    requests: { sent: 0, retried: 0, rateLimited: 0, lists: 0 },
    sentByDay: new Map(),
    timeline: new Map(),
    pauses: [],
    rates: [],
    warnings: [],
    stop: undefined,
    end: undefined,
    pending: new Map(),
    lastAt: 0,
    activeMs: 0,
    carriedOver: 0,
  };
}

/** Applies one event in place: a million rows are reduced without a copy. */
export function applyEvent(state: RunState, event: Event): void {
  // The end says nothing about the rows: reports made before and after it are the same.
  if (event.type === 'end') {
    state.end = event;
    return;
  }
  // The library's runs have no header: their first event begins them.
  const isFirst = state.runs.length === 0 && state.lastAt === 0;
  if (event.type !== 'run' && !isFirst) state.activeMs += Math.max(0, event.at - state.lastAt);
  state.lastAt = event.at;
  switch (event.type) {
    case 'run':
      state.runs.push(event);
      state.carriedOver = countProvisioned(state);
      // What a crash left without a reply stays in doubt; its attempts get no reply any more.
      state.pending.clear();
      state.stop = undefined;
      state.end = undefined;
      return;
    case 'input':
      return;
    case 'input-complete':
      state.storedInput = state.runs.length - 1;
      return;
    case 'attempt':
      applyAttempt(state, event);
      return;
    case 'reply':
      applyReply(state, event);
      return;
    case 'known':
      for (const outcome of event.outcomes ?? []) applyOutcome(state, outcome, event.at);
      state.notes.push(...(event.notes ?? []));
      return;
    case 'warning':
      if (!state.warnings.includes(event.message)) state.warnings.push(event.message);
      return;
    case 'pace':
      if (event.pauseMs > 0) state.pauses.push(event);
      state.rates.push(event);
      return;
    case 'stop':
      state.stop = event.stop;
      return;
  }
}

function countProvisioned({ counts }: RunState): number {
  return sumCounts(counts, isProvisioned);
}

/** How many rows have an outcome that fits. */
export function sumCounts(
  counts: ReadonlyMap<Status, number>,
  fits: (status: Status) => boolean = () => true,
): number {
  return [...counts].reduce((sum, [status, count]) => (fits(status) ? sum + count : sum), 0);
}

function secondAt(state: RunState, at: number): Second {
  const key = Math.floor(at / 1000);
  let second = state.timeline.get(key);
  if (!second) {
    second = { sent: 0, settled: 0, retried: 0, limited: 0 };
    state.timeline.set(key, second);
  }
  return second;
}

/** How many requests of that label this run sent on the UTC day of `at` (ms since 1970). */
export function countSentToday(state: RunState, label: RateLabel, at: number): number {
  return state.sentByDay.get(dayKey(label, at)) ?? 0;
}

function dayKey(label: RateLabel, at: number): string {
  return `${label} ${Math.floor(at / 86_400_000)}`;
}

function applyAttempt(state: RunState, event: EventOf<'attempt'>): void {
  const second = secondAt(state, event.at);
  const day = dayKey(event.label, event.at);
  state.sentByDay.set(day, (state.sentByDay.get(day) ?? 0) + 1);
  if (event.n > 1) {
    state.requests.retried += 1;
    second.retried += 1;
  }
  state.pending.set(`${event.step}.${event.n}`, event);
  if (event.effect === 'read') {
    state.requests.lists += 1;
    return;
  }
  state.requests.sent += 1;
  second.sent += 1;
  const id = `${state.runs.length}.${event.step}.${event.n}`;
  const { operation, at, note } = event;
  for (const ref of event.rows) {
    const row = findOrCreateRow(state, ref);
    row.attempts += 1;
    setOutcome(state, row, undefined);
    row.doubts ??= new Map();
    row.doubts.set(id, { operation, at, ...(note === undefined ? {} : { note }) });
  }
}

function findOrCreateRow(state: RunState, { key, fingerprint, name, line }: RowRef): RowState {
  const known = state.rows.get(key);
  if (known) {
    known.fingerprint = fingerprint;
    return known;
  }
  const row: RowState = { fingerprint, attempts: 0, outcome: undefined, last: undefined, doubts: undefined };
  if (line === 0) row.name = name;
  state.rows.set(key, row);
  return row;
}

function applyReply(state: RunState, event: EventOf<'reply'>): void {
  const { reply } = event;
  if (reply.type === 'rate-limited') {
    state.requests.rateLimited += 1;
    secondAt(state, event.at).limited += 1;
  }
  const id = `${event.step}.${event.n}`;
  const attempt = state.pending.get(id);
  state.pending.delete(id);
  for (const { key } of attempt?.effect === 'write' ? attempt.rows : []) {
    const row = state.rows.get(key);
    if (row) row.last = reply;
  }
  // Outcomes first: what they changed on Zoom's side carries the note of the attempt.
  for (const outcome of event.outcomes ?? []) applyOutcome(state, outcome, event.at);
  state.notes.push(...(event.notes ?? []));
  // A clear refusal settles the doubt of its own attempt, and of no other. A success without an outcome is still to
  // be proved by what is read next.
  if (!reply.ambiguous && reply.type !== 'success') {
    const doubt = `${state.runs.length}.${id}`;
    for (const { key } of attempt?.rows ?? []) state.rows.get(key)?.doubts?.delete(doubt);
  }
}

/** Which operation a status says was done. */
const OPERATION_OF: Readonly<Partial<Record<Status, string>>> = {
  created: 'create',
  updated: 'update',
  added: 'add',
  removed: 'remove',
  deleted: 'delete',
  restored: 'restore',
};

function applyOutcome(state: RunState, { outcome, ...ref }: RowOutcome, at: number): void {
  secondAt(state, at).settled += 1;
  const row = findOrCreateRow(state, ref);
  recordEffect(row, ref, outcome);
  setOutcome(state, row, outcome);
  if (outcome.status !== 'unknown') row.doubts = undefined;
}

function setOutcome({ counts }: RunState, row: RowState, outcome: Outcome | undefined): void {
  const count = (status: Status, by: number) => counts.set(status, (counts.get(status) ?? 0) + by);
  if (row.outcome) count(row.outcome.status, -1);
  row.outcome = outcome;
  if (outcome) count(outcome.status, 1);
}

/** Keeps what this run changed. An outcome that only adds detail to an earlier one replaces its effect. */
function recordEffect(row: RowState, { name, fingerprint }: RowRef, outcome: Outcome): void {
  const operation = OPERATION_OF[outcome.status];
  if (operation === undefined) return;
  const doubts = [...(row.doubts?.values() ?? [])].filter((doubt) => doubt.operation === operation);
  const note = doubts.find((doubt) => doubt.note !== undefined)?.note;
  const last = row.effects?.at(-1);
  const isRepeated = doubts.length === 0 && last?.operation === operation;
  const kept = isRepeated ? last.note : note;
  const effect: Effect = {
    operation,
    name,
    fingerprint,
    ids: outcome.ids ?? {},
    ...(kept === undefined ? {} : { note: kept }),
  };
  if (isRepeated) row.effects?.pop();
  row.effects = [...(row.effects ?? []), effect];
}

/** The states of several runs as one, for one report about them all. Rows stay with their own run. */
export function mergeRunStates(states: readonly RunState[]): RunState {
  const merged = createRunState();
  for (const state of states) {
    merged.runs.push(...state.runs);
    merged.requests.sent += state.requests.sent;
    merged.requests.retried += state.requests.retried;
    merged.requests.rateLimited += state.requests.rateLimited;
    merged.requests.lists += state.requests.lists;
    for (const pause of state.pauses) merged.pauses.push(pause);
    for (const rate of state.rates) merged.rates.push(rate);
    for (const warning of state.warnings) merged.warnings.push(warning);
    merged.stop ??= state.stop;
    merged.lastAt = Math.max(merged.lastAt, state.lastAt);
    merged.activeMs = Math.max(merged.activeMs, state.activeMs);
    merged.carriedOver += state.carriedOver;
    for (const [second, counts] of state.timeline) {
      const sum = secondAt(merged, second * 1000);
      sum.sent += counts.sent;
      sum.settled += counts.settled;
      sum.retried += counts.retried;
      sum.limited += counts.limited;
    }
  }
  merged.runs.sort((a, b) => a.at - b.at);
  return merged;
}
