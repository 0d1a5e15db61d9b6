/** From what was observed to a verdict for each check, the options that fit the account, and the exit code. */
import { APIS, type Api, DEFAULT_ACCOUNT_PLAN, DEFAULT_API } from '../model/choices.js';
import { EXIT, type ExitCode } from '../model/stop.js';
import { ACCOUNT_CHECKS, inferPlan } from './checks/account-checks.js';
import { API_CHECKS, bodyToFix } from './checks/api-checks.js';
import { type CheckResult, runChecks } from './checks/finding.js';
import { MACHINE_CHECKS } from './checks/machine-checks.js';
import { NETWORK_CHECKS } from './checks/network-checks.js';
import type { Observations } from './observe/observations.js';

export type Diagnosis = {
  readonly results: readonly CheckResult[];
  /** The options of `apply` that fit, as far as the defaults don't; absent if `apply` cannot work yet. */
  readonly suggestion?: readonly string[];
  readonly exit: {
    readonly code: ExitCode;
    readonly reason: string;
    readonly message: string;
    readonly hint?: string;
  };
};

/** @param trials what the checks of `--write` found */
export async function diagnose(
  observations: Observations,
  trials: readonly CheckResult[],
): Promise<Diagnosis> {
  const diagnosis = await conclude(observations, trials);
  if (observations.remaining.length === 0) return diagnosis;
  const message = `${diagnosis.exit.message}; temporary groups could not be deleted`;
  return {
    ...diagnosis,
    exit: { ...diagnosis.exit, code: EXIT.unprovisioned, reason: 'leftovers', message },
  };
}

async function conclude(observations: Observations, trials: readonly CheckResult[]): Promise<Diagnosis> {
  const ofAccount = [...NETWORK_CHECKS, ...ACCOUNT_CHECKS, ...MACHINE_CHECKS];
  const results = [...(await runChecks(ofAccount, observations))];
  for (const api of APIS) {
    const read = await runChecks(API_CHECKS, observations.groups[api], api);
    results.push(...read, ...trials.filter((result) => result.api === api));
  }
  const blockers = failuresOf(results, undefined);
  // In order of preference.
  const working = APIS.find((api) => isWorking(results, api));
  if (working === undefined || blockers.length > 0) return { results, exit: explain(results, blockers) };
  return {
    // What fails on the other API only is nothing that must be done.
    results: results.map((result) =>
      result.verdict === 'fail' && result.api !== working ? { ...result, verdict: 'warn' } : result,
    ),
    suggestion: suggest(observations, working),
    exit: { code: EXIT.ok, reason: 'ok', message: 'apply works on this account' },
  };
}

function isWorking(results: readonly CheckResult[], api: Api): boolean {
  const isAlive = results.some((one) => one.api === api && one.id === 'alive' && one.verdict === 'ok');
  return isAlive && failuresOf(results, api).length === 0;
}

/** @param api undefined for what is about the account or this machine */
function failuresOf(results: readonly CheckResult[], api: Api | undefined): readonly CheckResult[] {
  return results.filter((result) => result.api === api && result.verdict === 'fail');
}

/** Later, if time alone may help; else what must be done first. */
function explain(results: readonly CheckResult[], blockers: readonly CheckResult[]): Diagnosis['exit'] {
  const groups = blockers.length > 0 ? [blockers] : APIS.map((api) => failuresOf(results, api));
  const passing = groups.find((failures) => failures.every(({ later }) => later));
  const first = (passing ?? groups.flat()).find(({ later }) => passing || !later);
  return {
    code: passing ? EXIT.retryLater : EXIT.actionRequired,
    reason: first?.id ?? 'connection',
    message: first?.found ?? 'no answer came in time',
    ...(first?.todo === undefined ? {} : { hint: first.todo }),
  };
}

function suggest(observations: Observations, api: Api): readonly string[] {
  const plan = inferPlan(observations);
  const body = bodyToFix(observations.groups[api]);
  return [
    ...(api === DEFAULT_API ? [] : ['--api', api]),
    ...(plan === undefined || plan === DEFAULT_ACCOUNT_PLAN ? [] : ['--account-plan', plan]),
    ...(body === undefined ? [] : ['--body', body]),
  ];
}
