/** What a command works with: a terminal, the signals that stop it, and its account, all closed at its end. */
import type { ExitCode } from '../model/stop.js';
import type { Terminal } from '../terminal/terminal.js';
import { type Account, type Connection, connect } from './account.js';
import type { Options } from './options/options.js';
import { openTerminal } from './output.js';
import { listenForSignals, NOTHING_CHANGED, type Signals } from './signals.js';

export type CommandContext = {
  readonly terminal: Terminal;
  readonly warn: (message: string) => void;
  readonly signals: Signals;
  /** Connects once to the account that the options name. */
  readonly connect: (options: Options, connection: Connection) => Promise<Account>;
};

/** A read may be cut off: it changes nothing. */
const READ_GRACE_MS = 1_000;

export async function withContext(
  options: Options,
  work: (context: CommandContext) => Promise<ExitCode>,
): Promise<ExitCode> {
  const terminal = openTerminal(options);
  const signals = listenForSignals();
  const warn = (message: string): void => terminal.log('warn', message);
  let account: Account | undefined;
  try {
    return await work({
      terminal,
      warn,
      signals,
      connect: async (known, connection) => {
        const opened = await connect(known, connection, warn, signals.signal);
        account = opened;
        terminal.hide(opened.secrets);
        const cutOff = { afterMs: READ_GRACE_MS, run: () => void opened.close() };
        signals.react({ hint: NOTHING_CHANGED, cutOff });
        return opened;
      },
    });
  } finally {
    await account?.close();
    signals.dispose();
    terminal.end();
  }
}
