/** The library: the same pipeline for a program. It never exits, prints, or reads the environment. */

import { clock } from './engine/clock.js';
import { provision as runJob } from './engine/provision.js';
import type { Event, Target } from './events/event.js';
import { createRunState, type RunState } from './events/run-state.js';
import { FatalError, type Outcome, type Status, type Stop, usageError } from './model/outcome.js';
import { pacer } from './rate-limit/limiter.js';
import { addResult, createTotals, toResult } from './reporting/results.js';
import { ZOOM } from './resilience/retry-policy.js';
import { MARGIN } from './resilience/run-policy.js';
import {
  type Definition,
  type Group,
  type GroupType,
  SETTINGS,
  type Settings,
} from './resources/groups/group.js';
import { plan } from './resources/groups/plan.js';
import { mapHeader } from './validation/header.js';
import type { Problem } from './validation/problem.js';
import { createRowValidator, type ValidatedRow } from './validation/row.js';
import { openClient } from './zoom/client.js';
import type { Credentials } from './zoom/oauth.js';

export type {
  Credentials,
  Definition,
  Event,
  Group,
  GroupType,
  Outcome,
  Problem,
  RunState,
  Settings,
  Status,
  Stop,
};
export { FatalError };

/** What to provision, and where. Only the first two are needed. */
export type ProvisionOptions = {
  /** The groups, in order. They are all checked before the first request. */
  readonly definitions: Iterable<Definition> | AsyncIterable<Definition>;
  readonly credentials: Credentials;
  /** Default `im`. */
  readonly api?: Target['api'];
  /** The account's Zoom plan, which sets the rate. Default `pro`: 30 a second. */
  readonly accountPlan?: Target['accountPlan'];
  /** Requests a second, instead of the plan's. */
  readonly perSecond?: number;
  /** Rows in flight. Default: enough for the rate at one second of latency. */
  readonly concurrency?: number;
  readonly body?: 'multipart' | 'json';
  /** Default Zoom's own; https, or http on this machine. */
  readonly baseUrl?: string;
  readonly tokenUrl?: string;
  /** Whether to list what exists before the first create. Default true. */
  readonly baseline?: boolean;
  /** Whether to bring existing groups to the settings asked for. Default false. */
  readonly update?: boolean;
  /** Failed groups after which no further one is started. */
  readonly maxFailures?: number;
  /** When it aborts, requests in flight are finished and nothing else is begun. */
  readonly signal?: AbortSignal;
  /** Told of every event as it happens; keep them to have a journal. */
  readonly onEvent?: (event: Event) => void;
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
  /** Why the run ended before its definitions did; undefined where it did not. */
  readonly stop: Stop | undefined;
  readonly history: RunState;
};

/**
 * Creates every group that is not there yet, paced to the account's limit, and says of each how it ended.
 * @throws FatalError when a definition is wrong or an address is not safe for a token: nothing was sent then
 */
export async function provision(options: ProvisionOptions): Promise<ProvisionResult> {
  const rows = await check(options.definitions, options.api ?? 'im');
  const client = openClient({
    ...ZOOM,
    api: 'im',
    accountPlan: 'pro',
    body: 'multipart',
    ...options,
    writes: true,
  });
  const turns = pacer({ perSecond: client.target.perSecond, marginMs: MARGIN.startMs });
  const history = createRunState();
  try {
    await runJob({
      ...client,
      turns,
      history,
      rows: async function* () {
        yield rows;
      },
      plan: (row, now) => plan(row, { now, history, update: options.update ?? false }),
      keep: () => undefined,
      onEvent: (event) => options.onEvent?.(event),
      onLost: () => undefined,
      clock,
      dice: Math.random,
      perSecond: client.target.perSecond,
      accountPlan: client.target.accountPlan,
      baseline: options.baseline ?? true,
      needsListing: client.target.api === 'contacts' ? 'contact groups may share a name' : undefined,
      signal: options.signal ?? new AbortController().signal,
      ...(options.maxFailures === undefined ? {} : { maxFailures: options.maxFailures }),
    });
  } finally {
    await Promise.all([client.close(), turns.close()]);
  }
  const tally = createTotals();
  const results = rows.map((row) => {
    const result = toResult(row, history);
    addResult(tally, result);
    return { name: result.name, outcome: result.outcome, provisioned: result.provisioned };
  });
  return { results, counts: tally.counts, stop: history.stop, history };
}

/** Definitions are checked as rows of a file are; their place in the list is their line. */
async function check(
  definitions: ProvisionOptions['definitions'],
  api: Target['api'],
): Promise<readonly ValidatedRow[]> {
  const header = ['name', ...SETTINGS.map(([, word]) => word)];
  const read = mapHeader(header, 0, {}, api);
  if ('problems' in read) throw new Error('our own columns are wrong');
  const checkRow = createRowValidator(read.columns);
  const rows: ValidatedRow[] = [];
  for await (const definition of definitions) {
    const cells = [definition.name, ...SETTINGS.map(([setting]) => String(definition[setting] ?? ''))];
    rows.push(checkRow({ line: rows.length + 1, cells, raw: '' }));
  }
  const problems = rows.flatMap((row) => (row.kind === 'invalid' ? row.problems : []));
  if (problems.length === 0) return rows;
  const told = problems.map((problem) => `definition ${problem.line}: ${problem.message} (${problem.value})`);
  throw usageError(told.join('\n'), 'Nothing was sent.');
}
