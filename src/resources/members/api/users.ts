/** The account's users: which id belongs to an e-mail address, and whether that user can be a member. */
import { isUsableId } from '../../groups/api/groups-api.js';
import { explainFailedListing } from '../../paging/failed-listing.js';
import { readPages } from '../../paging/read-pages.js';
import type { Step } from '../../resource.js';
import { PeopleIndex } from './people-index.js';

export const USER_STATUSES = ['active', 'inactive', 'pending'] as const;
/** `inactive` users are deactivated. `pending` ones have not signed in yet, and have no id. */
export type UserStatus = (typeof USER_STATUSES)[number];

export type User = { readonly email: string; readonly status: UserStatus; readonly id?: string };

export const USERS_SCOPES: readonly string[] = ['user:read:admin', 'user:read:list_users:admin'];

export type UserIndex = PeopleIndex<User>;

/** Reads the account's users of every status: each is a list of its own. */
export function listUsers(users: UserIndex): readonly Step[] {
  return USER_STATUSES.map((status) =>
    readPages({
      operation: `list-${status}-users`,
      // The largest page (Zoom's API reference, "List users").
      call: {
        label: 'medium',
        method: 'GET',
        path: '/users',
        query: { status, page_size: '2000' },
        success: 200,
      },
      listField: 'users',
      parse: ({ id, email }): User | undefined => {
        if (typeof email !== 'string' || email === '') return undefined;
        return { email, status, ...(isUsableId(id) && status !== 'pending' ? { id } : {}) };
      },
      createCollection: () => new PeopleIndex<User>(),
      done: (listing) => {
        if (listing.type === 'complete') {
          for (const user of listing.items) users.add(user);
          return {};
        }
        const what = `${status} users of the account`;
        const why = 'contact groups know their members by id';
        return { stop: explainFailedListing(listing, what, why, USERS_SCOPES) };
      },
    }),
  );
}
