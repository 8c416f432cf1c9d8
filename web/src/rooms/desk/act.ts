// What can be signed at a desk, about a request or about a hold.
import type { DeskPerson, DeskRequest } from '../../api/types';

export type Act = 'approve' | 'refuse' | 'release' | 'hold' | 'end_hold';

/** What this person can say about the request now. A live view takes no custodian. */
export function actsOf(r: DeskRequest, p: DeskPerson): Act[] {
  if (r.state === 'asked' && p.roles.includes('approver') && p.body !== r.body) {
    return ['approve', 'refuse'];
  }
  const waits =
    (r.state === 'approved' || r.state === 'released') &&
    r.case.purpose !== 'incident_live' &&
    !r.released_groups.includes(p.body);
  return waits && p.roles.includes('custodian') ? ['release'] : [];
}
