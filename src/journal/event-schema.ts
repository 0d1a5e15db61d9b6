/** Checks whether a line of a journal is an event: the file may have been edited, or cut off by a crash. */
import { type Event, SCHEMA_VERSION } from '../events/event.js';
import { RATE_LABELS } from '../model/call.js';
import { ACCOUNT_PLANS, APIS } from '../model/choices.js';
import { STATUS_NAMES } from '../model/statuses.js';
import { STOP_REASONS } from '../model/stop.js';

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isBoolean: Check = (value) => typeof value === 'boolean';
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isOneOf =
  (values: readonly string[]): Check =>
  (value) =>
    values.some((one) => one === value);
const isAbsentOr =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const isMapOf =
  (check: Check): Check =>
  (value) =>
    isObject(value) && Object.values(value).every(check);
/** An object in which every named field passes its check; other fields are ignored. */
const hasFields =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) && Object.entries(checks).every(([field, check]) => check(value[field]));

const isLabel = isOneOf(RATE_LABELS);

/** The largest time of a Date, in ms (ECMA-262, "Time Values and Time Range"). */
const TIME_MAX = 8.64e15;
const isTime: Check = (value) => isNumber(value) && Math.abs(Number(value)) <= TIME_MAX;

const isDialect = hasFields({
  encoding: isText,
  delimiter: isText,
  map: isMapOf(isText),
  shard: isAbsentOr(isText),
});

const ROW_REF = { key: isText, fingerprint: isText, name: isText, line: isCount };

const isOutcome = hasFields({
  status: isOneOf(STATUS_NAMES),
  detail: isText,
  ids: isAbsentOr(isMapOf(isText)),
  httpStatus: isAbsentOr(isNumber),
  code: isAbsentOr(isNumber),
  trackingId: isAbsentOr(isText),
});

const isOutcomes = isAbsentOr(isListOf(hasFields({ ...ROW_REF, outcome: isOutcome })));
const isNotes = isAbsentOr(isListOf(isObject));

const isReply = hasFields({
  type: isText,
  ambiguous: isAbsentOr(isBoolean),
  httpStatus: isAbsentOr(isNumber),
  code: isAbsentOr(isNumber),
  message: isAbsentOr(isText),
  trackingId: isAbsentOr(isText),
});

const isStop = hasFields({
  exit: isCount,
  reason: isOneOf(STOP_REASONS),
  message: isText,
  hint: isText,
});

const isRun = hasFields({
  schemaVersion: (value) => value === SCHEMA_VERSION,
  runId: isText,
  toolVersion: isText,
  command: isOneOf(['apply', 'members', 'rollback']),
  resumed: isBoolean,
  simulated: isBoolean,
  input: hasFields({ path: isText, sha256: isText, rows: isCount, items: isCount, isClean: isBoolean }),
  target: hasFields({
    baseUrl: isText,
    api: isOneOf(APIS),
    accountPlan: isOneOf(ACCOUNT_PLANS),
    perSecond: isNumber,
  }),
  shape: hasFields({ resource: isText, options: isObject, skipInvalid: isBoolean, dialect: isDialect }),
  account: isAbsentOr(isText),
});

const SCHEMAS: Readonly<Record<Event['type'], Check>> = {
  // A header of a newer schema needs its version only, so that the message can name it.
  run: (event) =>
    isObject(event) &&
    isCount(event.schemaVersion) &&
    (Number(event.schemaVersion) > SCHEMA_VERSION || isRun(event)),
  input: hasFields({ text: isText, base64: isAbsentOr(isBoolean) }),
  'input-complete': () => true,
  attempt: hasFields({
    step: isCount,
    n: isCount,
    operation: isText,
    label: isLabel,
    effect: isOneOf(['read', 'write']),
    rows: isListOf(hasFields(ROW_REF)),
    note: isAbsentOr(isObject),
  }),
  reply: hasFields({
    step: isCount,
    n: isCount,
    label: isLabel,
    reply: isReply,
    retryInMs: isAbsentOr(isNumber),
    outcomes: isOutcomes,
    notes: isNotes,
  }),
  known: hasFields({ outcomes: isOutcomes, notes: isNotes }),
  warning: hasFields({ message: isText }),
  pace: hasFields({ label: isLabel, perSecond: isNumber, pauseMs: isNumber, reason: isText }),
  stop: hasFields({ stop: isStop }),
  end: hasFields({ exit: isCount, reason: isText }),
};

/** Whether a value is an event of this schema, or the header of a newer one. */
export function isEvent(value: unknown): value is Event {
  if (!isObject(value) || !isText(value.type) || !isTime(value.at)) return false;
  return Object.hasOwn(SCHEMAS, String(value.type)) && SCHEMAS[value.type as Event['type']](value);
}
