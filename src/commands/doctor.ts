/** `doctor`: what this account allows, what is missing, and which options to use; with --write, tried out. */
import { type Account, connect } from '../cli/account.js';
import {
  findStateFolder,
  hasExtraCertificates,
  readProxies,
  wantsColor,
} from '../cli/options/environment.js';
import type { Options } from '../cli/options/options.js';
import { openTerminal } from '../cli/output.js';
import { handleSignals } from '../cli/signals.js';
import type { Diagnosis } from '../doctor/diagnose.js';
import { observeLock, takesProxy } from '../doctor/observe/machine.js';
import type { MachineObservation } from '../doctor/observe/observations.js';
import { Requests } from '../doctor/observe/requests.js';
import { describeDiagnosis, formatDiagnosis } from '../doctor/report.js';
import { runDoctor } from '../doctor/run-doctor.js';
import { clock } from '../engine/clock.js';
import { DEFAULT_API } from '../model/choices.js';
import { createStop, EXIT, type ExitCode, FatalError } from '../model/stop.js';
import { createMemoryRecord, type DoctorRecord, openDoctorRecord } from '../storage/doctor-record.js';
import { acquireLock, type Lock } from '../storage/lock.js';
import { askYes, notConfirmed } from '../terminal/question.js';
import { flushStdout, writeJson, writeStdout } from '../terminal/stdout.js';
import type { Terminal } from '../terminal/terminal.js';
import { createRedactor, redactDeep } from '../text/redact.js';
import { formatPathArgument } from '../text/shell-quote.js';

/** For one exchange: the whole reading takes half a minute at most. */
const DEADLINE_MS = 8_000;

/** `doctor`. @throws FatalError without credentials, without a confirmation of --write, or after a signal */
export async function doctor(_: readonly string[], options: Options): Promise<ExitCode> {
  const terminal = openTerminal(options);
  const signals = handleSignals({
    hint: 'Run doctor again.',
    say: () => terminal.say('stopping; temporary groups are deleted first; again: stops at once'),
  });
  try {
    const account: Account = await connect(options, {
      api: DEFAULT_API,
      writeLabel: 'light',
      // The check of the scopes lists what is missing; the token is not refused for it.
      scopes: [],
      warn: (message) => terminal.log('warn', message),
      deadlineMs: DEADLINE_MS,
      onResponse: (_, response) => void requests.responses.push(response),
    });
    const { signal } = signals;
    const requests = new Requests({ api: account.api, clock, signal });
    terminal.hide(account.secrets);
    try {
      const diagnosis = await run(account, requests, options, terminal);
      if (signal.aborted && diagnosis.exit.code !== EXIT.unprovisioned) {
        throw stoppedBy(signal.reason);
      }
      print(diagnosis, account, options);
      return await flushStdout(diagnosis.exit.code);
    } finally {
      await account.close();
    }
  } finally {
    signals.dispose();
    terminal.end();
  }
}

async function run(
  account: Account,
  requests: Requests,
  options: Options,
  terminal: Terminal,
): Promise<Diagnosis> {
  const machine = (): MachineObservation => observeMachine(account, options);
  if (!options.write) {
    return runDoctor({ requests, machine, record: openRecord(account, options) });
  }
  const question = `Create about 20 temporary groups (zz-doctor-…) in ${account.description}, and delete them again?`;
  if (!(await askYes(question, { yes: options.yes ?? false }))) {
    throw notConfirmed('the trials were not confirmed', 'Nothing was sent.');
  }
  const lock = await lockAccount(account, options);
  const record = openRecord(account, options);
  try {
    return await runDoctor({
      requests,
      machine,
      record,
      write: {
        onProgress: (text) => terminal.log('info', text),
        ...(options.member === undefined ? {} : { member: options.member }),
      },
    });
  } finally {
    lock?.release();
  }
}

function openRecord({ lockScope }: Account, { stateDir }: Options): DoctorRecord {
  return lockScope ? openDoctorRecord(stateDir ?? findStateFolder(), lockScope) : createMemoryRecord();
}

async function lockAccount({ lockScope }: Account, { stateDir }: Options): Promise<Lock | undefined> {
  if (!lockScope) return undefined;
  const stateFolder = stateDir ?? findStateFolder();
  return acquireLock(
    lockScope,
    { command: 'doctor --write', folder: stateFolder },
    { waitMs: 0, stateFolder },
  );
}

function observeMachine(account: Account, { accountPlan, stateDir }: Options): MachineObservation {
  const { simulated, credentials, target, lockScope } = account;
  const grant = account.lastGrant();
  return {
    simulated,
    accountPlan,
    credentials,
    ...(grant ? { grant } : {}),
    baseUrl: target.baseUrl,
    usesProxy: !simulated && takesProxy(target.baseUrl, readProxies()),
    hasExtraCertificates: hasExtraCertificates(),
    ...(lockScope ? observeLock(stateDir ?? findStateFolder(), lockScope) : {}),
  };
}

function stoppedBy(reason: unknown): FatalError {
  if (!(reason instanceof FatalError)) throw reason;
  const { stop } = reason;
  return new FatalError(createStop(stop.reason, stop.message, 'No temporary group is left. Run it again.'));
}

function print(diagnosis: Diagnosis, account: Account, options: Options): void {
  const redact = createRedactor(account.secrets);
  const { simulated } = account;
  const { quiet = false, config } = options;
  const simulate = simulated ? ['--simulate'] : [];
  if (options.json) {
    const fields = { simulated, ...describeDiagnosis(diagnosis, simulate) };
    writeJson('doctor', redactDeep(fields, redact) as typeof fields, diagnosis.exit);
    return;
  }
  const lines = formatDiagnosis(diagnosis, {
    color: wantsColor(process.stdout.isTTY === true),
    quiet,
    common: [...simulate, ...(config === undefined ? [] : ['--config', formatPathArgument(config)])],
  });
  if (lines.length > 0) writeStdout(redact(lines.join('\n')));
}
