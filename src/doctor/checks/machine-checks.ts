/** What this machine and the way to Zoom are like, and what an earlier `doctor` left. */
import { formatCount, formatDuration } from '../../text/format.js';
import type { Observations } from '../observe/observations.js';
import { firstOutcomes, isAnswered } from './account-checks.js';
import { type Finding, fail, ok, unknown, warn } from './finding.js';

/** Zoom's Date header has whole seconds; half a minute is harmless. */
const SKEW_MAX_MS = 30_000;

export function checkClock({ responses }: Observations): Finding {
  const skews = responses.flatMap(({ response }) => {
    const date = Date.parse(response.headers.date ?? '');
    return Number.isNaN(date) ? [] : [(response.sentAt + response.receivedAt) / 2 - (date + 500)];
  });
  const [first] = skews.sort((a, b) => Math.abs(a) - Math.abs(b));
  if (first === undefined) return unknown('no response has a date');
  const seconds = Math.round(first / 1000);
  const answer = { seconds_ahead: seconds };
  if (Math.abs(first) <= SKEW_MAX_MS) return ok('this machine’s clock agrees with Zoom’s', { answer });
  return warn(
    `this machine’s clock is ${formatDuration(Math.abs(first))} ${first > 0 ? 'ahead of' : 'behind'} Zoom’s`,
    'Set the clock: daily limits and the times in reports depend on it.',
    { answer },
  );
}

export function checkProxy(o: Observations): Finding {
  const { usesProxy } = o.machine;
  const answer = { used: usesProxy };
  if (!usesProxy) return ok('no proxy is used', { answer });
  if (isAnswered(o)) return ok('requests take the proxy of the environment, and come through', { answer });
  return fail(
    'requests take the proxy of the environment, and nothing comes back',
    'Check HTTPS_PROXY and NO_PROXY.',
    { answer, later: true },
  );
}

export function checkTls(o: Observations): Finding {
  const { baseUrl, hasExtraCertificates } = o.machine;
  const answer = { extra_certificates: hasExtraCertificates };
  if (baseUrl.startsWith('http:')) return ok('the API is on this machine, without TLS', { answer });
  if (firstOutcomes(o).some(({ stop }) => stop?.reason === 'tls')) {
    return fail(
      'the certificate was not accepted',
      'If a proxy of your company re-signs traffic, name its certificate in NODE_EXTRA_CA_CERTS.',
      { answer },
    );
  }
  if (!isAnswered(o)) return unknown('no connection was made', '', { answer });
  return ok(`the certificate is trusted${hasExtraCertificates ? ', with NODE_EXTRA_CA_CERTS' : ''}`, {
    answer,
  });
}

export function checkStateFolder({ machine: { simulated, stateFolderError } }: Observations): Finding {
  if (simulated) return ok('simulated runs need no lock');
  if (stateFolderError === undefined) return ok('locks can be written to the state folder');
  return fail(
    'no lock can be written to the state folder',
    'Name a folder that this user can write to with --state-dir DIR.',
    { words: stateFolderError },
  );
}

export function checkLock({ machine: { lockOwner } }: Observations): Finding {
  if (lockOwner === undefined) return ok('no run holds this account', { answer: { locked: false } });
  return warn('another run holds this account', 'Wait for it to end, or use --lock-timeout SECONDS.', {
    words: lockOwner,
    answer: { locked: true },
  });
}

export function checkLeftovers({ leftovers }: Observations): Finding {
  const answer = { groups: leftovers.length };
  if (leftovers.length === 0) return ok('no temporary group of an earlier doctor is left', { answer });
  const list = leftovers.map(({ api, id, name }) => `${name} (${api}, id ${id})`).join('; ');
  const isOurs = leftovers.every(({ key }) => key !== undefined);
  return warn(
    `${formatCount(leftovers.length, 'temporary group')} of an earlier doctor ${leftovers.length === 1 ? 'is' : 'are'} left: ${list}`,
    isOurs
      ? 'zoom-im-groups doctor --write deletes them first.'
      : 'If no other doctor is running, delete them in Zoom’s admin pages; doctor --write deletes those that this machine has recorded.',
    { answer },
  );
}

export function checkCleanUp({ groups, remaining }: Observations): Finding | undefined {
  if (!Object.values(groups).some(({ trials }) => trials)) return undefined;
  const answer = { remaining: remaining.length };
  if (remaining.length === 0) return ok('every temporary group is deleted', { answer });
  const list = remaining.map(
    ({ api, id, name }) => `${name} (${api}, ${id === undefined ? 'id unknown, may not exist' : `id ${id}`})`,
  );
  return warn(
    `${formatCount(remaining.length, 'temporary group')} could not be deleted: ${list.join('; ')}`,
    'zoom-im-groups doctor --write tries again; or delete them in Zoom’s admin pages.',
    { answer },
  );
}
