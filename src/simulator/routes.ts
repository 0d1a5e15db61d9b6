/** Which call a request is: its path and method, its rate label, and what it would do. */
import { type Answer, problem } from './answer.js';
import { createContact, getContact, listContacts, updateContact } from './contact-groups.js';
import type { One, Store } from './group-store.js';
import { addMembers, createIm, getIm, listIm, updateIm } from './im-groups.js';
import type { Label } from './rate-limits.js';
import type { Sent } from './wire.js';

/** What a call does to the directory, for the faults that touch only some of them. */
export type Doing = 'create' | 'change' | 'list' | 'look';

/** A call that was found for a request. `act` is only called when the limits admit it. */
export type Found = {
  readonly label: Label;
  readonly doing: Doing;
  readonly isIm: boolean;
  readonly act: () => Answer;
};

type Calls = Readonly<Record<string, readonly [Label, Doing, () => Answer]>>;

/** Finds the call for a request; an answer where there is none. */
export function findCall(store: Store, method: string, url: URL, sent: Sent): Found | Answer {
  const [, api, part, members] =
    /^\/v2\/(im|contacts)\/groups(?:\/([^/]+))?(\/members)?$/.exec(url.pathname) ?? [];
  if (api === undefined || (part === undefined && members !== undefined)) return unknownPath();
  const isIm = api === 'im';
  const id = decoded(part ?? '');
  const calls = isIm ? imCalls(store, id, sent) : contactCalls(store, id, sent, url.searchParams);
  const target = part === undefined ? 'all' : members === undefined ? 'one' : 'members';
  const found = calls[`${method} ${target}`];
  if (found) return { label: found[0], doing: found[1], act: found[2], isIm };
  const isPath = Object.keys(calls).some((key) => key.endsWith(` ${target}`));
  return isPath ? problem(405, 405, `Request method '${method}' is not supported.`) : unknownPath();
}

function unknownPath(): Answer {
  return problem(404, 404, 'This API endpoint is not recognized.');
}

/** An id that can't be decoded is nobody's. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function imCalls(store: Store, id: string, sent: Sent): Calls {
  const at = (act: (one: One) => Answer) => (): Answer => withGroup(store, id, act);
  return {
    'POST all': ['light', 'create', () => createIm(store, sent)],
    'GET all': ['medium', 'list', () => listIm(store)],
    'GET one': ['light', 'look', at(getIm)],
    'PATCH one': ['light', 'change', at((one) => updateIm(store, one, sent))],
    'DELETE one': ['light', 'change', at((one) => removed(store, one))],
    'POST members': ['medium', 'look', at((one) => addMembers(store, one, sent))],
  };
}

/** Only the create's label is documented; the others' are inferred from their IM siblings. */
function contactCalls(store: Store, id: string, sent: Sent, query: URLSearchParams): Calls {
  const at = (act: (one: One) => Answer) => (): Answer => withGroup(store, id, act);
  return {
    'POST all': ['heavy', 'create', () => createContact(store, sent)],
    'GET all': ['medium', 'list', () => listContacts(store, query)],
    'GET one': ['light', 'look', at(getContact)],
    'PATCH one': ['light', 'change', at((one) => updateContact(store, one, sent))],
    'DELETE one': ['light', 'change', at((one) => removed(store, one))],
  };
}

function withGroup(store: Store, id: string, act: (one: One) => Answer): Answer {
  const one = store.get(id);
  return one ? act(one) : problem(404, 4130, `Group does not exist:${id}.`);
}

function removed(store: Store, one: One): Answer {
  store.remove(one.id);
  return { status: 204 };
}
