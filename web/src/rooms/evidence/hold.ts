// Holds: the exact bytes that both bodies sign for, and what is read out of them for showing.
import type { CameraSpans, Hold, HoldText } from '../../api/types';
import { hex, sha256, utf8 } from '../../seal/bytes';

/** Field order is part of the format: the text is hashed as it stands, without white space. */
export function holdText(h: Omit<HoldText, 'v'>): string {
  const ordered: HoldText = {
    v: 1,
    camera_spans: h.camera_spans.map((s): CameraSpans => ({
      camera: s.camera,
      first: s.first,
      last: s.last,
    })),
    reason: h.reason,
    until: h.until,
    review: h.review,
    asked_by: h.asked_by,
    nonce: h.nonce,
  };
  return JSON.stringify(ordered);
}

export const holdHash = async (hold: string): Promise<string> =>
  hex(await sha256(utf8('loggia/hold/v1\n'), utf8(hold)));

export function readHold(h: Hold): HoldText | null {
  try {
    return JSON.parse(h.hold) as HoldText;
  } catch {
    return null;
  }
}
