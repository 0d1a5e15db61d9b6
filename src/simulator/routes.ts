/** Zoom's calls: the method and path, rate label and scopes of each. */
import { type Call, getPlanUsage, listUsers } from './account.js';
import {
  createContactGroup,
  findContactGroup,
  getContactGroup,
  listContactGroups,
  missingContactGroup,
  updateContactGroup,
} from './contact-groups.js';
import type { Group } from './group-store.js';
import {
  createImGroup,
  deleteGroup,
  getImGroup,
  listImGroups,
  missingImGroup,
  updateImGroup,
} from './im-groups.js';
import {
  addContactMembers,
  addImMembers,
  listContactMembers,
  listImMembers,
  removeContactMembers,
  removeImMember,
} from './members.js';
import type { Label } from './rate-limits.js';
import { errorResponse, type HttpResponse } from './wire.js';

type Api = 'im' | 'contacts' | 'account';

type Handler = (call: Call) => HttpResponse;

/** What a call does to the account; faults choose their requests by it. */
export type Operation = keyof typeof GRANULAR_SCOPES;

export type Route = {
  readonly method: string;
  /** Of the path; its groups are the ids. */
  readonly pattern: RegExp;
  readonly api: Api;
  readonly label: Label;
  readonly operation: Operation;
  /** Any one of them suffices: the classic ones, then the granular one. */
  readonly scopes: readonly string[];
  readonly handle: Handler;
};

export type MatchedRoute = {
  readonly route: Route;
  readonly groupId: string;
  readonly memberId: string;
};

/** Both group APIs have the same. */
const GRANULAR_SCOPES = {
  create: 'contact_group:write:group:admin',
  'list-groups': 'contact_group:read:list_groups:admin',
  read: 'contact_group:read:group:admin',
  update: 'contact_group:update:group:admin',
  delete: 'contact_group:delete:group:admin',
  'list-members': 'contact_group:read:list_members:admin',
  'add-members': 'contact_group:write:member:admin',
  'remove-members': 'contact_group:delete:member:admin',
  'list-users': 'user:read:list_users:admin',
  'read-plan': 'billing:read:plan_usage:admin',
} as const;

const READ = ['imgroup:read:admin'];
const WRITE = ['imgroup:write:admin'];
const CONTACT_READ = ['contact_group:read:admin'];
const CONTACT_WRITE = ['contact_group:write:admin'];

/** Makes handlers that are given the group which the path names. */
const withGroup =
  (find: (call: Call) => Group | undefined, missing: (id: string) => HttpResponse) =>
  (handle: (call: Call, group: Group) => HttpResponse): Handler =>
  (call) => {
    const group = find(call);
    return group ? handle(call, group) : missing(call.groupId);
  };

const im = withGroup(({ groups, groupId }) => groups.get(groupId), missingImGroup);
const contact = withGroup(findContactGroup, missingContactGroup);

type Row = readonly [string, Label, Operation, classicScopes: readonly string[], Handler];

const IM_ROUTES: readonly Row[] = [
  ['POST', 'light', 'create', WRITE, createImGroup],
  ['GET', 'medium', 'list-groups', READ, listImGroups],
  ['GET /{group}', 'light', 'read', READ, im(getImGroup)],
  ['PATCH /{group}', 'light', 'update', WRITE, im(updateImGroup)],
  ['DELETE /{group}', 'light', 'delete', WRITE, im(deleteGroup)],
  ['GET /{group}/members', 'medium', 'list-members', READ, im(listImMembers)],
  ['POST /{group}/members', 'medium', 'add-members', WRITE, im(addImMembers)],
  ['DELETE /{group}/members/{member}', 'light', 'remove-members', WRITE, im(removeImMember)],
];

/** The reference lists reading one group under the write scope; the read scope is accepted as well. */
const CONTACT_ROUTES: readonly Row[] = [
  ['POST', 'heavy', 'create', CONTACT_WRITE, createContactGroup],
  ['GET', 'medium', 'list-groups', CONTACT_READ, listContactGroups],
  ['GET /{group}', 'light', 'read', [...CONTACT_READ, ...CONTACT_WRITE], contact(getContactGroup)],
  ['PATCH /{group}', 'heavy', 'update', CONTACT_WRITE, contact(updateContactGroup)],
  ['DELETE /{group}', 'heavy', 'delete', CONTACT_WRITE, contact(deleteGroup)],
  ['GET /{group}/members', 'medium', 'list-members', CONTACT_READ, contact(listContactMembers)],
  ['POST /{group}/members', 'heavy', 'add-members', CONTACT_WRITE, contact(addContactMembers)],
  ['DELETE /{group}/members', 'heavy', 'remove-members', CONTACT_WRITE, contact(removeContactMembers)],
];

const ACCOUNT_ROUTES: readonly Row[] = [
  ['GET /users', 'medium', 'list-users', ['user:read:admin'], listUsers],
  ['GET /accounts/me/plans/usage', 'heavy', 'read-plan', ['account:read:admin'], getPlanUsage],
];

const toRoutes = (api: Api, base: string, rows: readonly Row[]): readonly Route[] =>
  rows.map(([request, label, operation, classic, handle]) => {
    const [method = '', path = ''] = request.split(' ');
    const scopes = [...classic, GRANULAR_SCOPES[operation]];
    const pattern = new RegExp(`^${base}${path.replaceAll(/\{\w+\}/g, '([^/]+)')}$`);
    return { method, pattern, api, label, operation, scopes, handle };
  });

const ROUTES: readonly Route[] = [
  ...toRoutes('im', '/v2/im/groups', IM_ROUTES),
  ...toRoutes('contacts', '/v2/contacts/groups', CONTACT_ROUTES),
  ...toRoutes('account', '/v2', ACCOUNT_ROUTES),
];

/** Every scope that a call accepts. */
export const ALL_SCOPES: readonly string[] = [...new Set(ROUTES.flatMap(({ scopes }) => scopes))];

/** The route of a request; an error response if there is none. */
export function matchRoute(method: string, path: string): MatchedRoute | HttpResponse {
  const candidates = ROUTES.flatMap((route) => {
    const ids = route.pattern.exec(path);
    return ids ? [{ route, groupId: decode(ids[1] ?? ''), memberId: decode(ids[2] ?? '') }] : [];
  });
  if (candidates.length === 0) return errorResponse(404, 404, 'This API endpoint is not recognized.');
  const matched = candidates.find(({ route }) => route.method === method);
  return matched ?? errorResponse(405, 405, `Request method '${method}' is not supported.`);
}

/** An id that can't be decoded names nothing. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
