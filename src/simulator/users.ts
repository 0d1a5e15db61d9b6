/** The account's users and user groups: the same on every start. */

export const USER_STATUSES = ['active', 'inactive', 'pending'] as const;
export type UserStatus = (typeof USER_STATUSES)[number];

export type SimulatedUser = {
  /** A pending user has none. */
  readonly id?: string;
  readonly email: string;
  readonly first_name?: string;
  readonly last_name?: string;
  readonly status?: UserStatus;
};

const FIRST_NAMES = ['Ada', 'Bela', 'Chen', 'Dana', 'Emeka', 'Farah', 'Goran', 'Hana'];
const LAST_NAMES = ['Adler', 'Brandt', 'Costa', 'Dubois', 'Eriksen', 'Fischer', 'Goto'];

/** Of 56 users three are inactive and three pending. */
export const DEFAULT_USERS: readonly SimulatedUser[] = LAST_NAMES.flatMap((last, row) =>
  FIRST_NAMES.map((first, column): SimulatedUser => {
    const status = column === 6 && row < 3 ? 'inactive' : column === 7 && row < 3 ? 'pending' : 'active';
    const email = `${first}.${last}@example.com`.toLowerCase();
    return createUser(row * FIRST_NAMES.length + column, email, first, last, status);
  }),
);

/** So many active users, `user1@example.com` and on. */
export function createUsers(count: number): readonly SimulatedUser[] {
  return Array.from({ length: count }, (_, i) =>
    createUser(i, `user${i + 1}@example.com`, 'User', String(i + 1), 'active'),
  );
}

function createUser(
  index: number,
  email: string,
  first_name: string,
  last_name: string,
  status: UserStatus,
): SimulatedUser {
  // Like Zoom's ids: 22 base64url characters.
  const id = Buffer.from(`user${String(index).padStart(12, '0')}`)
    .toString('base64url')
    .slice(0, 22);
  return { ...(status === 'pending' ? {} : { id }), email, first_name, last_name, status };
}

/** Contact groups can have user groups as members: their names by id. */
export const USER_GROUPS: ReadonlyMap<string, string> = new Map([
  ['ug-Engineering-000001', 'Engineering'],
  ['ug-Marketing-00000002', 'Marketing'],
  ['ug-Support-0000000003', 'Support'],
  ['ug-Finance-0000000004', 'Finance'],
]);

/** The users, by id and by e-mail address without regard to case. */
export class UserDirectory {
  readonly all: readonly SimulatedUser[];
  readonly #byId = new Map<string, SimulatedUser>();
  readonly #byEmail = new Map<string, SimulatedUser>();

  /** @param users a number stands for so many active ones */
  constructor(users: readonly SimulatedUser[] | number) {
    this.all = typeof users === 'number' ? createUsers(users) : users;
    for (const user of this.all) {
      if (user.id !== undefined) this.#byId.set(user.id, user);
      this.#byEmail.set(user.email.toLowerCase(), user);
    }
  }

  /** Also pending users; undefined for an address outside the account. */
  find({ id, email }: { readonly id?: string; readonly email?: string }): SimulatedUser | undefined {
    return id === undefined ? this.#byEmail.get((email ?? '').toLowerCase()) : this.#byId.get(id);
  }
}
