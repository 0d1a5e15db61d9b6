/** Log records by pino, as lines: NDJSON for a machine, one calm line for a person. */
import { type Logger, pino } from 'pino';
import { redactDeep } from '../text/redact.js';
import { escapeInvisible, escapeInvisibleJson } from '../text/visible.js';

export type LogOptions = {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly json: boolean;
  readonly color: boolean;
  readonly simulated: boolean;
  readonly scrub: (text: string) => string;
  /** ms since 1970 */
  readonly now: () => number;
  /** Takes one finished line, without its newline. */
  readonly put: (line: string) => void;
};

/**
 * A logger whose lines are scrubbed and harmless. Every record passes one place on its way out: pino's own
 * `redact` is by exact path, and would let a secret through that comes back inside of a message.
 */
export function createLogger(options: LogOptions): Logger {
  const { level, json, simulated, scrub, now, put } = options;
  const write = (line: string): void => {
    const record = redactDeep(JSON.parse(line), scrub) as Record<string, unknown>;
    put(json ? escapeInvisibleJson(JSON.stringify(record)) : pretty(record, options));
  };
  return pino(
    {
      level,
      // Neither pid nor host name: a log that is passed on need not tell them.
      base: simulated ? { simulated: true } : null,
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
}

const COLORS: Readonly<Record<string, string>> = { error: '31', warn: '33', debug: '2', trace: '2' };

/** Said by the message already, or by its place in the line: for a machine only. */
const SAID: ReadonlySet<string> = new Set([
  ...['level', 'time', 'msg', 'simulated'],
  ...[
    'line',
    'name',
    'status',
    'perSecond',
    'pauseMs',
    'waitMs',
    'exit',
    'reason',
    'which',
    'groups',
    'attempts',
  ],
]);

/** `08:02:11 error  line 17 "Sales" failed: Invalid type.  http=400 code=300`, the time being the person's own. */
function pretty(record: Record<string, unknown>, { color, simulated }: LogOptions): string {
  const level = String(record.level);
  const paint = (text: string, code: string | undefined): string =>
    color && code !== undefined && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text;
  const at = new Date(String(record.time));
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map((n) => String(n).padStart(2, '0'));
  const rest = Object.entries(record)
    .filter(([key]) => !SAID.has(key))
    .map(([key, value]) =>
      escapeInvisible(`${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`),
    );
  const said = `${simulated ? 'simulated: ' : ''}${escapeInvisible(String(record.msg ?? ''))}`;
  return [
    `${paint(time.join(':'), '2')} ${paint(level.padEnd(5), COLORS[level])}`,
    said,
    ...(rest.length === 0 ? [] : [paint(rest.join(' '), '2')]),
  ].join('  ');
}
