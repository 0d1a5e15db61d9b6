/** A run's events as log lines: what is worth a line, how loud it is, and its words. */
import type { Event, EventOf } from '../events/event.js';
import type { Outcome } from '../model/outcome.js';
import { EXIT, type Stop } from '../model/stop.js';
import { formatCount } from '../text/format.js';

export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** One line of a log. `fields` are for a machine; the message stands alone. */
export type LogLine = {
  readonly level: Level;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
};

/** Tells a run's events one by one; undefined for one that is not worth a line. */
export type EventLogger = (event: Event) => LogLine | undefined;

/** A narrator remembers the names of the rows that are on their way, and no others. */
export function createEventLogger(): EventLogger {
  const names = new Map<string, string>();
  return (event) => {
    switch (event.e) {
      case 'run':
      case 'input':
      case 'kept':
      case 'listed':
      case 'end':
        return undefined;
      case 'listing':
        return listingLine(event);
      case 'attempt':
        names.set(event.key, event.name);
        return undefined;
      case 'reply':
        return event.againInMs === undefined ? undefined : retryLine(event, names.get(event.key));
      case 'settled':
        names.delete(event.key);
        return settledLine(event);
      case 'pace':
        return paceLine(event);
      case 'stop':
        return stopLine(event.stop);
    }
  };
}

function listingLine({ which, ok, groups, requests, why }: EventOf<'listing'>): LogLine | undefined {
  const fields = { which, groups, requests };
  if (why !== '') return { level: 'warn', message: why, fields };
  if (!ok) return { level: 'debug', message: `the ${which} listing broke off and begins again`, fields };
  const found = `${formatCount(groups, 'group')} on the account`;
  const when = which === 'baseline' ? 'before the first create' : 'to settle what was left open';
  return { level: 'debug', message: `${found}, listed ${when}`, fields };
}

function rowWords(line: number, name: string | undefined): string {
  return name === undefined ? `line ${line}` : `line ${line} "${name}"`;
}

function retryLine(event: EventOf<'reply'>, name: string | undefined): LogLine {
  const { line, http, code, message = '', trackingId, againInMs = 0 } = event;
  const said = message !== '' ? message : http === undefined ? 'no answer' : `HTTP ${http}`;
  return {
    level: 'debug',
    message: `${rowWords(line, name)}: ${said}; again in ${seconds(againInMs)}`,
    fields: { line, name, http, code, trackingId, waitMs: Math.round(againInMs) },
  };
}

function seconds(spanMs: number): string {
  return `${(spanMs / 1_000).toFixed(1)} s`;
}

/** Only what a person may have to act on is loud; what went well is there for who looks for it. */
const LEVELS: Readonly<Record<Outcome['status'], Level>> = {
  created: 'trace',
  'already-provisioned': 'trace',
  updated: 'trace',
  duplicate: 'trace',
  failed: 'error',
  unknown: 'warn',
  invalid: 'trace',
  'not-attempted': 'trace',
  deleted: 'trace',
  restored: 'trace',
  kept: 'warn',
};

function settledLine({ line, name, outcome }: EventOf<'settled'>): LogLine {
  const { status, detail, http, code, trackingId, groupId, attempts } = outcome;
  const why = detail === '' ? '' : `: ${detail}`;
  return {
    level: LEVELS[status],
    message: `${rowWords(line, name)} ${status}${why}`,
    fields: { line, name, status, http, code, trackingId, groupId, attempts },
  };
}

function paceLine({ perSecond, pauseMs, why }: EventOf<'pace'>): LogLine {
  const rate = Math.round(perSecond * 10) / 10;
  const fields = { perSecond: rate, pauseMs: Math.round(pauseMs) };
  // The bar shows how the rate grows back; a line for each step would only be noise.
  if (pauseMs === 0) return { level: 'debug', message: `${why}: ${rate}/s from now on`, fields };
  return { level: 'warn', message: `paused ${seconds(pauseMs)}: ${why}; then ${rate}/s`, fields };
}

function stopLine({ exit, reason, message, hint }: Stop): LogLine {
  // Whoever pressed Ctrl-C need not be alarmed by it.
  const asked = exit === EXIT.interrupt || exit === EXIT.terminate || exit === EXIT.hangup;
  const told = `${message.replace(/[.\s]+$/, '')}. ${hint}`;
  return { level: asked ? 'warn' : 'error', message: told.trim(), fields: { exit, reason } };
}
