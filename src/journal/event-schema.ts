/** Whether what stands in a journal's line is an event: somebody may have edited it, and a crash may have cut it. */
import { type Event, SCHEMA_VERSION } from '../events/event.js';
import { STATUS_NAMES } from '../model/statuses.js';

type Fields = Readonly<Record<string, unknown>>;

const isText = (...values: readonly unknown[]): boolean => values.every((value) => typeof value === 'string');
const isNumber = (...values: readonly unknown[]): boolean =>
  values.every((value) => typeof value === 'number');
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isAbsentOrText = (value: unknown): boolean => value === undefined || typeof value === 'string';

const STATUS: ReadonlySet<unknown> = new Set(STATUS_NAMES);
const APIS: ReadonlySet<unknown> = new Set(['im', 'contacts']);
const PLANS: ReadonlySet<unknown> = new Set(['free', 'pro', 'business']);

function isInput(input: unknown): boolean {
  if (!isObject(input) || !isObject(input.dialect)) return false;
  const { path, sha256, rows, dialect, shard } = input;
  if (!isText(path, sha256, dialect.encoding, dialect.delimiter) || !isNumber(rows)) return false;
  return isObject(dialect.map) && isText(...Object.values(dialect.map)) && isAbsentOrText(shard);
}

function isTarget(target: unknown): boolean {
  if (!isObject(target) || !isText(target.baseUrl) || !isNumber(target.perSecond)) return false;
  return APIS.has(target.api) && PLANS.has(target.accountPlan);
}

function isOutcome(outcome: unknown): boolean {
  if (!isObject(outcome) || !STATUS.has(outcome.status)) return false;
  const { detail, attempts, groupId, trackingId } = outcome;
  return isText(detail) && isNumber(attempts) && isAbsentOrText(groupId) && isAbsentOrText(trackingId);
}

/** What is relied on of each kind; the rest is shown as it is, or not at all. */
const SHAPES: Readonly<Record<Event['e'], (event: Fields) => boolean>> = {
  // Of a newer version only that it is one: it is refused for that.
  run: ({ schemaVersion: version, runId, toolVersion, command, input, target }) =>
    typeof version === 'number' &&
    (version > SCHEMA_VERSION || (isText(runId, toolVersion, command) && isInput(input) && isTarget(target))),
  input: ({ text }) => isText(text),
  kept: () => true,
  listed: ({ groups }) =>
    Array.isArray(groups) && groups.every((group) => isObject(group) && isText(group.name)),
  listing: ({ requests, why }) => isNumber(requests) && isText(why),
  attempt: ({ op, key, name, settings, groupId }) =>
    isText(op, key, name, settings) && isAbsentOrText(groupId),
  reply: ({ key, kind, message, groupId, trackingId }) =>
    isText(key, kind) && [message, groupId, trackingId].every(isAbsentOrText),
  settled: ({ key, settings, outcome }) => isText(key, settings) && isOutcome(outcome),
  pace: ({ perSecond, pauseMs, why }) => isNumber(perSecond, pauseMs) && isText(why),
  stop: ({ stop }) => isObject(stop) && isNumber(stop.exit) && isText(stop.reason, stop.message, stop.hint),
  end: ({ exit, reason }) => isNumber(exit) && isText(reason),
};

/** In ms: the ends of what a date can tell. */
const TIME_MAX = 8.64e15;

/** Kinds that are not known are left to whoever knows them. */
export function isEvent(value: unknown): value is Event {
  if (!isObject(value) || typeof value.e !== 'string') return false;
  if (typeof value.at !== 'number' || !(Math.abs(value.at) <= TIME_MAX)) return false;
  const isShaped = Object.hasOwn(SHAPES, value.e) ? SHAPES[value.e as Event['e']] : undefined;
  return isShaped === undefined || isShaped(value);
}
