/** Runs `doctor` against a simulator, through the real request path. */

import type { Diagnosis } from '../../src/doctor/diagnose.js';
import type { MachineObservation } from '../../src/doctor/observe/observations.js';
import { Requests } from '../../src/doctor/observe/requests.js';
import { runDoctor } from '../../src/doctor/run-doctor.js';
import { clock } from '../../src/engine/clock.js';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.js';
import { createMemoryRecord, type DoctorRecord } from '../../src/storage/doctor-record.js';
import { openClient } from '../../src/zoom/client.js';
import type { Credentials } from '../../src/zoom/oauth.js';

export type DoctorRun = { readonly diagnosis: Diagnosis; readonly zoom: Simulator };

export type DoctorSetup = {
  readonly simulator?: SimulatorOptions;
  readonly write?: boolean;
  readonly member?: string;
  readonly record?: DoctorRecord;
  readonly machine?: Partial<MachineObservation>;
  readonly credentials?: (zoom: Simulator) => Credentials;
  readonly baseUrl?: (zoom: Simulator) => string;
  readonly signal?: AbortSignal;
  readonly readingMs?: number;
  /** Does not wait: the waits of retries and of looking for a group cost nothing. */
  readonly isHasty?: boolean;
  /** How far this machine's wall clock is ahead. */
  readonly clockAheadMs?: number;
  readonly onStart?: (zoom: Simulator) => void;
};

/** One diagnosis; the simulator is closed at its end. */
export async function diagnoseSimulator(setup: DoctorSetup = {}): Promise<DoctorRun> {
  const zoom = await startSimulator({ latencyMs: 0, ...setup.simulator });
  setup.onStart?.(zoom);
  const { accountId, clientId, clientSecret } = zoom.credentials;
  const real = { ...clock, now: () => Date.now() + (setup.clockAheadMs ?? 0) };
  const time = setup.isHasty ? { ...real, sleep: async () => undefined } : real;
  const baseUrl = setup.baseUrl?.(zoom) ?? zoom.baseUrl;
  const client = openClient({
    credentials: setup.credentials?.(zoom) ?? { type: 'app', accountId, clientId, clientSecret },
    baseUrl,
    tokenUrl: zoom.tokenUrl,
    proxies: {},
    accountPlan: setup.simulator?.accountPlan ?? 'pro',
    writeLabel: 'light',
    scopes: [],
    clock: time,
    warn: () => undefined,
    deadlineMs: 2_000,
    onResponse: (_, response) => void requests.responses.push(response),
  });
  const requests = new Requests({
    api: client.api,
    clock: time,
    signal: setup.signal ?? new AbortController().signal,
  });
  try {
    const diagnosis = await runDoctor({
      requests,
      machine: () => {
        const grant = client.lastGrant();
        return {
          simulated: false,
          accountPlan: 'pro',
          credentials: 'app',
          ...(grant ? { grant } : {}),
          baseUrl,
          usesProxy: false,
          hasExtraCertificates: false,
          ...setup.machine,
        };
      },
      record: setup.record ?? createMemoryRecord(),
      ...(setup.write
        ? {
            write: {
              onProgress: () => undefined,
              ...(setup.member === undefined ? {} : { member: setup.member }),
            },
          }
        : {}),
      ...(setup.readingMs === undefined ? {} : { readingMs: setup.readingMs }),
    });
    return { diagnosis, zoom };
  } finally {
    await client.close();
    await zoom.close();
  }
}

/** `ok`, `warn` …, by check: `token-life`, `im.listing`. */
export function verdicts({ results }: Diagnosis): Readonly<Record<string, string>> {
  return Object.fromEntries(
    results.map(({ id, api, verdict }) => [api === undefined ? id : `${api}.${id}`, verdict]),
  );
}
