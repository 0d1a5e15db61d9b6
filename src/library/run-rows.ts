/** What every function of the library shares: its options, its results, and a client for one run. */
import { clock } from '../engine/clock.js';
import { type DryRun, dryRun, provision as runJob } from '../engine/provision.js';
import type { Event } from '../events/event.js';
import { createRunState, type RunState } from '../events/run-state.js';
import { type AccountPlan, type Api, DEFAULT_ACCOUNT_PLAN } from '../model/choices.js';
import type { Outcome } from '../model/outcome.js';
import type { Status } from '../model/statuses.js';
import { createStop, FatalError, type Stop } from '../model/stop.js';
import { ZOOM } from '../model/zoom-limits.js';
import { addResult, createTotals, toResult } from '../reporting/results.js';
import type { Resource } from '../resources/resource.js';
import type { Problem } from '../validation/problem.js';
import { createRowValidator, type ValidatedRow } from '../validation/row.js';
import { openClient } from '../zoom/client.js';
import type { ProxySettings } from '../zoom/http-client.js';
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
  readonly proxies?: ProxySettings;
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
export async function validateEntries<Entry extends object>(
  resource: Resource,
  resourceOptions: object,
  entries: Iterable<Entry> | AsyncIterable<Entry>,
  /** Each property of an entry, with the word that the header of a file has for it. */
  properties: readonly (readonly [keyof Entry & string, string])[],
): Promise<readonly ValidatedRow[]> {
  const { length } = properties;
  const fields = new Map(properties.map(([, word], index) => [word, { index, header: word }]));
  const columns = { fields, unused: [], needed: length, width: length };
  const validateRow = createRowValidator(columns, resource.input(resourceOptions));
  const validated: ValidatedRow[] = [];
  let line = 0;
  for await (const entry of entries) {
    line += 1;
    // A caller without TypeScript may hand in anything.
    const given: Partial<Entry> = typeof entry === 'object' && entry !== null ? entry : {};
    const cells = properties.map(([property]) => String(given[property] ?? ''));
    validated.push(...validateRow({ line, cells, raw: '' }));
  }
  const problems = validated.flatMap((row) => (row.type === 'invalid' ? row.problems : []));
  if (problems.length > 0) throw new InvalidDefinitionsError(problems);
  return validated;
}

/** What is to be done on one account. */
export type Work = {
  readonly resource: Resource;
  readonly resourceOptions: object;
  readonly rows: readonly ValidatedRow[];
  readonly options: AccountOptions;
};

/** Runs validated rows to their end. */
export async function runRows(work: Work): Promise<ProvisionResult> {
  const state = createRunState();
  const { maxFailures } = work.options;
  await withJob(work, state, (job) =>
    runJob({
      ...job,
      state,
      keep: () => undefined,
      onEvent: guardObserver(work.options),
      onLost: () => undefined,
      ...(maxFailures === undefined ? {} : { maxFailures }),
    }),
  );
  const totals = createTotals();
  const results = work.rows.map((row) => {
    const result = toResult(row, state);
    addResult(totals, result);
    return { name: result.name, outcome: result.outcome, provisioned: result.provisioned };
  });
  return { results, counts: totals.counts, stop: state.stop, state };
}

/** Sends no write: hands over what is known and what would be sent. */
export async function planRows(
  work: Work,
  observer: Pick<DryRun, 'onEvent' | 'onPlannedWrite'>,
): Promise<void> {
  await withJob(work, createRunState(), (job) => dryRun({ ...job, ...observer }));
}

/** Opens a client and a session for the work, and closes the client after it. */
async function withJob(
  { resource, resourceOptions, rows, options }: Work,
  state: RunState,
  perform: (job: Omit<DryRun, 'onEvent' | 'onPlannedWrite'>) => Promise<void>,
): Promise<void> {
  const { credentials, perSecond, concurrency, signal = new AbortController().signal } = options;
  const { api, onPace, concurrencyFor, close } = openClient({
    credentials,
    baseUrl: options.baseUrl ?? ZOOM.baseUrl,
    tokenUrl: options.tokenUrl ?? ZOOM.tokenUrl,
    accountPlan: options.accountPlan ?? DEFAULT_ACCOUNT_PLAN,
    writeLabel: resource.writeLabel(resourceOptions),
    perSecond,
    concurrency,
    scopes: resource.scopes(resourceOptions),
    proxies: options.proxies ?? {},
    clock,
    warn: options.onWarning ?? (() => undefined),
  });
  const session = resource.open({
    rows: async function* () {
      yield rows;
    },
    state,
    now: clock.now,
    options: resourceOptions,
  });
  try {
    await perform({ session, api, onPace, concurrencyFor, clock, random: Math.random, signal });
  } finally {
    await close();
  }
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
