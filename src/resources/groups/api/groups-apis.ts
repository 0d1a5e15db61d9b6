/** The group APIs by the value of `--api`. */

import type { Api } from '../../../model/choices.js';
import { contactGroups } from './contact-groups.js';
import type { GroupsApi } from './groups-api.js';
import { imGroups } from './im-groups.js';

export const GROUPS_APIS: Readonly<Record<Api, GroupsApi>> = { im: imGroups, contacts: contactGroups };
