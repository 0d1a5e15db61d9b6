/** Owns stderr: log lines, progress, what is said; scrubs secrets, and makes control characters visible. */
import { writeSync } from 'node:fs';
import pino, { type Level } from 'pino';
import type { Event } from '../core/event.js';
import { type Progress, progressLine, progressReport } from '../core/progress.js';

export type Terminal = {
  log(level: Level, message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Turns a run's event into a log line, where it is worth one. */
  event(event: Event): void;
  /** Plain text; `always` says it under --quiet too. */
  say(text: string, options?: { readonly always?: boolean }): void;
  /** Shows progress until `end`: a line that is redrawn on a terminal, else one every 30 s. */
  show(progress: Progress): void;
  /** What must never be shown, from now on. */
  hide(secrets: () => readonly string[]): void;
  end(): void;
};

export type TerminalOptions = {
  readonly stream: { readonly fd: number; readonly isTTY?: boolean; readonly columns?: number };
  readonly quiet: boolean;
  /** Default: pretty on a terminal, JSON elsewhere. */
  readonly format: 'pretty' | 'json' | undefined;
  readonly level: Level | 'silent';
  readonly color: boolean;
  readonly simulated: boolean;
};

const REDRAW_MS = 100;
const REPORT_MS = 30_000;
const CLEAR_LINE = '\r\u001b[2K';

/** Opens the terminal. A stderr that is closed or full stops nothing: what can't be shown is not shown. */
export function terminal(options: TerminalOptions): Terminal {
  const { stream, quiet, simulated } = options;
  const isTTY = stream.isTTY === true;
  let secrets: () => readonly string[] = () => [];
  let shown: Progress | undefined;
  let timer: NodeJS.Timeout | undefined;
  let bar = '';

  const raw = (text: string): void => {
    try {
      writeSync(stream.fd, text);
    } catch {
      // EPIPE, EAGAIN, a full disk: the journal has it all.
    }
  };
  /** Above the bar, which is drawn again below. */
  const write = (text: string): void => raw(bar === '' ? text : `${CLEAR_LINE}${text}${bar}`);
  const draw = (): void => {
    if (!shown) return;
    const line = progressLine(shown, Date.now(), stream.columns ?? 80, simulated);
    if (line === bar) return;
    bar = line;
    raw(`${CLEAR_LINE}${line}`);
  };
  const logger = pino(
    {
      level: quiet && options.level === 'info' ? 'silent' : options.level,
      base: simulated ? { simulated } : null,
    },
    { write: (line: string) => write(scrubbed(isPretty ? pretty(line, options.color) : line, secrets())) },
  );
  const isPretty = (options.format ?? (isTTY ? 'pretty' : 'json')) === 'pretty';

  const log: Terminal['log'] = (level, message, fields = {}) => logger[level](fields, message);
  const say: Terminal['say'] = (text, { always = false } = {}) => {
    if (!quiet || always) write(`${scrubbed(text, secrets())}\n`);
  };
  return {
    log,
    say,
    event: (event) => logEvent(event, log),
    hide: (from) => {
      secrets = from;
    },
    show: (progress) => {
      if (quiet) return;
      shown = progress;
      const report = (): void => say(progressReport(progress, Date.now(), simulated));
      timer = setInterval(isTTY ? draw : report, isTTY ? REDRAW_MS : REPORT_MS).unref();
      if (isTTY) draw();
    },
    end: () => {
      clearInterval(timer);
      shown = undefined;
      if (bar !== '') raw(CLEAR_LINE);
      bar = '';
    },
  };
}

/** What a run's event is worth: a retry that may heal is no news, a row that ended badly is. */
function logEvent(event: Event, log: Terminal['log']): void {
  switch (event.e) {
    case 'listing':
      if (event.ok) log('debug', `listed ${event.groups} groups`, { which: event.which });
      else if (event.why !== '') log('warn', event.why, { which: event.which });
      return;
    case 'attempt':
      log('trace', `${event.op} ${event.name}`, { line: event.line, attempt: event.n });
      return;
    case 'reply': {
      if (event.againInMs === undefined) return;
      const { line, http, code, trackingId } = event;
      log('debug', `again in ${event.againInMs} ms: ${event.message ?? event.kind}`, {
        line,
        http,
        code,
        trackingId,
      });
      return;
    }
    case 'settled': {
      const { status, detail, http, code, trackingId } = event.outcome;
      if (status !== 'failed' && status !== 'unknown') return;
      log('error', `line ${event.line} ${status}: ${event.name}: ${detail}`, {
        line: event.line,
        name: event.name,
        http,
        code,
        trackingId,
      });
      return;
    }
    case 'pace':
      if (event.pauseMs > 0)
        log('warn', `everybody pauses ${event.pauseMs} ms: ${event.why}`, { perSecond: event.perSecond });
      else log('debug', `${event.perSecond} a second: ${event.why}`);
      return;
    case 'stop':
      log('error', event.stop.message, { reason: event.stop.reason, hint: event.stop.hint });
      return;
    case 'run':
    case 'input':
    case 'kept':
    case 'listed':
    case 'end':
      return;
  }
}

const COLORS: Readonly<Record<string, string>> = {
  WARN: '33',
  ERROR: '31',
  FATAL: '31',
  DEBUG: '2',
  TRACE: '2',
};

/** One of pino's records as a line for a person: time, level, message, hint, and the fields in brackets. */
function pretty(line: string, color: boolean): string {
  const { level, time, msg, hint, simulated, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const label = (pino.levels.labels[Number(level)] ?? 'info').toUpperCase();
  const shownLabel = color && COLORS[label] ? `\u001b[${COLORS[label]}m${label}\u001b[39m` : label;
  const rest = Object.entries(fields)
    .filter(([name]) => name !== 'line' && name !== 'name')
    .map(([name, value]) => `${name}=${visible(String(value))}`);
  const clock = new Date(Number(time)).toISOString().slice(11, 19);
  const words = [clock, shownLabel, ...(simulated ? ['simulated:'] : []), visible(String(msg))];
  const said = hint === undefined ? '' : `\n         ${visible(String(hint))}`;
  return `${words.join(' ')}${rest.length > 0 ? ` (${rest.join(', ')})` : ''}${said}\n`;
}

/** A name must not be able to move the cursor, fake a line, or turn the text round. */
function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu,
    (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** Takes the secrets out, also as they look in a URL or in JSON. */
function scrubbed(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret.length < 4) continue;
    for (const form of new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])) {
      clean = clean.replaceAll(form, '***');
    }
  }
  return clean;
}
