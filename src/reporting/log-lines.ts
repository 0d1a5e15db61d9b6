/** A run's events as log lines: which events are logged, at which level, and in which words. */
import type { Event, EventOf, RowOutcome } from '../events/event.js';
import type { RowRef } from '../model/outcome.js';
import { STATUSES } from '../model/statuses.js';
import { EXIT, type Stop } from '../model/stop.js';
import { formatCount, formatDuration } from '../text/format.js';

export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** One line of a log. `fields` are for a machine; the message stands alone. */
export type LogLine = {
  readonly level: Level;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
};

/** Later pauses are of no news: on an account with a lower plan there is one every few seconds. */
const PAUSES_WARNED = 3;

/** The lines for one event, in order; most events have none. */
export type EventLogger = (event: Event) => readonly LogLine[];

/** The logger remembers the rows of attempts in flight, and no others. */
export function createEventLogger(): EventLogger {
  const inFlight = new Map<string, EventOf<'attempt'>>();
  let runId = '';
  let pauses = 0;
  const log = (event: Event): readonly LogLine[] => {
    switch (event.type) {
      case 'run':
        runId = event.runId;
        return [];
      case 'input':
      case 'input-complete':
      case 'end':
        return [];
      case 'attempt':
        inFlight.set(`${event.step}.${event.n}`, event);
        return [];
      case 'reply': {
        const id = `${event.step}.${event.n}`;
        const attempt = inFlight.get(id);
        inFlight.delete(id);
        const retry = event.retryInMs === undefined ? [] : [formatRetry(event, attempt)];
        return [...retry, ...(event.outcomes ?? []).map(formatOutcome)];
      }
      case 'known':
        return (event.outcomes ?? []).map(formatOutcome);
      case 'warning':
        return [{ level: 'warn', message: event.message, fields: {} }];
      case 'pace':
        if (event.pauseMs > 0) pauses += 1;
        return [formatPace(event, pauses <= PAUSES_WARNED ? 'warn' : 'debug')];
      case 'stop':
        return [formatStop(event.stop)];
    }
  };
  return (event) => log(event).map((line) => ({ ...line, fields: { runId, ...line.fields } }));
}

function formatRow({ line, name }: RowRef): string {
  return line > 0 ? `line ${line} "${name}"` : `"${name}"`;
}

function describeAttempt(attempt: EventOf<'attempt'> | undefined): string {
  const [row, ...others] = attempt?.rows ?? [];
  if (!attempt || !row) return attempt?.operation ?? 'a request';
  return others.length === 0
    ? formatRow(row)
    : `${attempt.operation} (${formatCount(others.length + 1, 'row')})`;
}

function formatRetry(event: EventOf<'reply'>, attempt: EventOf<'attempt'> | undefined): LogLine {
  const { httpStatus, code, message, trackingId } = event.reply;
  const wait = event.retryInMs ?? 0;
  const reason = message ?? (httpStatus === undefined ? 'no response' : `HTTP ${httpStatus}`);
  return {
    level: 'debug',
    message: `${describeAttempt(attempt)}: ${reason}; retrying in ${formatDuration(wait)}`,
    fields: { line: attempt?.rows[0]?.line, httpStatus, code, trackingId, waitMs: Math.round(wait) },
  };
}

function formatOutcome({ outcome, ...row }: RowOutcome): LogLine {
  const { status, detail, httpStatus, code, trackingId, ids } = outcome;
  const reason = detail === '' ? '' : `: ${detail}`;
  return {
    level: STATUSES[status].logLevel ?? 'trace',
    message: `${formatRow(row)} ${status}${reason}`,
    fields: { line: row.line, name: row.name, status, httpStatus, code, trackingId, ...ids },
  };
}

function formatPace({ label, perSecond, pauseMs, reason }: EventOf<'pace'>, level: Level): LogLine {
  const rate = Math.round(perSecond * 10) / 10;
  const fields = { label, perSecond: rate, pauseMs: Math.round(pauseMs) };
  // The bar shows how the rate grows back; a line for each step would only be noise.
  if (pauseMs === 0) return { level: 'debug', message: `${reason}: ${rate} requests/s from now on`, fields };
  return {
    level,
    message: `paused ${formatDuration(pauseMs)}: ${reason}; then ${rate} requests/s`,
    fields,
  };
}

function formatStop({ exit, reason, message, hint }: Stop): LogLine {
  // A user who pressed Ctrl-C need not be alarmed by it.
  const isRequested = exit === EXIT.interrupt || exit === EXIT.terminate || exit === EXIT.hangup;
  const text = `${message.replace(/[.\s]+$/, '')}. ${hint}`;
  return { level: isRequested ? 'warn' : 'error', message: text.trim(), fields: { exit, reason } };
}
