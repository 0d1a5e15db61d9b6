/** What a check is, and what it concludes. */
import type { Api } from '../../model/choices.js';
import { describeStatus, mayWorkLater, type Outcome } from '../observe/requests.js';

export type Verdict = 'ok' | 'warn' | 'fail' | 'unknown';

export type Answer = string | number | boolean | null | { readonly [name: string]: Answer };

/** Everything but `words` is free of names, addresses and secrets, and may be sent in. */
export type Finding = {
  readonly verdict: Verdict;
  /** In our own words. */
  readonly found: string;
  /** What the user does about it. */
  readonly todo?: string;
  /** Zoom's or the system's own words, which may name anything: for the terminal only. */
  readonly words?: string;
  /** The fact itself, for a program. */
  readonly answer?: Answer;
  /** A failure that may be over later. */
  readonly later?: true;
};

export type Check<Subject> = {
  readonly id: string;
  /** The API that it is for; of two, it is for both. */
  readonly only?: Api;
  /**
   * What the code takes for true of what Zoom's documents leave open, until the check shows otherwise. The comment at
   * the place that would change names the check.
   */
  readonly assumes?: string;
  /** Undefined: there is nothing to say. Some send requests of their own. */
  readonly judge: (subject: Subject) => Finding | undefined | Promise<Finding | undefined>;
};

export type CheckResult = Finding & {
  readonly id: string;
  /** Absent for what is about the account or this machine. */
  readonly api?: Api;
  readonly assumes?: string;
};

/** Runs the checks one after the other. @param api absent for what is about the account or this machine */
export async function runChecks<Subject>(
  checks: readonly Check<Subject>[],
  subject: Subject,
  api?: Api,
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { id, only = api, assumes, judge } of checks) {
    const finding = only === api ? await judge(subject) : undefined;
    const about = { id, ...(api ? { api } : {}), ...(assumes === undefined ? {} : { assumes }) };
    if (finding) results.push({ ...about, ...finding });
  }
  return results;
}

type Rest = Omit<Finding, 'verdict' | 'found'>;

export function ok(found: string, rest: Rest = {}): Finding {
  return { verdict: 'ok', found, ...rest };
}

export function warn(found: string, todo: string, rest: Rest = {}): Finding {
  return { verdict: 'warn', found, todo, ...rest };
}

export function fail(found: string, todo: string, rest: Rest = {}): Finding {
  return { verdict: 'fail', found, todo, ...rest };
}

export function unknown(found: string, rest: Rest = {}): Finding {
  return { verdict: 'unknown', found, ...rest };
}

/** For an outcome that is neither yes nor no. */
export function unclear(outcome: Outcome): Finding {
  return unknown(`no clear answer (${describeStatus(outcome)})`, { words: outcome.message });
}

/** Undefined for a yes or a no. */
export function unsettled(outcome: Outcome): Finding | undefined {
  return mayWorkLater(outcome) || outcome.type === 'unauthorized' ? unclear(outcome) : undefined;
}

export const SEND_IN = 'Please send in what doctor --json prints.';

/** What the user does after a refusal. @param scopes one of them is enough */
export function remedyFor({ stop }: Outcome, scopes: readonly string[]): string {
  if (stop?.reason === 'scope-missing') return `Add to the app, under Scopes: ${scopes.join(' or ')}.`;
  return stop?.hint ?? SEND_IN;
}
