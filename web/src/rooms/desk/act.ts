// What can be signed at a desk, about a request or about a hold.
import type { DeskPerson, DeskRequest } from '../../api/types';
import { route } from '../../route.svelte';

export type Act =
  | 'approve'
  | 'refuse'
  | 'release'
  | 'hold'
  | 'end_hold'
  | 'extend_delay'
  | 'withdraw_disclosure'
  | 'erase_records';

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

/** Follows a link to another desk within the page; a click that opens a new tab is left alone. */
export function follow(e: MouseEvent, to: Record<string, string | null>): void {
  if (e.metaKey || e.ctrlKey || e.shiftKey) return;
  e.preventDefault();
  route.set(to);
  scrollTo(0, 0);
  document.getElementById('main')?.focus({ preventScroll: true });
}
