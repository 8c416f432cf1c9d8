// Asks about the date on which place and hour become public: the exact bytes that are signed for.
import type { AskWhat } from '../../api/disclosures';
import { hex, sha256, utf8 } from '../../seal/bytes';

export interface AskText {
  v: 1;
  request: string;
  what: AskWhat;
  reason: string;
  until: number;
  court: string;
  asked_by: string;
  nonce: string;
}

/** Field order is part of the format: the text is hashed as it stands, without white space. */
export const askText = (a: Omit<AskText, 'v' | 'nonce'>): string =>
  JSON.stringify({
    v: 1,
    request: a.request,
    what: a.what,
    reason: a.reason,
    until: a.until,
    court: a.court,
    asked_by: a.asked_by,
    nonce: hex(crypto.getRandomValues(new Uint8Array(32))),
  } satisfies AskText);

export const askHash = async (ask: string): Promise<string> =>
  hex(await sha256(utf8('loggia/disclosure-ask/v1\n'), utf8(ask)));

export function readAsk(ask: string): AskText | null {
  try {
    return JSON.parse(ask) as AskText;
  } catch {
    return null;
  }
}

/** Reasons for each, by the closed list of crates/policy/src/disclosure. */
export const REASONS: Record<AskWhat, string[]> = {
  extend: ['investigation', 'danger', 'court'],
  withdraw: ['danger', 'privacy', 'court'],
  erase: ['privacy', 'expired'],
};
