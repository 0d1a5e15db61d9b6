/** The account that a command works on: Zoom's, with credentials, or the simulator's, started for this command. */

import { clock } from '../engine/clock.js';
import type { Job } from '../engine/provision.js';
import type { Target } from '../events/event.js';
import type { ApiClient, ObserveResponse, PaceChange } from '../model/api.js';
import { RATE_LABELS, type RateLabel } from '../model/call.js';
import type { Api } from '../model/choices.js';
import { usageError } from '../model/stop.js';
import { REQUESTS_PER_SECOND } from '../model/zoom-limits.js';
import { openLimiters } from '../rate-limit/limiter.js';
import { concurrencyFor } from '../resilience/retry-policy.js';
import type { SimulatedGroup, Simulator } from '../simulator/server.js';
import type { LockScope } from '../storage/lock.js';
import { findUrlSecrets } from '../text/redact.js';
import { openClient } from '../zoom/client.js';
import type { TokenGrant } from '../zoom/token-request.js';
import { readZoomEnvironment, type ZoomEnvironment } from './options/credentials.js';
import { readProxies } from './options/environment.js';
import type { Options } from './options/options.js';

export type Account = {
  readonly api: ApiClient;
  /** Registers the one listener for changes of speed. */
  readonly onPace: (listener: (change: PaceChange) => void) => void;
  readonly target: Target;
  /** Requests/s of a label: the plan's, or those of `--rate`. */
  readonly rateFor: (label: RateLabel) => number;
  readonly concurrencyFor: (label: RateLabel) => number;
  readonly simulated: boolean;
  /** What must never be shown. */
  readonly secrets: () => readonly string[];
  /** Stands for the account in a journal; absent if a token does not name it. */
  readonly accountMark?: string;
  /** What runs on this account exclude each other by; undefined for the simulator. */
  readonly lockScope: LockScope | undefined;
  /** What Zoom said of the newest token; undefined if none was requested. */
  readonly lastGrant: () => TokenGrant | undefined;
  /** Whether the credentials are a token that was made elsewhere, or those of an app. */
  readonly credentials: 'token' | 'app';
  /** For messages: `account 1a2b at api.zoom.us`. */
  readonly description: string;
  readonly close: () => Promise<void>;
};

export type ConnectOptions = {
  readonly api: Api;
  /** The label of the command's writes: what `--rate` is about. */
  readonly writeLabel: RateLabel;
  /** Each list needs one of its scopes. */
  readonly scopes: readonly (readonly string[])[];
  readonly warn: (message: string) => void;
  /** Requests of that label that this run sent today already. */
  readonly usedToday?: (label: RateLabel) => number;
  /** Groups that the simulator has besides its own, so that a simulated run can be resumed. */
  readonly knownGroups?: readonly SimulatedGroup[];
  /** Sees every response. */
  readonly onResponse?: ObserveResponse;
  /** For a whole exchange, instead of the default. */
  readonly deadlineMs?: number;
};

/**
 * Connects to the account that the options and the environment name. Nothing is sent yet.
 * @throws FatalError (exit 2) with neither credentials nor --simulate
 */
export async function connect(options: Options, connection: ConnectOptions): Promise<Account> {
  if (options.simulate) {
    const simulator = await startConfiguredSimulator(options, connection.knownGroups ?? []);
    const { baseUrl, tokenUrl, credentials } = simulator;
    const zoom = { baseUrl, tokenUrl, credentials: { type: 'app', ...credentials } as const, warnings: [] };
    return open(options, zoom, connection, simulator);
  }
  const zoom = readZoomEnvironment(options.config);
  zoom.warnings.forEach(connection.warn);
  return open(options, zoom, connection, undefined);
}

/** Starts the simulator as the options want it. @throws FatalError (exit 2) for a fault that it does not know */
export async function startConfiguredSimulator(
  options: Options,
  knownGroups: readonly SimulatedGroup[],
): Promise<Simulator> {
  // Only commands that simulate pay for loading it.
  const { DEFAULT_GROUPS, startSimulator } = await import('../simulator/server.js');
  const { accountPlan, fault, latency, dailyLimit, port, seed } = options;
  try {
    return await startSimulator({
      accountPlan,
      groups: [...DEFAULT_GROUPS, ...knownGroups],
      ...(fault ? { faults: fault } : {}),
      ...(latency === undefined ? {} : { latencyMs: latency }),
      ...(dailyLimit === undefined ? {} : { dailyLimit }),
      ...(port === undefined ? {} : { port }),
      ...(seed === undefined ? {} : { seed }),
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw usageError(`the simulator cannot start: ${reason}`, 'See zoom-im-groups simulate --help.');
  }
}

async function open(
  options: Options,
  { credentials, baseUrl, tokenUrl }: ZoomEnvironment,
  { api, writeLabel, scopes, warn, usedToday, onResponse, deadlineMs }: ConnectOptions,
  simulator: Simulator | undefined,
): Promise<Account> {
  if (!credentials) {
    throw usageError(
      'no credentials for Zoom',
      'Set ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET (or ZOOM_ACCESS_TOKEN) in the environment or in a --config file, as the README explains under Setup; or try it with --simulate.',
    );
  }
  const { accountPlan, rate, concurrency, sharedLimit } = options;
  const rateFor = (label: RateLabel): number =>
    (label === writeLabel ? rate : undefined) ?? REQUESTS_PER_SECOND[label][accountPlan];
  const places = (label: RateLabel): number => concurrency ?? concurrencyFor(rateFor(label));
  let onPace: (change: PaceChange) => void = () => undefined;
  const client = openClient({
    credentials,
    baseUrl,
    tokenUrl,
    accountPlan,
    rateFor,
    usedToday: usedToday ?? (() => 0),
    scopes,
    connections: Math.max(...RATE_LABELS.map(places)),
    proxies: simulator ? {} : readProxies(),
    clock,
    onPace: (change) => onPace(change),
    ...(onResponse === undefined ? {} : { onResponse }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    warn,
    openLimiters: (account) =>
      openLimiters({
        rateFor,
        account,
        ...(sharedLimit === undefined ? {} : { sharedLimit }),
        onTrouble: warn,
        onRecovery: () => warn('the shared limit is available again'),
      }),
  });
  const { account, accountMark, origin } = client;
  return {
    api: client.api,
    onPace: (listener) => {
      onPace = listener;
    },
    target: { baseUrl, api, accountPlan, perSecond: rateFor(writeLabel) },
    rateFor,
    concurrencyFor: places,
    simulated: simulator !== undefined,
    secrets: () => [...client.secrets(), ...findSecrets(sharedLimit)],
    ...(accountMark === undefined ? {} : { accountMark }),
    lockScope: simulator ? undefined : { origin, account },
    lastGrant: client.lastGrant,
    credentials: credentials.type,
    description: simulator ? 'the simulator' : describeAccount(origin, client.accountId),
    close: async () => {
      await client.close();
      await simulator?.close();
    },
  };
}

/** An account id is no secret, but its first characters are enough to recognise it. */
function describeAccount(origin: string, accountId: string | undefined): string {
  const { host } = new URL(origin);
  return accountId === undefined ? host : `account ${accountId.slice(0, 6)}… at ${host}`;
}

function findSecrets(url: string | undefined): readonly string[] {
  return url === undefined || !URL.canParse(url) ? [] : findUrlSecrets(new URL(url));
}

/** What the engine needs of an account, besides the work itself. */
export function toEnginePorts({
  api,
  onPace,
  concurrencyFor: places,
}: Account): Pick<Job, 'api' | 'onPace' | 'clock' | 'random' | 'concurrencyFor'> {
  return { api, onPace, clock, random: Math.random, concurrencyFor: places };
}
