/** What every function of the library shares: its options, their checks, and a client for one run. */
import { clock } from '../engine/clock.js';
import { dryRun, provision as runJob } from '../engine/provision.js';
import type { Event } from '../events/event.js';
import { createRunState, type RunState } from '../events/run-state.js';
import type { PaceChange } from '../model/api.js';
import { RATE_LABELS, type RateLabel } from '../model/call.js';
import { ACCOUNT_PLANS, type AccountPlan, APIS, type Api, DEFAULT_ACCOUNT_PLAN } from '../model/choices.js';
import type { Outcome } from '../model/outcome.js';
import type { Status } from '../model/statuses.js';
import { createStop, FatalError, type Stop } from '../model/stop.js';
import { REQUESTS_PER_SECOND, ZOOM } from '../model/zoom-limits.js';
import { openLimiters } from '../rate-limit/limiter.js';
import { addResult, createTotals, toResult } from '../reporting/results.js';
import { concurrencyFor } from '../resilience/retry-policy.js';
import type { Resource, Step } from '../resources/resource.js';
import type { Problem } from '../validation/problem.js';
import { createRowValidator, type ValidatedRow } from '../validation/row.js';
import { openClient } from '../zoom/client.js';
import type { Credentials } from '../zoom/oauth.js';

/** Access to one account, and how a run on it behaves. Only the credentials are needed. */
export type AccountOptions = {
  readonly credentials: Credentials;
  /** Default `im`. */
  readonly api?: Api;
  /** The account's Zoom plan, which sets the rates. Default `pro`: 30 light requests/s. */
  readonly accountPlan?: AccountPlan;
  /** Requests/s for the writes, instead of the plan's. */
  readonly perSecond?: number;
  /** Requests in flight. Default: enough for the rate at one second of latency. */
  readonly concurrency?: number;
  /** Default Zoom's own; https, or http on loopback. */
  readonly baseUrl?: string;
  readonly tokenUrl?: string;
  /** Proxies, as URLs; the library does not read them from the environment. */
  readonly proxies?: { readonly httpProxy?: string; readonly httpsProxy?: string; readonly noProxy?: string };
  /** Failed rows after which no further one is started. */
  readonly maxFailures?: number;
  /** When it aborts, requests in flight are finished and nothing else is started; the result has a `stop`. */
  readonly signal?: AbortSignal;
  /** Receives every event as it happens; keep them to have a journal. If it throws, the run goes on. */
  readonly onEvent?: (event: Event) => void;
  /** Receives warnings, such as an error thrown by `onEvent`. */
  readonly onWarning?: (message: string) => void;
};

/** How one entry ended. */
export type Provisioned = {
  readonly name: string;
  readonly outcome: Outcome;
  /** A duplicate is as provisioned as the entry that it repeats. */
  readonly provisioned: boolean;
};

export type ProvisionResult = {
  /** One for each entry, in order. */
  readonly results: readonly Provisioned[];
  readonly counts: Readonly<Record<Status, number>>;
  /** Why the run ended early; undefined if it did not. */
  readonly stop: Stop | undefined;
  readonly state: RunState;
};

/** One or more entries are invalid; nothing was sent. */
export class InvalidDefinitionsError extends FatalError {
  /** `line` is the entry's place, from 1. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(({ line, message, value }) => `definition ${line}: ${message} (${value})`);
    super(createStop('problems', lines.join('\n'), 'Nothing was sent.'));
    this.name = 'InvalidDefinitionsError';
    this.problems = problems;
  }
}

/** Entries are validated as rows of a file are; their place in the list is their line. */
export async function validateEntries<Item, O extends object>(
  resource: Resource<Item, O>,
  resourceOptions: O,
  header: readonly string[],
  rows: Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>,
): Promise<readonly ValidatedRow<Item>[]> {
  const fields = new Map(header.map((word, index) => [word, { index, header: word }]));
  const columns = { fields, unused: [], needed: header.length, width: header.length };
  const validateRow = createRowValidator(columns, resource.input(resourceOptions));
  const validated: ValidatedRow<Item>[] = [];
  let line = 0;
  for await (const row of rows) {
    line += 1;
    validated.push(...validateRow({ line, cells: row.map((cell) => String(cell ?? '')), raw: '' }));
  }
  const problems = validated.flatMap((row) => (row.type === 'invalid' ? row.problems : []));
  if (problems.length > 0) throw new InvalidDefinitionsError(problems);
  return validated;
}

/** Runs validated rows to their end. */
export async function runRows<Item, O extends object>(
  resource: Resource<Item, O>,
  resourceOptions: O,
  rows: readonly ValidatedRow<Item>[],
  options: AccountOptions,
): Promise<ProvisionResult> {
  const { ports, session, state, close } = connect(resource, resourceOptions, rows, options);
  try {
    await runJob({
      ...ports,
      session,
      state,
      keep: () => undefined,
      onEvent: guardObserver(options),
      onLost: () => undefined,
      ...(options.maxFailures === undefined ? {} : { maxFailures: options.maxFailures }),
    });
  } finally {
    await close();
  }
  const totals = createTotals();
  const results = rows.map((row) => {
    const result = toResult(row, state);
    addResult(totals, result);
    return { name: result.name, outcome: result.outcome, provisioned: result.provisioned };
  });
  return { results, counts: totals.counts, stop: state.stop, state };
}

/** Sends no write: hands over what is known and what would be sent. */
export async function planRows<Item, O extends object>(
  resource: Resource<Item, O>,
  resourceOptions: O,
  rows: readonly ValidatedRow<Item>[],
  options: AccountOptions,
  observer: { readonly onEvent: (event: Event) => void; readonly onPlannedWrite: (step: Step) => void },
): Promise<void> {
  const { ports, session, close } = connect(resource, resourceOptions, rows, options);
  try {
    await dryRun({ ...ports, session, ...observer });
  } finally {
    await close();
  }
}

function connect<Item, O extends object>(
  resource: Resource<Item, O>,
  resourceOptions: O,
  rows: readonly ValidatedRow<Item>[],
  options: AccountOptions,
) {
  const { accountPlan = DEFAULT_ACCOUNT_PLAN, perSecond, concurrency } = options;
  const writeLabel = resource.writeLabel(resourceOptions);
  const rateFor = (label: RateLabel): number =>
    (label === writeLabel ? perSecond : undefined) ?? REQUESTS_PER_SECOND[label][accountPlan];
  const places = (label: RateLabel): number => concurrency ?? concurrencyFor(rateFor(label));
  let onPace: (change: PaceChange) => void = () => undefined;
  const warn = options.onWarning ?? (() => undefined);
  const client = openClient({
    credentials: options.credentials,
    baseUrl: options.baseUrl ?? ZOOM.baseUrl,
    tokenUrl: options.tokenUrl ?? ZOOM.tokenUrl,
    accountPlan,
    rateFor,
    usedToday: () => 0,
    scopes: resource.scopes(resourceOptions),
    connections: Math.max(...RATE_LABELS.map(places)),
    proxies: options.proxies ?? {},
    clock,
    onPace: (change) => onPace(change),
    warn,
    openLimiters: (account) =>
      openLimiters({ rateFor, account, onTrouble: warn, onRecovery: () => undefined }),
  });
  const state = createRunState();
  const session = resource.open({
    rows: async function* () {
      yield rows;
    },
    state,
    now: clock.now,
    options: resourceOptions,
  });
  const ports = {
    api: client.api,
    onPace: (listener: (change: PaceChange) => void) => {
      onPace = listener;
    },
    clock,
    random: Math.random,
    concurrencyFor: places,
    signal: options.signal ?? new AbortController().signal,
  };
  return { ports, session, state, close: () => client.close() };
}

/** An observer's error is the caller's bug, and no reason to leave groups half created. */
function guardObserver({ onEvent, onWarning }: AccountOptions): (event: Event) => void {
  return (event) => {
    try {
      onEvent?.(event);
    } catch (error) {
      onWarning?.(`onEvent failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
}

/** Exit 2 for a program: an argument is wrong, nothing was sent. */
export function argumentError(name: string, expected: string): FatalError {
  return new FatalError(createStop('usage', `${name} is not ${expected}`, 'Nothing was sent.'));
}

const CREDENTIALS: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['app', ['accountId', 'clientId', 'clientSecret']],
  ['token', ['token']],
]);

/** Callers without TypeScript find out here, not in the middle of a run. @throws FatalError */
export function checkAccountOptions(options: AccountOptions): void {
  const { credentials, api, accountPlan, perSecond, concurrency, maxFailures, signal } = options;
  const given: Readonly<Record<string, unknown>> = { ...credentials };
  const isComplete = CREDENTIALS.get(given.type)?.every((field) => {
    const value = given[field];
    return typeof value === 'string' && value !== '';
  });
  if (!isComplete) {
    const forms = [...CREDENTIALS].map(([type, fields]) => `{ type: '${type}', ${fields.join(', ')} }`);
    throw argumentError('credentials', forms.join(' or '));
  }
  if (api !== undefined && !APIS.includes(api)) throw argumentError('api', APIS.join(' or '));
  if (accountPlan !== undefined && !ACCOUNT_PLANS.includes(accountPlan)) {
    throw argumentError('accountPlan', ACCOUNT_PLANS.join(', '));
  }
  if (perSecond !== undefined && !(Number.isFinite(perSecond) && perSecond > 0)) {
    throw argumentError('perSecond', 'a number above 0');
  }
  for (const [name, value] of Object.entries({ concurrency, maxFailures })) {
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
      throw argumentError(name, 'a whole number above 0');
    }
  }
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw argumentError('signal', 'an AbortSignal');
  for (const name of ['onEvent', 'onWarning'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function') {
      throw argumentError(name, 'a function');
    }
  }
}

/** @throws FatalError if there are no options at all */
export function checkIsObject(options: unknown): void {
  if (typeof options !== 'object' || options === null)
    throw argumentError('the argument', 'an object of options');
}

/** @throws FatalError unless it can be iterated */
export function checkIterable(name: string, value: unknown): void {
  const isIterable =
    typeof value === 'object' &&
    value !== null &&
    (Symbol.iterator in value || Symbol.asyncIterator in value);
  if (!isIterable) throw argumentError(name, 'an iterable');
}
