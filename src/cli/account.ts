/** The account that a command works on: Zoom's, with credentials, or the stand-in's, made for the occasion. */

import type { Turns } from '../engine/ports.js';
import { usageError } from '../model/outcome.js';
import { pacer } from '../rate-limit/limiter.js';
import { MARGIN } from '../resilience/run-policy.js';
import type { Group } from '../resources/groups/group.js';
import type { SimulatedGroup, Simulator } from '../simulator/server.js';
import { type Client, openClient } from '../zoom/client.js';
import { readZoomEnvironment, type ZoomEnvironment } from './credentials.js';
import type { Options } from './options.js';

export type Account = Omit<Client, 'account' | 'origin'> & {
  readonly turns: Turns;
  readonly simulated: boolean;
  /** What stands for the account where runs on it exclude each other; undefined for the stand-in. */
  readonly lockScope: { readonly origin: string; readonly account: string } | undefined;
};

type Warn = (message: string) => void;

export type ConnectOptions = {
  /** Groups that the stand-in is to have besides its own, so that a simulated run can go on. */
  readonly known?: readonly Group[];
  /** Whether the command creates or changes groups. */
  readonly writes?: boolean;
};

/**
 * Opens the account that the options and the environment name.
 * @throws FatalError (exit 2) with neither credentials nor --simulate
 */
export async function connect(options: Options, warn: Warn, opening: ConnectOptions = {}): Promise<Account> {
  if (options.simulate) {
    const simulator = await startConfiguredSimulator(options, opening.known ?? []);
    const { baseUrl, tokenUrl, credentials } = simulator;
    const zoom = { baseUrl, tokenUrl, credentials: { kind: 'app', ...credentials } as const, warnings: [] };
    return open(options, zoom, opening, warn, simulator);
  }
  const zoom = readZoomEnvironment(options.config);
  zoom.warnings.forEach(warn);
  return open(options, zoom, opening, warn, undefined);
}

/** Starts the stand-in as the options want it. @throws FatalError (exit 2) for a fault that it does not know */
export async function startConfiguredSimulator(
  options: Options,
  known: readonly Group[],
): Promise<Simulator> {
  // Only who simulates pays for loading it.
  const { DEFAULT_GROUPS, startSimulator } = await import('../simulator/server.js');
  const { accountPlan, fault, latency, dailyLimit, port, seed } = options;
  try {
    return await startSimulator({
      accountPlan,
      groups: [...DEFAULT_GROUPS, ...known.map(simulated)],
      ...(fault ? { faults: fault } : {}),
      ...(latency === undefined ? {} : { latencyMs: latency }),
      ...(dailyLimit === undefined ? {} : { dailyLimit }),
      ...(port === undefined ? {} : { port }),
      ...(seed === undefined ? {} : { seed }),
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usageError(`the stand-in can't start: ${why}`, 'See zoom-im-groups simulate --help.');
  }
}

function simulated(group: Group): SimulatedGroup {
  const { id, name, type, searchByDomain, searchByAccount, searchByMaAccount, description } = group;
  return {
    id,
    name,
    ...(type === undefined ? {} : { type }),
    ...(searchByDomain === undefined ? {} : { search_by_domain: searchByDomain }),
    ...(searchByAccount === undefined ? {} : { search_by_account: searchByAccount }),
    ...(searchByMaAccount === undefined ? {} : { search_by_ma_account: searchByMaAccount }),
    ...(description === undefined ? {} : { description }),
  };
}

async function open(
  options: Options,
  { credentials, baseUrl, tokenUrl }: ZoomEnvironment,
  { writes = false }: ConnectOptions,
  warn: Warn,
  simulator: Simulator | undefined,
): Promise<Account> {
  if (!credentials) {
    throw usageError(
      'no credentials for Zoom',
      'Set ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET (or ZOOM_ACCESS_TOKEN), in the environment or in a --config file, as the README explains; or try it with --simulate.',
    );
  }
  const { api = 'im', accountPlan, rate: perSecond, concurrency } = options;
  const body = options.body === 'json' ? 'json' : 'multipart';
  const client = openClient({
    credentials,
    baseUrl,
    tokenUrl,
    api,
    accountPlan,
    perSecond,
    concurrency,
    body,
    writes,
  });
  const { account, origin, target } = client;
  const { turns, closeTurns } = await openTurns(
    options,
    `${origin} ${api} ${account}`,
    target.perSecond,
    warn,
  );
  return {
    ...client,
    turns,
    simulated: simulator !== undefined,
    secrets: () => [...client.secrets(), ...passwordIn(options.sharedLimit)],
    lockScope: simulator ? undefined : { origin, account },
    close: async () => {
      await Promise.all([client.close(), closeTurns()]);
      await simulator?.close();
    },
  };
}

async function openTurns(
  { sharedLimit }: Options,
  /** Whoever names the same shares one limit: each API has its own. */
  account: string,
  perSecond: number,
  warn: Warn,
): Promise<{ turns: Turns; closeTurns: () => Promise<void> }> {
  const pace = { perSecond, marginMs: MARGIN.startMs };
  if (sharedLimit === undefined) {
    const turns = pacer(pace);
    return { turns, closeTurns: () => turns.close() };
  }
  const { sharedPacer } = await import('../rate-limit/redis-session.js');
  const onBack = (): void => warn('the shared limit is back');
  const turns = await sharedPacer({ ...pace, url: sharedLimit, account, onTrouble: warn, onBack });
  return { turns, closeTurns: () => turns.close() };
}

function passwordIn(url: string | undefined): readonly string[] {
  if (url === undefined || !URL.canParse(url)) return [];
  const { password } = new URL(url);
  return password === '' ? [] : [password, decodeURIComponent(password)];
}
