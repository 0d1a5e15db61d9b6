/** The logger (pino): NDJSON for programs, one plain line for users. */
import { type Logger, pino } from 'pino';
import { redactDeep } from '../text/redact.js';
import { escapeInvisible, escapeInvisibleJson, paint } from '../text/visible.js';

export type LogOptions = {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly json: boolean;
  readonly color: boolean;
  readonly simulated: boolean;
  readonly redact: (text: string) => string;
  /** ms since 1970 */
  readonly now: () => number;
  /** Receives one line, without its newline. */
  readonly put: (line: string) => void;
};

/**
 * A logger whose lines hold neither secrets nor control characters. pino's own `redact` goes by exact path, and would
 * miss a secret inside a message.
 */
export function createLogger(options: LogOptions): Logger {
  const { level, json, simulated, redact, now, put } = options;
  const write = (line: string): void => {
    const record = redactDeep(JSON.parse(line), redact) as Record<string, unknown>;
    put(json ? escapeInvisibleJson(JSON.stringify(record)) : formatPretty(record, options));
  };
  return pino(
    {
      level,
      // No pid and host name: a log that is passed on need not reveal them.
      base: simulated ? { simulated: true } : null,
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
}

const COLORS: Readonly<Record<string, number>> = { error: 31, warn: 33, debug: 2, trace: 2 };

/** Fields that a plain line leaves out: its message or prefix has them, and a terminal shows one run only. */
const OMITTED_FIELDS: ReadonlySet<string> = new Set([
  ...['level', 'time', 'msg', 'simulated', 'runId', 'label'],
  ...['line', 'name', 'status', 'perSecond', 'pauseMs', 'waitMs', 'exit', 'reason'],
  ...['rows', 'settled', 'failed'],
]);

/** `08:02:11 error  line 17 "Sales" failed: Invalid type.  http=400 code=300`, in local time. */
function formatPretty(record: Record<string, unknown>, { color, simulated }: LogOptions): string {
  const level = String(record.level);
  const at = new Date(String(record.time));
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map((n) => String(n).padStart(2, '0'));
  const rest = Object.entries(record)
    .filter(([key]) => !OMITTED_FIELDS.has(key))
    .map(([key, value]) =>
      escapeInvisible(`${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`),
    );
  const message = `${simulated ? 'simulated: ' : ''}${escapeInvisible(String(record.msg ?? ''))}`;
  return [
    `${paint(time.join(':'), 2, color)} ${paint(level.padEnd(5), COLORS[level], color)}`,
    message,
    ...(rest.length === 0 ? [] : [paint(rest.join(' '), 2, color)]),
  ].join('  ');
}
