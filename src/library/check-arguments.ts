/** Callers without TypeScript find out here that an argument is wrong, not in the middle of a run. */
import { ACCOUNT_PLANS, APIS } from '../model/choices.js';
import { createStop, FatalError } from '../model/stop.js';

type Check = { readonly isRight: (value: unknown) => boolean; readonly expected: string };

export function oneOf(choices: readonly unknown[]): Check {
  return { isRight: (value) => choices.includes(value), expected: choices.join(' or ') };
}

const COUNT: Check = {
  isRight: (value) => Number.isInteger(value) && Number(value) > 0,
  expected: 'a whole number above 0',
};

const FUNCTION: Check = { isRight: (value) => typeof value === 'function', expected: 'a function' };

/** What may be absent, whatever is provisioned. */
const OPTIONAL: Readonly<Record<string, Check>> = {
  api: oneOf(APIS),
  accountPlan: oneOf(ACCOUNT_PLANS),
  perSecond: {
    isRight: (value) => Number.isFinite(value) && Number(value) > 0,
    expected: 'a number above 0',
  },
  concurrency: COUNT,
  maxFailures: COUNT,
  signal: { isRight: (value) => value instanceof AbortSignal, expected: 'an AbortSignal' },
  onEvent: FUNCTION,
  onWarning: FUNCTION,
};

const CREDENTIALS: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['app', ['accountId', 'clientId', 'clientSecret']],
  ['token', ['token']],
]);

const FORMS: readonly string[] = [...CREDENTIALS].map(
  ([type, fields]) => `{ type: '${type}', ${fields.join(', ')} }`,
);

/**
 * @param entries the property that holds what is provisioned
 * @param optional what may be absent, besides what every call may leave out
 * @throws FatalError (exit 2) that names the first argument that is wrong
 */
export function checkArguments(
  options: object,
  entries: string,
  optional: Readonly<Record<string, Check>>,
): void {
  if (!isObject(options)) throw argumentError('the argument', 'an object of options');
  if (!isIterable(options[entries])) throw argumentError(entries, 'an iterable');
  if (!areCredentials(options.credentials)) throw argumentError('credentials', FORMS.join(' or '));
  for (const [name, { isRight, expected }] of Object.entries({ ...OPTIONAL, ...optional })) {
    const value = options[name];
    if (value !== undefined && !isRight(value)) throw argumentError(name, expected);
  }
}

/** Exit 2 for a program: nothing was sent. */
export function argumentError(name: string, expected: string): FatalError {
  return new FatalError(createStop('usage', `${name} is not ${expected}`, 'Nothing was sent.'));
}

function areCredentials(value: unknown): boolean {
  if (!isObject(value)) return false;
  const fields = CREDENTIALS.get(value.type);
  return fields?.every((field) => typeof value[field] === 'string' && value[field] !== '') ?? false;
}

function isIterable(value: unknown): boolean {
  return isObject(value) && (Symbol.iterator in value || Symbol.asyncIterator in value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
