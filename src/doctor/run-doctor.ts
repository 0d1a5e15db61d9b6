/** The course of `doctor`: look, on request try, clean up whatever happens, conclude. */
import { randomBytes } from 'node:crypto';
import { APIS, type Api } from '../model/choices.js';
import { GROUPS_APIS } from '../resources/groups/api/groups-apis.js';
import type { DoctorRecord, RecordedGroup } from '../storage/doctor-record.js';
import { type CheckResult, runChecks } from './checks/finding.js';
import { MEMBER_CHECKS, openMemberTrial } from './checks/member-checks.js';
import { openTrial } from './checks/trial.js';
import { WRITE_CHECKS } from './checks/write-checks.js';
import { type Diagnosis, diagnose } from './diagnose.js';
import { findPerson } from './observe/find-person.js';
import { deleteLeftovers, findLeftovers } from './observe/leftovers.js';
import { type MachineObservation, type Observations, observeAccount } from './observe/observations.js';
import type { Requests } from './observe/requests.js';
import { TemporaryGroups } from './observe/temporary-groups.js';

export type DoctorOptions = {
  /** Its signal ends the diagnosis; temporary groups are deleted all the same. */
  readonly requests: Requests;
  /** Asked for at the end of the reading: then the token is known. */
  readonly machine: () => MachineObservation;
  readonly record: DoctorRecord;
  /** Absent: only reads are sent. */
  readonly write?: {
    /** The e-mail address of a user to try memberships with. */
    readonly member?: string;
    readonly onProgress: (text: string) => void;
  };
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
  const { requests, record, write } = options;
  const reading = limitTime(requests, options.readingMs ?? READING_MS);
  const account = await observeAccount(reading);
  const leftovers = await findLeftovers(reading, account.groups, record);
  const observations: Observations = {
    ...account,
    responses: requests.responses,
    machine: options.machine(),
    leftovers,
    remaining: [],
  };
  if (!write) return diagnose(observations, []);
  const remainingLeftovers = await deleteLeftovers(requests, leftovers, record);
  return tryWrites({ ...observations, leftovers: remainingLeftovers }, options, write);
}

function limitTime(requests: Requests, ms: number): Requests {
  return requests.endedBy(AbortSignal.any([requests.signal, AbortSignal.timeout(ms)]));
}

async function tryWrites(
  observations: Observations,
  { requests, record }: DoctorOptions,
  { member, onProgress }: NonNullable<DoctorOptions['write']>,
): Promise<Diagnosis> {
  // Part of the temporary groups' names.
  const runId = randomBytes(4).toString('hex');
  const groups = { ...observations.groups };
  const remaining: RecordedGroup[] = [];
  const results: CheckResult[] = [];
  const trying = limitTime(requests, TRIALS_MS);
  const isAlive = (api: Api): boolean => groups[api].list.type === 'success';
  const person = member === undefined ? undefined : await findPerson(trying, member);
  for (const api of APIS) {
    if (!isAlive(api) || requests.signal.aborted) continue;
    onProgress(`trying ${GROUPS_APIS[api].noun}, on temporary groups`);
    const temporary = new TemporaryGroups(GROUPS_APIS[api], record, runId);
    try {
      const { bodies, trial } = await openTrial(trying, temporary, isAlive('im'));
      groups[api] = { ...groups[api], bodies, ...(trial ? { created: trial } : {}) };
      if (!trial) continue;
      results.push(...(await runChecks(WRITE_CHECKS, trial, api)));
      const memberTrial = person && (await openMemberTrial(trial, person));
      if (memberTrial) results.push(...(await runChecks(MEMBER_CHECKS, memberTrial, api)));
    } finally {
      onProgress('deleting the temporary groups');
      const limitMs = requests.signal.aborted ? CLEAN_UP_AFTER_SIGNAL_MS : CLEAN_UP_MS;
      // Of its own, so that a signal does not end it.
      remaining.push(...(await temporary.cleanUp(requests.endedBy(AbortSignal.timeout(limitMs)))));
    }
  }
  return diagnose({ ...observations, groups, remaining }, results);
}
