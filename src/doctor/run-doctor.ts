/** The course of `doctor`: look, on request try, clean up whatever happens, conclude. */
import type { Api } from '../model/choices.js';
import { GROUPS_APIS } from '../resources/groups/api/groups-apis.js';
import type { DoctorRecord } from '../storage/doctor-record.js';
import { type Diagnosis, diagnose } from './diagnose.js';
import { deleteLeftovers, findLeftovers } from './observe/leftovers.js';
import { findPerson } from './observe/member-trials.js';
import { type MachineObservation, type Observations, observeAccount } from './observe/observations.js';
import type { Requests } from './observe/requests.js';
import { type Remaining, TemporaryGroups } from './observe/temporary-groups.js';
import { TrialRun, type Trials } from './observe/trials.js';

export type DoctorOptions = {
  readonly requests: Requests;
  /** Asked for at the end of the reading: then the token is known. */
  readonly machine: () => MachineObservation;
  readonly record: DoctorRecord;
  /** Absent: only reads are sent. */
  readonly write?: {
    /** Part of the temporary groups' names: unique. */
    readonly runId: string;
    /** The e-mail address of a user to try memberships with. */
    readonly member?: string;
    /** Says what is being done. */
    readonly onProgress: (text: string) => void;
  };
  /** Ends the diagnosis; temporary groups are deleted all the same. */
  readonly signal: AbortSignal;
  /** After so long, what has not been read stays unknown. Default 18 s. */
  readonly readingMs?: number;
};

/** With one exchange of 8 s, that is half a minute. */
const READING_MS = 18_000;
const TRIALS_MS = 180_000;

/** The grace after a signal is 30 s. */
const CLEAN_UP_MS = 60_000;
const CLEAN_UP_AFTER_SIGNAL_MS = 25_000;

export async function runDoctor(options: DoctorOptions): Promise<Diagnosis> {
  const { requests, record, write, signal } = options;
  const reading = AbortSignal.any([signal, AbortSignal.timeout(options.readingMs ?? READING_MS)]);
  const { groups, users, planUsage } = await observeAccount(requests, reading);
  const found = await findLeftovers(requests, groups, record.left, reading);
  const observations: Observations = {
    groups,
    users,
    planUsage,
    responses: requests.responses,
    machine: options.machine(),
    leftovers: found,
    remaining: [],
  };
  if (!write) return diagnose(observations);
  const leftovers = await deleteLeftovers(requests, found, (key) => record.forget(key), signal);
  return diagnose({ ...observations, leftovers, ...(await tryWrites(options, observations, write)) });
}

async function tryWrites(
  { requests, record, signal }: DoctorOptions,
  { groups }: Observations,
  { runId, member, onProgress }: NonNullable<DoctorOptions['write']>,
): Promise<Pick<Observations, 'groups' | 'remaining'>> {
  const remaining: Remaining[] = [];
  const trials: Partial<Record<Api, Trials>> = {};
  const ending = AbortSignal.any([signal, AbortSignal.timeout(TRIALS_MS)]);
  const isAlive = (api: Api): boolean => groups[api].list.type === 'success';
  const person = member === undefined ? undefined : await findPerson(requests, member, ending);
  for (const api of [GROUPS_APIS.im, GROUPS_APIS.contacts]) {
    if (!isAlive(api.name) || signal.aborted) continue;
    onProgress(`trying ${api.noun}, on temporary groups`);
    const temporary = new TemporaryGroups(api, requests, record, runId);
    try {
      const run = new TrialRun(temporary, requests, `${runId}${api.name === 'im' ? 'i' : 'c'}`, ending);
      trials[api.name] = await run.run(isAlive('im'), person);
    } finally {
      onProgress('deleting the temporary groups');
      const limitMs = signal.aborted ? CLEAN_UP_AFTER_SIGNAL_MS : CLEAN_UP_MS;
      // Of its own, so that a signal does not end it.
      remaining.push(...(await temporary.cleanUp(AbortSignal.timeout(limitMs))));
    }
  }
  const add = (api: Api): Observations['groups'][Api] => {
    const done = trials[api];
    return done ? { ...groups[api], trials: done } : groups[api];
  };
  return { groups: { im: add('im'), contacts: add('contacts') }, remaining };
}
