/** Standard error: log lines, messages, and the progress bar below them. */
import type { Event } from '../events/event.js';
import { createEventLogger } from '../reporting/log-lines.js';
import { formatProgressLine, formatProgressReport, type Progress } from '../reporting/progress.js';
import { createRedactor, redactDeep } from '../text/redact.js';
import { escapeInvisible, escapeInvisibleJson } from '../text/visible.js';
import { createLogger, type LogOptions } from './logger.js';

export type Terminal = {
  /** Writes one log line if its level is enabled. */
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void;
  /** Shows a progress until `end`: a bar on a terminal, elsewhere a log line every 30 s; quiet: nothing. */
  show(progress: Progress): void;
  /** Logs an event of a run if it is worth a line. */
  event(event: Event): void;
  /**
   * Prints a line, or several, above the bar; under quiet only with `always`. A newline inside a line comes from data,
   * such as a path, and is written out.
   */
  say(lines: string | readonly string[], how?: { readonly always: boolean }): void;
  /** Writes an event that could not be journaled as one line of JSON, under quiet too. */
  record(event: Event): void;
  /** From now on these are never written, in any encoding. Called for each line, since tokens change. */
  hide(secrets: () => readonly string[]): void;
  /** Removes the bar and stops its timer. Lines may still be written. */
  end(): void;
};

export type TerminalOptions = {
  readonly stream: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly quiet: boolean;
  /** Default: pretty on a terminal, NDJSON elsewhere. */
  readonly format: 'pretty' | 'json' | undefined;
  /** Default: info, and silent under quiet. */
  readonly level: LogOptions['level'] | undefined;
  readonly color: boolean;
  readonly simulated: boolean;
  /** Whether the terminal can redraw a line. Default true; false for a dumb one. */
  readonly redraws?: boolean;
  /** ms since 1970 */
  readonly now?: () => number;
};

/** Often enough to look smooth, seldom enough to cost nothing. */
const FRAME_MS = 100;

const REPORT_MS = 30_000;

const DEFAULT_COLUMNS = 80;

/** Moves to the start of the line and erases it. */
const CLEAR = '\r\u001b[K';

/** Opens a terminal on a stream. Its functions never throw, even if the stream breaks. */
export function createTerminal(options: TerminalOptions): Terminal {
  const { stream, quiet, format, color, simulated, now = Date.now } = options;
  const isTTY = stream.isTTY === true;
  const json = format === undefined ? !isTTY : format === 'json';
  const secrets: (() => readonly string[])[] = [];
  const redact = createRedactor(() => secrets.flatMap((get) => get()));
  const output = openOutput(stream);
  const level = options.level ?? (quiet ? 'silent' : 'info');
  const log = createLogger({ level, json, color, simulated, redact, now, put: output.line });
  // In a stream of JSON records a message must be a record too; under quiet, cron mails plain text.
  const messages = json && !(quiet && format === undefined) ? log.child({}, { level: 'info' }) : undefined;
  const logEvent = createEventLogger();
  const hasBar = isTTY && !json && options.redraws !== false;
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    clearInterval(timer);
    timer = undefined;
    output.bar('');
  };
  return {
    log: (at, message, fields = {}) => log[at](fields, message),
    show: (progress) => {
      end();
      if (quiet) return;
      const columns = (): number => stream.columns || DEFAULT_COLUMNS;
      const draw = (): void => output.bar(redact(formatProgressLine(progress, now(), columns(), simulated)));
      const report = (): void => {
        const { message, fields } = formatProgressReport(progress, now());
        log.info(fields, message);
      };
      timer = setInterval(hasBar ? draw : report, hasBar ? FRAME_MS : REPORT_MS).unref();
      if (hasBar) draw();
    },
    event: (event) => {
      for (const line of logEvent(event)) log[line.level](line.fields, line.message);
    },
    say: (text, { always } = { always: false }) => {
      if (!always && (quiet || !log.isLevelEnabled('info'))) return;
      const lines = typeof text === 'string' ? [text] : text;
      if (messages) messages.info(lines.join('\n'));
      else for (const line of lines) output.line(escapeInvisible(redact(line)));
    },
    record: (event) => output.line(escapeInvisibleJson(JSON.stringify(redactDeep(event, redact)))),
    hide: (more) => void secrets.push(more),
    end,
  };
}

/** Permanent lines, and below them one bar that is redrawn. Each call is one write, so that nothing flickers. */
function openOutput(stream: NodeJS.WritableStream): {
  readonly line: (text: string) => void;
  readonly bar: (text: string) => void;
} {
  let shown = '';
  // A reader that went away, or a full disk, must not stop the run.
  stream.on('error', () => undefined);
  const write = (text: string): void => {
    if (!stream.writable) return;
    try {
      stream.write(text);
    } catch {
      // There is nowhere to report it.
    }
  };
  return {
    line: (text) => write(shown === '' ? `${text}\n` : `${CLEAR}${text}\n${shown}`),
    bar: (text) => {
      if (text === shown) return;
      shown = text;
      write(CLEAR + text);
    },
  };
}
