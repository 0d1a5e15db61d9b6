/** The account that a command works on: Zoom's, with credentials, or the simulator's, started for this command. */

import { clock } from '../engine/clock.js';
import type { Job } from '../engine/provision.js';
import type { Target } from '../events/event.js';
import { countSentToday, type RunState } from '../events/run-state.js';
import type { ObserveResponse } from '../model/api.js';
import type { RateLabel } from '../model/call.js';
import type { Api } from '../model/choices.js';
import { usageError } from '../model/stop.js';
import { SETTINGS } from '../resources/groups/api/group.js';
import { parseFingerprint } from '../resources/groups/fields.js';
import type { SimulatedGroup, Simulator } from '../simulator/server.js';
import { acquireLock, type Lock, type LockScope } from '../storage/lock.js';
import { openClient } from '../zoom/client.js';
import type { Credentials } from '../zoom/oauth.js';
import type { TokenGrant } from '../zoom/token-request.js';
import { readZoomEnvironment } from './options/credentials.js';
import { findStateFolder, readProxies } from './options/environment.js';
import type { Options } from './options/options.js';

export type Account = {
  /** What the engine needs of it, besides the work itself. */
  readonly ports: Pick<Job, 'api' | 'onPace' | 'clock' | 'random' | 'concurrencyFor' | 'signal'>;
  readonly warn: (message: string) => void;
  readonly target: Target;
  /** Requests/s of a label: the plan's, or those of `--rate`. */
  readonly rateFor: (label: RateLabel) => number;
  readonly simulated: boolean;
  /** What must never be shown. */
  readonly secrets: () => readonly string[];
  /** Stands for the account in a journal; absent if a token does not name it. */
  readonly accountMark?: string;
  /** What runs on this account exclude each other by; undefined for the simulator. */
  readonly lockScope: LockScope | undefined;
  /** What Zoom said of the newest token; undefined if none was requested. */
  readonly lastGrant: () => TokenGrant | undefined;
  readonly credentials: Credentials['type'];
  /** For messages: `account 1a2b at api.zoom.us`. */
  readonly description: string;
  /** May be called twice. */
  readonly close: () => Promise<void>;
};

export type Connection = {
  readonly api: Api;
  /** The label of the command's writes: what `--rate` is about. */
  readonly writeLabel: RateLabel;
  /** Each list needs one of its scopes. */
  readonly scopes: readonly (readonly string[])[];
  /** The run that is resumed; it was made on this account, and what it sent today counts in the day's quota. */
  readonly resumed?: RunState | undefined;
  /** The run that is undone; it was made on this account too. */
  readonly undone?: RunState | undefined;
  /** Sees every response. */
  readonly onResponse?: ObserveResponse;
  /** For a whole exchange, instead of the default. */
  readonly deadlineMs?: number;
};

/**
 * Connects to the account that the options and the environment name. Nothing is sent yet.
 * @throws FatalError (exit 2) with neither credentials nor --simulate, or if a run was made on another account
 */
export async function connect(
  options: Options,
  { api, writeLabel, scopes, resumed, undone, onResponse, deadlineMs }: Connection,
  warn: (message: string) => void,
  signal: AbortSignal,
): Promise<Account> {
  const { accountPlan, rate: perSecond, concurrency, sharedLimit } = options;
  const before = (undone ?? resumed)?.runs ?? [];
  const orElse = undone ? '' : ', or begin a new run without --resume';
  refuseOtherPlace(before, options, orElse);
  const simulator = options.simulate
    ? await startConfiguredSimulator(options, findCreatedGroups(undone ?? resumed))
    : undefined;
  const { credentials, baseUrl, tokenUrl } = simulator
    ? { ...simulator, credentials: { type: 'app', ...simulator.credentials } as const }
    : readZoomEnvironment(options.config, warn);
  const client = openClient({
    credentials,
    baseUrl,
    tokenUrl,
    accountPlan,
    writeLabel,
    perSecond,
    concurrency,
    sharedLimit,
    usedToday: (label) => (resumed ? countSentToday(resumed, label, clock.now()) : 0),
    scopes,
    proxies: simulator ? {} : readProxies(),
    clock,
    onResponse,
    deadlineMs,
    warn,
  });
  if (!simulator) refuseOtherAccount(before, baseUrl, client.accountMark, orElse);
  const { account, accountMark, origin, onPace, rateFor, concurrencyFor } = client;
  return {
    ports: { api: client.api, onPace, clock, random: Math.random, concurrencyFor, signal },
    warn,
    target: { baseUrl, api, accountPlan, perSecond: rateFor(writeLabel) },
    rateFor,
    simulated: simulator !== undefined,
    secrets: client.secrets,
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

/** @param orElse what a user can do who does not want to use the same place */
function refuseOtherPlace(runs: RunState['runs'], { simulate = false }: Options, orElse: string): void {
  const wasSimulated = runs.at(-1)?.simulated ?? simulate;
  if (wasSimulated === simulate) return;
  throw usageError(
    simulate ? 'this run was not simulated' : 'this run was simulated: nothing of it exists in Zoom',
    `${simulate ? 'Leave out' : 'Add'} --simulate${orElse}.`,
  );
}

function refuseOtherAccount(
  runs: RunState['runs'],
  baseUrl: string,
  mark: string | undefined,
  orElse: string,
): void {
  const address = runs.at(-1)?.target.baseUrl ?? baseUrl;
  if (address !== baseUrl) {
    const hint = `Set ZOOM_BASE_URL=${address}${orElse}.`;
    throw usageError(`this run was made at ${address}, not at ${baseUrl}`, hint);
  }
  const known = runs.find(({ account }) => account !== undefined)?.account;
  if (known === undefined || mark === undefined || known === mark) return;
  throw usageError(
    'this run was made on another Zoom account than that of the credentials',
    `Use the credentials of that account${orElse}.`,
  );
}

/**
 * Locks the account for one process, if it is no simulator.
 * @param folder for other processes: where the owner of the lock works
 * @throws FatalError: exit 5 while another process holds it, exit 6 if no lock can be written; the signal's reason
 */
export async function lockAccount(
  { lockScope, ports }: Account,
  command: string,
  folder: string,
  options: Options,
): Promise<Lock | undefined> {
  if (!lockScope) return undefined;
  const wait = { waitMs: (options.lockTimeout ?? 0) * 1000, stateFolder: findStateFolder(options) };
  return acquireLock(lockScope, { command, folder }, wait, ports.signal);
}

/** Starts the simulator as the options want it. @throws FatalError (exit 2) for a fault that it does not know */
export async function startConfiguredSimulator(
  { accountPlan, fault, latency, dailyLimit, port, seed }: Options,
  knownGroups: readonly SimulatedGroup[] = [],
): Promise<Simulator> {
  // Only commands that simulate pay for loading it.
  const { DEFAULT_GROUPS, startSimulator } = await import('../simulator/server.js');
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

/** An account id is no secret, but its first characters are enough to recognise it. */
function describeAccount(origin: string, accountId: string | undefined): string {
  const { host } = new URL(origin);
  return accountId === undefined ? host : `account ${accountId.slice(0, 6)}… at ${host}`;
}

/** What a run created in the simulator of an earlier process, which the next one knows nothing of. */
function findCreatedGroups(state: RunState | undefined): readonly SimulatedGroup[] {
  return [...(state?.rows.values() ?? [])].flatMap(({ effects = [] }) => {
    const created = effects.find(({ operation }) => operation === 'create');
    const id = created?.ids.groupId;
    if (!created || id === undefined) return [];
    const settings = parseFingerprint(created.fingerprint);
    const given = SETTINGS.filter(([setting]) => settings[setting] !== undefined);
    const fields = Object.fromEntries(given.map(([setting, word]) => [word, settings[setting]]));
    return [{ id, name: created.name, ...fields }];
  });
}
