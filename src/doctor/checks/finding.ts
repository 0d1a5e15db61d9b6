/** What a check concludes. Everything but `words` is free of names, addresses and secrets, and may be sent in. */

export type Verdict = 'ok' | 'warn' | 'fail' | 'unknown';

export type Answer = string | number | boolean | null | { readonly [name: string]: Answer };

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

type Rest = Omit<Finding, 'verdict' | 'found' | 'todo'>;

export function ok(found: string, rest: Rest = {}): Finding {
  return { verdict: 'ok', found, ...rest };
}

export function warn(found: string, todo: string, rest: Rest = {}): Finding {
  return { verdict: 'warn', found, ...(todo === '' ? {} : { todo }), ...rest };
}

export function fail(found: string, todo: string, rest: Rest = {}): Finding {
  return { verdict: 'fail', found, todo, ...rest };
}

export function unknown(found: string, todo = '', rest: Rest = {}): Finding {
  return { verdict: 'unknown', found, ...(todo === '' ? {} : { todo }), ...rest };
}
