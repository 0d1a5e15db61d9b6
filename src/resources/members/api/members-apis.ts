/** The members APIs by the value of `--api`. */
import type { Api } from '../../../model/choices.js';
import { contactMembers } from './contact-members.js';
import { imMembers } from './im-members.js';
import type { MembersApi } from './members-api.js';

export const MEMBERS_APIS: Readonly<Record<Api, MembersApi>> = { im: imMembers, contacts: contactMembers };
