import type { AccessRequest, RequestState, RequestText } from '../../api/types';

/** States after which nothing can be played any more. */
export const ENDED: ReadonlySet<RequestState> = new Set(['refused', 'withdrawn', 'expired']);
export const OPEN: ReadonlySet<RequestState> = new Set(['open', 'exported']);
export const STEPS = ['asked', 'approved', 'released', 'open', 'exported'] as const;

/** The request's own text, read for showing. */
export function readRequest(r: AccessRequest): RequestText | null {
  try {
    return JSON.parse(r.request) as RequestText;
  } catch {
    return null;
  }
}
