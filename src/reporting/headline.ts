/** What became of a run in one sentence: the page's headline, and the terminal's last word. */
import { EXIT } from '../model/stop.js';
import { formatCount, formatNumber } from '../text/format.js';
import type { Summary } from './results.js';

/** Why a run stopped, for each reason that the journal may name; a new one is told by its own slug. */
const STOPS: ReadonlyMap<string, string> = new Map([
  ['SIGHUP', 'its terminal went away'],
  ['SIGINT', 'it was interrupted from the keyboard'],
  ['SIGTERM', 'it was told to end'],
  ['aborted', 'the run was told to end'],
  ['all-refused', 'the first requests were all refused alike'],
  ['api-gone', "Zoom's IM-group calls are not to be had on this account"],
  ['cut-off', 'its process was killed'],
  ['credentials', 'Zoom refused the credentials'],
  ['daily-budget', "the plan's daily budget is spent"],
  ['daily-limit', "Zoom's daily limit is used up"],
  ['journal-unwritable', 'the journal could not be written'],
  ['listing-needed', 'the groups could not be listed'],
  ['max-failures', 'too many rows failed'],
  ['media-type', 'Zoom does not take this kind of request body'],
  ['method', 'the address does not take the call'],
  ['no-token', 'the token address gave no token'],
  ['outage', "Zoom's service was down"],
  ['paid-plan', 'Zoom asks for a paid plan'],
  ['permission', 'Zoom does not permit it'],
  ['redirect', "Zoom's address answered with a redirect"],
  ['scope-missing', 'the app lacks a scope'],
  ['tls', 'there was no trusted connection to Zoom'],
  ['token-refused', 'Zoom refused the access token'],
  ['unreachable', "Zoom can't be reached"],
  ['wrong-base-url', 'there is no such call at this address'],
]);

/** What to call each part of the whole, in the order in which it is told; undefined where there is nothing to tell. */
function partsOf({ counts }: Summary): readonly string[] {
  const {
    created,
    updated,
    duplicate,
    failed,
    unknown,
    invalid,
    deleted = 0,
    restored = 0,
    kept = 0,
  } = counts;
  const there = counts['already-provisioned'];
  const waiting = counts['not-attempted'];
  const parts: readonly (readonly [number, string])[] = [
    [created, `${formatNumber(created)} created`],
    [updated, `${formatNumber(updated)} updated`],
    [deleted, `${formatNumber(deleted)} deleted`],
    [restored, `${formatNumber(restored)} restored`],
    [there, `${formatNumber(there)} ${there === 1 ? 'was' : 'were'} there already`],
    [duplicate, formatCount(duplicate, 'duplicate')],
    [kept, `${formatNumber(kept)} kept`],
    [failed, `${formatNumber(failed)} failed`],
    [invalid, `${formatNumber(invalid)} invalid`],
    [unknown, `${formatNumber(unknown)} unknown`],
    [waiting, `${formatNumber(waiting)} not attempted`],
  ];
  return parts.filter(([n]) => n > 0).map(([, words]) => words);
}

/** Whether the counts are those of a rollback, whose rows are taken back instead of provisioned. */
export function isRollback({ counts }: Summary): boolean {
  const { deleted = 0, restored = 0, kept = 0 } = counts;
  return deleted + restored + kept > 0;
}

/** The run in one sentence; a simulated one says so. */
export function formatHeadline(summary: Summary): string {
  const { exit, input, not_provisioned: missing, counts } = summary;
  const simulated = summary.simulated ? ' (simulated)' : '';
  // Of several runs in one report: what is there is provisioned, and something is not there.
  if (missing === 0 && exit.code === EXIT.unprovisioned)
    return `Not one whole file${simulated}: ${[exit.reason, ...partsOf(summary)].join(', ')}.`;
  if (input.rows === 0) return `The file has no rows, so there was nothing to do${simulated}.`;
  const state = isRollback(summary) ? 'taken back' : 'provisioned';
  const parts = partsOf(summary).join(', ');
  if (missing === 0) {
    const whole = input.rows === 1 ? 'The one row is' : `All ${formatNumber(input.rows)} rows are`;
    return `${whole} ${state}${simulated}: ${parts}.`;
  }
  const waiting = counts['not-attempted'];
  if (exit.code !== EXIT.ok && exit.code !== EXIT.unprovisioned) {
    const why = STOPS.get(exit.reason) ?? exit.reason.replaceAll('-', ' ');
    const wait = `${formatCount(waiting, 'row')} ${waiting === 1 ? 'waits' : 'wait'}`;
    const others = partsOf({ ...summary, counts: { ...counts, 'not-attempted': 0 } });
    return `Stopped${simulated}: ${why}; ${[...(waiting > 0 ? [wait] : []), ...others].join(', ')}.`;
  }
  const share = `${formatNumber(missing)} of ${formatCount(input.rows, 'row')}`;
  return `${share} ${missing === 1 ? 'is' : 'are'} not ${state}${simulated}: ${parts}.`;
}
