/** The library: the same pipeline for a program. It never exits, prints, or reads the environment. */
export type { Event } from './events/event.js';
export type { RunState } from './events/run-state.js';
export { type Planned, type ProvisionOptions, plan, provision } from './library/provision-groups.js';
export {
  type Membership,
  type ProvisionMembersOptions,
  provisionMembers,
} from './library/provision-members.js';
export {
  type AccountOptions,
  InvalidDefinitionsError,
  type Provisioned,
  type ProvisionResult,
} from './library/run-rows.js';
export type { RateLabel } from './model/call.js';
export type { AccountPlan } from './model/choices.js';
export type { Outcome } from './model/outcome.js';
export type { Status } from './model/statuses.js';
export { FatalError, type Stop, type StopReason } from './model/stop.js';
export type { Definition, GroupType, Settings } from './resources/groups/api/group.js';
export type { Problem } from './validation/problem.js';
export type { Credentials } from './zoom/oauth.js';
