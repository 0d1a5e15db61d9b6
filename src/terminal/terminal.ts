/** Owns standard error: log lines, what is said to a person, and the progress beneath them. */
import type { Event } from '../events/event.js';
import { createEventLogger } from '../reporting/log-lines.js';
import { formatProgressLine, formatProgressReport, type Progress } from '../reporting/progress.js';
import { createRedactor, redactDeep } from '../text/redact.js';
import { escapeInvisible, escapeInvisibleJson } from '../text/visible.js';
import { createLogger, type LogOptions } from './logger.js';

export type Terminal = {
  /** Writes one log line, where its level is loud enough. */
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void;
  /** Shows a progress until `end`: a bar on a terminal, elsewhere a log line every 30 s; quiet: nothing. */
  show(progress: Progress): void;
  /** Tells an event of a run, where it is worth a line. */
  event(event: Event): void;
  /** Says something to a person, above the bar; under quiet only what is `always` to be said. */
  say(text: string, how?: { readonly always: boolean }): void;
  /** Writes an event that nothing else will keep as one line of JSON, however quiet. */
  record(event: Event): void;
  /** From now on these are never written, in no form. Asked at each line: tokens change. */
  hide(secrets: () => readonly string[]): void;
  /** Removes the bar and ends the timer. Lines may still be written. */
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
  /** Whether a line can be drawn again where the stream is a terminal. Default true; false for a dumb one. */
  readonly redraws?: boolean;
  /** ms since 1970 */
  readonly now?: () => number;
};

/** Fast enough to look alive, slow enough to cost nothing. */
const FRAME_MS = 100;

const REPORT_MS = 30_000;

const DEFAULT_COLUMNS = 80;

/** Back to the line's begin, and what is on it gone. */
const CLEAR = '\r\u001b[K';

/** Opens a terminal on a stream. None of its functions throws, whatever becomes of the stream. */
export function createTerminal(options: TerminalOptions): Terminal {
  const { stream, quiet, format, color, simulated, now = Date.now } = options;
  const isTTY = stream.isTTY === true;
  const json = format === undefined ? !isTTY : format === 'json';
  const secrets: (() => readonly string[])[] = [];
  const scrub = createRedactor(() => secrets.flatMap((of) => of()));
  const paper = paperOn(stream);
  const level = options.level ?? (quiet ? 'silent' : 'info');
  const log = createLogger({ level, json, color, simulated, scrub, now, put: paper.line });
  // What is said is no log line, but in a stream of records it has to be a record; cron mails plain words.
  const voice = json && !(quiet && format === undefined) ? log.child({}, { level: 'info' }) : undefined;
  const narrate = createEventLogger();
  const hasBar = isTTY && !json && options.redraws !== false;
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    clearInterval(timer);
    timer = undefined;
    paper.bar('');
  };
  return {
    log: (at, message, fields = {}) => log[at](fields, message),
    show: (progress) => {
      end();
      if (quiet) return;
      const columns = (): number => stream.columns || DEFAULT_COLUMNS;
      const draw = (): void => paper.bar(scrub(formatProgressLine(progress, now(), columns(), simulated)));
      const report = (): void => {
        const { rows, settled, failed } = progress;
        log.info({ rows, settled, failed }, formatProgressReport(progress, now()));
      };
      timer = setInterval(hasBar ? draw : report, hasBar ? FRAME_MS : REPORT_MS).unref();
      if (hasBar) draw();
    },
    event: (event) => {
      for (const line of narrate(event)) log[line.level](line.fields, line.message);
    },
    say: (text, { always } = { always: false }) => {
      if (quiet && !always) return;
      if (voice) voice.info(text);
      else for (const line of scrub(text).replace(/\n$/, '').split('\n')) paper.line(escapeInvisible(line));
    },
    record: (event) => paper.line(escapeInvisibleJson(JSON.stringify(redactDeep(event, scrub)))),
    hide: (more) => void secrets.push(more),
    end,
  };
}

/** Lines that stay, and one bar beneath them that is drawn over. Each call is one write: nothing flickers. */
function paperOn(stream: NodeJS.WritableStream): {
  readonly line: (text: string) => void;
  readonly bar: (text: string) => void;
} {
  let shown = '';
  // A reader that went away, or a full disk, is no reason to stop a job that runs well.
  stream.on('error', () => undefined);
  const write = (text: string): void => {
    if (!stream.writable) return;
    try {
      stream.write(text);
    } catch {
      // Nothing is left to tell it to.
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
