/** What a simulated run created, for the simulator of a later process. */
import type { RunState } from '../events/run-state.js';
import { parseFingerprint } from '../resources/groups/fields.js';
import type { SimulatedGroup } from '../simulator/server.js';

/** The simulator knows nothing of an earlier process: what this run created there is given to it again. */
export function findCreatedGroups(state: RunState | undefined): readonly SimulatedGroup[] {
  return [...(state?.rows.values() ?? [])].flatMap(({ effects = [] }) => {
    const created = effects.find(({ operation }) => operation === 'create');
    const id = created?.ids.groupId;
    return id === undefined || !created ? [] : [toSimulatedGroup(id, created.name, created.fingerprint)];
  });
}

function toSimulatedGroup(id: string, name: string, fingerprint: string): SimulatedGroup {
  const { type, searchByDomain, searchByAccount, searchByMaAccount, description } =
    parseFingerprint(fingerprint);
  return {
    id,
    name,
    ...(type === undefined ? {} : { type }),
    ...(searchByDomain === undefined ? {} : { search_by_domain: searchByDomain }),
    ...(searchByAccount === undefined ? {} : { search_by_account: searchByAccount }),
    ...(searchByMaAccount === undefined ? {} : { search_by_ma_account: searchByMaAccount }),
    ...(description === undefined ? {} : { description }),
  };
}
