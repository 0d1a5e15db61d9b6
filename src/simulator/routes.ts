/** Zoom's calls: the method and path, rate label and scopes of each. */
import type { Call, Operation } from './account.js';
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
import { getPlanUsage, type Label } from './rate-limits.js';
import { listUsers } from './users.js';
import { errorResponse, type HttpResponse } from './wire.js';

type Api = 'im' | 'contacts' | 'account';

type Handler = (call: Call) => HttpResponse;

export type Route = {
  readonly method: string;
  readonly path: string;
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

const READ = ['imgroup:read:admin'];
const WRITE = ['imgroup:write:admin'];
const CONTACT_READ = ['contact_group:read:admin'];
const CONTACT_WRITE = ['contact_group:write:admin'];

const im =
  (handle: (call: Call, group: Group) => HttpResponse): Handler =>
  (call) => {
    const group = call.groups.get(call.groupId);
    return group ? handle(call, group) : missingImGroup(call.groupId);
  };

const contact =
  (handle: (call: Call, group: Group) => HttpResponse): Handler =>
  (call) => {
    const group = findContactGroup(call, call.groupId);
    return group ? handle(call, group) : missingContactGroup(call.groupId);
  };

const users: Handler = ({ users: { all }, groups, query, now }) =>
  listUsers(all, (id) => groups.groupsOfMember(id), query, now);
const planUsage: Handler = ({ plan, users: { all } }) => getPlanUsage(plan, all.length);

type Row = readonly [string, Label, Operation, classicScopes: readonly string[], string, Handler];

const IM_ROUTES: readonly Row[] = [
  ['POST', 'light', 'create', WRITE, 'contact_group:write:group:admin', createImGroup],
  ['GET', 'medium', 'list-groups', READ, 'contact_group:read:list_groups:admin', listImGroups],
  ['GET /{group}', 'light', 'read', READ, 'contact_group:read:group:admin', im(getImGroup)],
  ['PATCH /{group}', 'light', 'update', WRITE, 'contact_group:update:group:admin', im(updateImGroup)],
  ['DELETE /{group}', 'light', 'delete', WRITE, 'contact_group:delete:group:admin', im(deleteGroup)],
  [
    'GET /{group}/members',
    'medium',
    'list-members',
    READ,
    'contact_group:read:list_members:admin',
    im(listImMembers),
  ],
  [
    'POST /{group}/members',
    'medium',
    'add-members',
    WRITE,
    'contact_group:write:member:admin',
    im(addImMembers),
  ],
  [
    'DELETE /{group}/members/{member}',
    'light',
    'remove-members',
    WRITE,
    'contact_group:delete:member:admin',
    im(removeImMember),
  ],
];

/** The reference lists reading one group under the write scope; the read scope is accepted as well. */
const CONTACT_ROUTES: readonly Row[] = [
  ['POST', 'heavy', 'create', CONTACT_WRITE, 'contact_group:write:group:admin', createContactGroup],
  ['GET', 'medium', 'list-groups', CONTACT_READ, 'contact_group:read:list_groups:admin', listContactGroups],
  [
    'GET /{group}',
    'light',
    'read',
    [...CONTACT_READ, ...CONTACT_WRITE],
    'contact_group:read:group:admin',
    contact(getContactGroup),
  ],
  [
    'PATCH /{group}',
    'heavy',
    'update',
    CONTACT_WRITE,
    'contact_group:update:group:admin',
    contact(updateContactGroup),
  ],
  [
    'DELETE /{group}',
    'heavy',
    'delete',
    CONTACT_WRITE,
    'contact_group:delete:group:admin',
    contact(deleteGroup),
  ],
  [
    'GET /{group}/members',
    'medium',
    'list-members',
    CONTACT_READ,
    'contact_group:read:list_members:admin',
    contact(listContactMembers),
  ],
  [
    'POST /{group}/members',
    'heavy',
    'add-members',
    CONTACT_WRITE,
    'contact_group:write:member:admin',
    contact(addContactMembers),
  ],
  [
    'DELETE /{group}/members',
    'heavy',
    'remove-members',
    CONTACT_WRITE,
    'contact_group:delete:member:admin',
    contact(removeContactMembers),
  ],
];

const ACCOUNT_ROUTES: readonly Row[] = [
  ['GET /users', 'medium', 'list-users', ['user:read:admin'], 'user:read:list_users:admin', users],
  [
    'GET /accounts/me/plans/usage',
    'heavy',
    'read',
    ['account:read:admin'],
    'billing:read:plan_usage:admin',
    planUsage,
  ],
];

const toRoutes = (api: Api, base: string, rows: readonly Row[]): readonly Route[] =>
  rows.map(([request, label, operation, classic, granular, handle]) => {
    const [method = '', path = ''] = request.split(' ');
    return { method, path: base + path, api, label, operation, scopes: [...classic, granular], handle };
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
    const ids = matchPath(route.path, path);
    return ids ? [{ route, groupId: ids[0] ?? '', memberId: ids[1] ?? '' }] : [];
  });
  if (candidates.length === 0) return errorResponse(404, 404, 'This API endpoint is not recognized.');
  const matched = candidates.find(({ route }) => route.method === method);
  return matched ?? errorResponse(405, 405, `Request method '${method}' is not supported.`);
}

/** The decoded ids of a path; undefined if it has another form. */
function matchPath(template: string, path: string): readonly string[] | undefined {
  const expected = template.split('/');
  const actual = path.split('/');
  const matches = expected.every((part, i) => (part.startsWith('{') ? actual[i] !== '' : part === actual[i]));
  if (!matches || expected.length !== actual.length) return undefined;
  return actual.filter((_, i) => expected[i]?.startsWith('{')).map(decode);
}

/** An id that can't be decoded names nothing. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
