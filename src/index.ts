/** The library: the same pipeline for a program. It never exits, prints, or reads the environment. */
import { clock } from './engine/clock.js';
import { dryRun, provision as runJob } from './engine/provision.js';
import type { Event } from './events/event.js';
import { createRunState, type RunState } from './events/run-state.js';
import type { PaceChange } from './model/api.js';
import { RATE_LABELS, type RateLabel } from './model/call.js';
import {
  ACCOUNT_PLANS,
  type AccountPlan,
  APIS,
  type Api,
  BODY_CHOICES,
  type BodyChoice,
  DEFAULT_ACCOUNT_PLAN,
  DEFAULT_API,
  DEFAULT_BODY,
} from './model/choices.js';
import type { Outcome } from './model/outcome.js';
import type { Status } from './model/statuses.js';
import { createStop, FatalError, type Stop, type StopReason } from './model/stop.js';
import { REQUESTS_PER_SECOND, ZOOM } from './model/zoom-limits.js';
import { openLimiters } from './rate-limit/limiter.js';
import { addResult, createTotals, toResult } from './reporting/results.js';
import { concurrencyFor } from './resilience/retry-policy.js';
import { type Definition, type GroupType, SETTINGS, type Settings } from './resources/groups/api/group.js';
import type { GroupItem } from './resources/groups/fields.js';
import { groups } from './resources/groups/groups.js';
import type { GroupsOptions } from './resources/groups/session.js';
import type { Session } from './resources/resource.js';
import type { Problem } from './validation/problem.js';
import { createRowValidator, type ValidatedRow } from './validation/row.js';
import { type Client, openClient } from './zoom/client.js';
import type { Credentials } from './zoom/oauth.js';

export type {
  AccountPlan,
  Credentials,
  Definition,
  Event,
  GroupType,
  Outcome,
  Problem,
  RateLabel,
  RunState,
  Settings,
  Status,
  Stop,
  StopReason,
};
export { FatalError };

/** What to provision, and where. Only the first two are needed. */
export type ProvisionOptions = {
  /** The groups, in order. All of them are validated before the first request. */
  readonly definitions: Iterable<Definition> | AsyncIterable<Definition>;
  readonly credentials: Credentials;
  /** Default `im`. */
  readonly api?: Api;
  /** The account's Zoom plan, which sets the rates. Default `pro`: 30 IM groups/s. */
  readonly accountPlan?: AccountPlan;
  /** Requests/s for the creates and updates, instead of the plan's. */
  readonly perSecond?: number;
  /** Groups in flight. Default: enough for the rate at one second of latency. */
  readonly concurrency?: number;
  /** Default `auto`: the first create settles which body format Zoom accepts. */
  readonly body?: BodyChoice;
  /** Default Zoom's own; https, or http on loopback. */
  readonly baseUrl?: string;
  readonly tokenUrl?: string;
  /** Proxies, as URLs; the library does not read them from the environment. */
  readonly proxies?: { readonly httpProxy?: string; readonly httpsProxy?: string; readonly noProxy?: string };
  /** Whether to list what exists before the first create. Default true; contact groups need it. */
  readonly listing?: boolean;
  /** Whether to change existing groups to the settings asked for. Default false. */
  readonly update?: boolean;
  /** Failed groups after which no further one is started. */
  readonly maxFailures?: number;
  /** When it aborts, requests in flight are finished and nothing else is started; the result has a `stop`. */
  readonly signal?: AbortSignal;
  /** Receives every event as it happens; keep them to have a journal. If it throws, the run goes on. */
  readonly onEvent?: (event: Event) => void;
  /** Receives warnings, such as an error thrown by `onEvent`. */
  readonly onWarning?: (message: string) => void;
};

/** How one definition ended. */
export type Provisioned = {
  readonly name: string;
  readonly outcome: Outcome;
  /** A duplicate is as provisioned as the definition that it repeats. */
  readonly provisioned: boolean;
};

export type ProvisionResult = {
  /** One for each definition, in order. */
  readonly results: readonly Provisioned[];
  readonly counts: Readonly<Record<Status, number>>;
  /** Why the run ended early; undefined if it did not. */
  readonly stop: Stop | undefined;
  readonly state: RunState;
};

/** What would be done for one definition. */
export type Planned = {
  readonly name: string;
  /** `none`: it exists already. */
  readonly action: 'create' | 'update' | 'none' | 'failed';
  readonly detail: string;
};

/** One or more definitions are invalid; nothing was sent. */
export class InvalidDefinitionsError extends FatalError {
  /** `line` is the definition's place, from 1. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(({ line, message, value }) => `definition ${line}: ${message} (${value})`);
    super(createStop('problems', lines.join('\n'), 'Nothing was sent.'));
    this.name = 'InvalidDefinitionsError';
    this.problems = problems;
  }
}

/**
 * Creates every group that does not exist yet, paced to the account's limit, and reports how each ended.
 * @throws InvalidDefinitionsError if a definition is invalid, FatalError if an option is wrong or an address is not
 * safe for a token: nothing was sent then
 */
export async function provision(options: ProvisionOptions): Promise<ProvisionResult> {
  const work = await prepare(options);
  const { rows, client, session, state, close } = work;
  try {
    await runJob({
      session,
      state,
      api: client.api,
      onPace: work.onPace,
      keep: () => undefined,
      onEvent: guardObserver(options),
      onLost: () => undefined,
      clock,
      random: Math.random,
      concurrencyFor: work.concurrencyFor,
      signal: options.signal ?? new AbortController().signal,
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

/**
 * What `provision` would do; sends no write.
 * @throws FatalError also if the existing groups cannot be listed
 */
export async function plan(options: Omit<ProvisionOptions, 'listing'>): Promise<readonly Planned[]> {
  const { client, session, rows, onPace, concurrencyFor: places, close } = await prepare(options, true);
  const planned = new Map<string, Planned>();
  try {
    await dryRun({
      session,
      api: client.api,
      onPace,
      clock,
      random: Math.random,
      concurrencyFor: places,
      signal: options.signal ?? new AbortController().signal,
      onEvent: (event) => {
        if (event.type !== 'known' && event.type !== 'reply') return;
        for (const { key, name, outcome } of event.outcomes ?? []) {
          const action = outcome.status === 'failed' ? 'failed' : 'none';
          planned.set(key, { name, action, detail: outcome.detail });
        }
      },
      onPlannedWrite: ({ operation, rows: refs, change = '' }) => {
        const action = operation === 'update' ? 'update' : 'create';
        for (const { key, name } of refs) planned.set(key, { name, action, detail: change });
      },
    });
  } finally {
    await close();
  }
  return rows.flatMap((row) => {
    const found = row.type === 'invalid' ? undefined : planned.get(row.key);
    return found
      ? [row.type === 'duplicate' ? ({ ...found, action: 'none', detail: 'duplicate' } as const) : found]
      : [];
  });
}

type Work = {
  readonly rows: readonly ValidatedRow<GroupItem>[];
  readonly client: Client;
  readonly session: Session;
  readonly state: RunState;
  readonly onPace: (listener: (change: PaceChange) => void) => void;
  readonly concurrencyFor: (label: RateLabel) => number;
  readonly close: () => Promise<void>;
};

async function prepare(options: ProvisionOptions, needsListing = false): Promise<Work> {
  checkOptions(options);
  const { api = DEFAULT_API, accountPlan = DEFAULT_ACCOUNT_PLAN, perSecond, concurrency } = options;
  const { update = false, body = DEFAULT_BODY, listing = true } = options;
  const resourceOptions: GroupsOptions = { api, update, body, listing, needsListing };
  const rows = await validate(options.definitions, resourceOptions);
  const writeLabel = groups.writeLabel(resourceOptions);
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
    scopes: groups.scopes(resourceOptions),
    connections: Math.max(...RATE_LABELS.map(places)),
    proxies: options.proxies ?? {},
    clock,
    onPace: (change) => onPace(change),
    warn,
    openLimiters: (account) =>
      openLimiters({ rateFor, account, onTrouble: warn, onRecovery: () => undefined }),
  });
  const state = createRunState();
  const session = groups.open({
    rows: async function* () {
      yield rows;
    },
    state,
    now: clock.now,
    options: resourceOptions,
  });
  return {
    rows,
    client,
    session,
    state,
    onPace: (listener) => {
      onPace = listener;
    },
    concurrencyFor: places,
    close: () => client.close(),
  };
}

/** An observer's error is the caller's bug, and no reason to leave groups half created. */
function guardObserver({ onEvent, onWarning }: ProvisionOptions): (event: Event) => void {
  return (event) => {
    try {
      onEvent?.(event);
    } catch (error) {
      onWarning?.(`onEvent failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
}

/** Callers without TypeScript find out here, not in the middle of a run. */
function checkOptions(options: ProvisionOptions): void {
  const { definitions, credentials, api, accountPlan, body, perSecond, concurrency, maxFailures } = options;
  const fail = (name: string, expected: string): never => {
    throw new FatalError(createStop('usage', `${name} is not ${expected}`, 'Nothing was sent.'));
  };
  const isIterable =
    typeof definitions === 'object' &&
    definitions !== null &&
    (Symbol.iterator in definitions || Symbol.asyncIterator in definitions);
  if (!isIterable) fail('definitions', 'an iterable of groups');
  const kind: unknown = credentials?.kind;
  if (kind !== 'app' && kind !== 'token') fail('credentials', "{ kind: 'app', … } or { kind: 'token', … }");
  if (api !== undefined && !APIS.includes(api)) fail('api', APIS.join(' or '));
  if (accountPlan !== undefined && !ACCOUNT_PLANS.includes(accountPlan))
    fail('accountPlan', ACCOUNT_PLANS.join(', '));
  if (body !== undefined && !BODY_CHOICES.includes(body)) fail('body', BODY_CHOICES.join(', '));
  if (api === 'contacts' && body === 'multipart') fail('body', "'json': contact groups take JSON only");
  for (const [name, value] of Object.entries({ perSecond, concurrency, maxFailures })) {
    if (value !== undefined && !(typeof value === 'number' && value > 0)) fail(name, 'a number above 0');
  }
}

/** Definitions are validated as rows of a file are; their place in the list is their line. */
async function validate(
  definitions: ProvisionOptions['definitions'],
  resourceOptions: GroupsOptions,
): Promise<readonly ValidatedRow<GroupItem>[]> {
  const header = ['name', ...SETTINGS.map(([, word]) => word)];
  const fields = new Map(header.map((word, index) => [word, { index, header: word }]));
  const columns = { fields, unused: [], needed: header.length, width: header.length };
  const validateRow = createRowValidator(columns, groups.input(resourceOptions));
  const rows: ValidatedRow<GroupItem>[] = [];
  let line = 0;
  for await (const definition of definitions) {
    line += 1;
    const given: Partial<Definition> =
      typeof definition === 'object' && definition !== null ? definition : {};
    const cells = [given.name ?? '', ...SETTINGS.map(([setting]) => given[setting] ?? '')].map(String);
    rows.push(...validateRow({ line, cells, raw: '' }));
  }
  const problems = rows.flatMap((row) => (row.type === 'invalid' ? row.problems : []));
  if (problems.length > 0) throw new InvalidDefinitionsError(problems);
  return rows;
}
