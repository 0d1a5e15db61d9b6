/** A run's events as log lines: which ones get a line, at which level, and its words. */
import type { Event, EventOf } from '../events/event.js';
import { EXIT, type Stop } from '../model/outcome.js';
import { STATUSES } from '../model/statuses.js';
import { formatCount, formatShortDuration } from '../text/format.js';

export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** The message is complete by itself; `fields` are for programs that read the log. */
export type LogLine = {
  readonly level: Level;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
};

/** Formats one event after the other; undefined for one that gets no line. */
export type EventLogger = (event: Event) => LogLine | undefined;

/** Remembers the names of the rows in flight, since a reply carries none. */
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

function listingLine({ which, ok, groups, requests, why }: EventOf<'listing'>): LogLine {
  const fields = { which, groups, requests };
  if (why !== '') return { level: 'warn', message: why, fields };
  if (!ok) return { level: 'debug', message: `the ${which} listing was cut off and starts over`, fields };
  const purpose = which === 'baseline' ? 'before the first create' : 'to verify the rows in doubt';
  return { level: 'debug', message: `listed ${formatCount(groups, 'existing group')} ${purpose}`, fields };
}

function formatRow(line: number, name: string | undefined): string {
  return name === undefined ? `line ${line}` : `line ${line} "${name}"`;
}

function retryLine(event: EventOf<'reply'>, name: string | undefined): LogLine {
  const { line, http, code, message = '', trackingId, againInMs = 0 } = event;
  const response = message !== '' ? message : http === undefined ? 'no response' : `HTTP ${http}`;
  return {
    level: 'debug',
    message: `${formatRow(line, name)}: ${response}; retrying in ${formatShortDuration(againInMs)}`,
    fields: { line, name, http, code, trackingId, waitMs: Math.round(againInMs) },
  };
}

function settledLine({ line, name, outcome }: EventOf<'settled'>): LogLine {
  const { status, detail, http, code, trackingId, groupId, attempts } = outcome;
  const reason = detail === '' ? '' : `: ${detail}`;
  return {
    level: STATUSES[status].logLevel,
    message: `${formatRow(line, name)} ${status}${reason}`,
    fields: { line, name, status, http, code, trackingId, groupId, attempts },
  };
}

function paceLine({ perSecond, pauseMs, why }: EventOf<'pace'>): LogLine {
  const rate = Math.round(perSecond * 10) / 10;
  const fields = { perSecond: rate, pauseMs: Math.round(pauseMs) };
  // The progress bar shows how the rate grows back; a line for each step would be noise.
  if (pauseMs === 0) return { level: 'debug', message: `${why}: the rate is now ${rate}/s`, fields };
  const message = `pausing for ${formatShortDuration(pauseMs)}: ${why}; then ${rate}/s`;
  return { level: 'warn', message, fields };
}

function stopLine({ exit, reason, message, hint }: Stop): LogLine {
  // A user who pressed Ctrl-C asked for it: that is no error.
  const isRequested = exit === EXIT.interrupt || exit === EXIT.terminate || exit === EXIT.hangup;
  const sentence = `${message.replace(/[.\s]+$/, '')}. ${hint}`.trim();
  return { level: isRequested ? 'warn' : 'error', message: sentence, fields: { exit, reason } };
}
