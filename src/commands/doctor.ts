/** `doctor`: what this account allows, what is missing, and which options to use; with --write, tried out. */
import { type Account, lockAccount } from '../cli/account.js';
import { withContext } from '../cli/command-context.js';
import { formatOptions } from '../cli/command-line.js';
import {
  findStateFolder,
  hasExtraCertificates,
  readProxies,
  wantsColor,
} from '../cli/options/environment.js';
import type { Options } from '../cli/options/options.js';
import type { Diagnosis } from '../doctor/diagnose.js';
import { observeLock, takesProxy } from '../doctor/observe/machine.js';
import type { MachineObservation } from '../doctor/observe/observations.js';
import { Requests } from '../doctor/observe/requests.js';
import { describeDiagnosis, formatDiagnosis } from '../doctor/report.js';
import { runDoctor } from '../doctor/run-doctor.js';
import { DEFAULT_API } from '../model/choices.js';
import { EXIT, type ExitCode } from '../model/stop.js';
import { createMemoryRecord, type DoctorRecord, openDoctorRecord } from '../storage/doctor-record.js';
import { askYes, notConfirmed } from '../terminal/question.js';
import { flushStdout, writeJson, writeStdout } from '../terminal/stdout.js';
import type { Terminal } from '../terminal/terminal.js';
import { createRedactor, redactDeep } from '../text/redact.js';

/** For one exchange: the whole reading takes half a minute at most. */
const DEADLINE_MS = 8_000;

/** `doctor`. @throws FatalError without credentials, without a confirmation of --write, or after a signal */
export async function doctor(_: readonly string[], options: Options): Promise<ExitCode> {
  return withContext(options, async ({ terminal, signals, connect }) => {
    const account: Account = await connect(options, {
      api: DEFAULT_API,
      writeLabel: 'light',
      // The check of the scopes lists what is missing; the token is not refused for it.
      scopes: [],
      deadlineMs: DEADLINE_MS,
      onResponse: (_, response) => void requests.responses.push(response),
    });
    const requests = new Requests(account.ports);
    signals.react({
      hint: 'No temporary group is left. Run doctor again.',
      announce: () => terminal.say('stopping; temporary groups are deleted first; again: stops at once'),
    });
    const diagnosis = await run(account, requests, options, terminal);
    if (diagnosis.exit.code !== EXIT.unprovisioned) signals.signal.throwIfAborted();
    print(diagnosis, account, options);
    return flushStdout(diagnosis.exit.code);
  });
}

async function run(
  account: Account,
  requests: Requests,
  options: Options,
  terminal: Terminal,
): Promise<Diagnosis> {
  const { signal } = account.ports;
  const machine = (): MachineObservation => observeMachine(account, options);
  if (!options.write) {
    return runDoctor({ requests, machine, record: openRecord(account, options) });
  }
  const question = `Create about 20 temporary groups (zz-doctor-…) in ${account.description}, and delete them again?`;
  if (!(await askYes(question, { yes: options.yes ?? false, signal }))) {
    throw notConfirmed('the trials were not confirmed', 'Nothing was sent.');
  }
  const lock = await lockAccount(account, 'doctor --write', findStateFolder(options), options);
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

function openRecord({ lockScope }: Account, options: Options): DoctorRecord {
  return lockScope ? openDoctorRecord(findStateFolder(options), lockScope) : createMemoryRecord();
}

function observeMachine(account: Account, options: Options): MachineObservation {
  const { simulated, credentials, target, lockScope } = account;
  const grant = account.lastGrant();
  return {
    simulated,
    accountPlan: options.accountPlan,
    credentials,
    ...(grant ? { grant } : {}),
    baseUrl: target.baseUrl,
    usesProxy: !simulated && takesProxy(target.baseUrl, readProxies()),
    hasExtraCertificates: hasExtraCertificates(),
    ...(lockScope ? observeLock(findStateFolder(options), lockScope) : {}),
  };
}

function print(diagnosis: Diagnosis, account: Account, options: Options): void {
  const redact = createRedactor(account.secrets);
  const { simulated } = account;
  const { quiet = false } = options;
  if (options.json) {
    const fields = {
      simulated,
      ...describeDiagnosis(diagnosis, formatOptions({ simulate: simulated }, ['simulate'])),
    };
    writeJson('doctor', redactDeep(fields, redact) as typeof fields, diagnosis.exit);
    return;
  }
  const lines = formatDiagnosis(diagnosis, {
    color: wantsColor(process.stdout),
    quiet,
    common: formatOptions({ simulate: simulated, config: options.config }, ['simulate', 'config']),
  });
  if (lines.length > 0) writeStdout(redact(lines.join('\n')));
}
