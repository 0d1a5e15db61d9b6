/** From what was observed to a verdict for each check, the options that fit the account, and the exit code. */
import { type AccountPlan, type Api, type BodyFormat, DEFAULT_ACCOUNT_PLAN } from '../model/choices.js';
import { EXIT, type ExitCode } from '../model/stop.js';
import { inferPlan } from './checks/account-checks.js';
import { CHECKS, type Check, type Fact } from './checks/checks.js';
import type { Finding } from './checks/finding.js';
import { bodyToFix } from './checks/write-checks.js';
import type { Observations } from './observe/observations.js';

export type CheckResult = Finding & {
  readonly id: string;
  /** Absent for what is about the account or this machine. */
  readonly api?: Api;
  readonly fact?: Fact;
};

/** The options that fit; each is absent if the default does. */
export type Suggestion = {
  readonly api?: Api;
  readonly accountPlan?: AccountPlan;
  readonly body?: BodyFormat;
};

export type Diagnosis = {
  readonly results: readonly CheckResult[];
  /** Absent if `apply` cannot work yet. */
  readonly suggestion?: Suggestion;
  readonly exit: {
    readonly code: ExitCode;
    readonly reason: string;
    readonly message: string;
    readonly hint?: string;
  };
};

/** In order of preference. */
const APIS: readonly Api[] = ['im', 'contacts'];

export function diagnose(observations: Observations): Diagnosis {
  const diagnosis = conclude(observations);
  if (observations.remaining.length === 0) return diagnosis;
  const message = `${diagnosis.exit.message}; temporary groups could not be deleted`;
  return {
    ...diagnosis,
    exit: { ...diagnosis.exit, code: EXIT.unprovisioned, reason: 'leftovers', message },
  };
}

function conclude(observations: Observations): Diagnosis {
  const results = [
    ...CHECKS.flatMap((check): readonly CheckResult[] =>
      check.scope === 'account' ? toResults(check, check.judge(observations)) : [],
    ),
    ...APIS.flatMap((api) => judgeApi(observations, api)),
  ];
  const blockers = results.filter(({ api, verdict }) => api === undefined && verdict === 'fail');
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

function judgeApi({ groups }: Observations, api: Api): readonly CheckResult[] {
  return CHECKS.flatMap((check) => {
    if (check.scope === 'account' || (check.only ?? api) !== api) return [];
    return toResults(check, check.judge(groups[api])).map((result) => ({ ...result, api }));
  });
}

function toResults({ id, fact }: Check, finding: Finding | undefined): readonly CheckResult[] {
  return finding ? [{ id, ...(fact ? { fact } : {}), ...finding }] : [];
}

function isWorking(results: readonly CheckResult[], api: Api): boolean {
  const own = results.filter((result) => result.api === api);
  return own.some(({ id, verdict }) => id === 'alive' && verdict === 'ok') && !own.some(isFailed);
}

function isFailed({ verdict }: CheckResult): boolean {
  return verdict === 'fail';
}

/** Later, if time alone may help; else what must be done first. */
function explain(results: readonly CheckResult[], blockers: readonly CheckResult[]): Diagnosis['exit'] {
  const groups = blockers.length > 0 ? [blockers] : APIS.map((api) => failuresOf(results, api));
  const passing = groups.find((failures) => failures.every(({ later }) => later));
  const code = passing ? EXIT.retryLater : EXIT.actionRequired;
  const first = (passing ?? groups.flat()).find(({ later }) => passing || !later);
  return {
    code,
    reason: first?.id ?? 'connection',
    message: first?.found ?? 'no answer came in time',
    ...(first?.todo === undefined ? {} : { hint: first.todo }),
  };
}

function failuresOf(results: readonly CheckResult[], api: Api): readonly CheckResult[] {
  return results.filter((result) => result.api === api && isFailed(result));
}

function suggest(observations: Observations, api: Api): Suggestion {
  const plan = inferPlan(observations);
  const body = bodyToFix(observations.groups[api]);
  return {
    ...(api === 'im' ? {} : { api }),
    ...(plan === undefined || plan === DEFAULT_ACCOUNT_PLAN ? {} : { accountPlan: plan }),
    ...(body === undefined ? {} : { body }),
  };
}
