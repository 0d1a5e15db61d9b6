/** Looks up the user whom `--member` names in the account's users. */
import type { Call } from '../../model/call.js';
import { isUsableId } from '../../resources/groups/api/groups-api.js';
import { emailKey, type Person } from '../../resources/members/api/members-api.js';
import { USER_STATUSES, type UserStatus } from '../../resources/members/api/users.js';
import { toPageCall } from '../../resources/paging/read-pages.js';
import { elementsOf, type Requests } from './requests.js';

/** As long as Zoom allows: a few pages show every user of most accounts. */
const PAGE_SIZE = 2000;
const PAGES_MAX = 20;

export async function findPerson(requests: Requests, member: string): Promise<Person> {
  const email = member.trim();
  for (const status of USER_STATUSES) {
    let call = listUsers(status, PAGE_SIZE);
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const outcome = await requests.ask(call);
      const user = elementsOf(outcome, 'users').find(
        (one) => emailKey(String(one.email)) === emailKey(email),
      );
      if (user) return { id: isUsableId(user.id) ? user.id : undefined, email };
      const { next_page_token: next } = outcome.body;
      if (typeof next !== 'string' || next === '') break;
      call = toPageCall(call, next);
    }
  }
  return { id: undefined, email };
}

export function listUsers(status: UserStatus, pageSize: number): Call {
  const query = { status, page_size: String(pageSize) };
  return { label: 'medium', method: 'GET', path: '/users', query, success: 200 };
}
