// Filing a request: opens the case, makes the one-time key, hashes and signs the exact text, keeps
// the key, sends.
import { get, post, V1 } from '../../api/call';
import type { AccessRequest, CaseRow, Cover } from '../../api/types';
import { signRequest } from '../../seal/device';
import { dropKey, keepKey, necessityHash, newNonce, newOneTimeKey, requestHash, requestText } from '../../seal/request';

export interface Ask {
  number: string;
  purpose: string;
  basis: string;
  necessity: string;
  cover: Cover;
  from: number;
  to: number;
  requester: string;
  policyHash: string;
}

export async function fileRequest(ask: Ask): Promise<AccessRequest> {
  const number = ask.number.trim();
  const necessity = ask.necessity.trim();
  const cases = await get<CaseRow[]>(`${V1}/cases`);
  const opened =
    cases.find((c) => c.number === number && c.purpose === ask.purpose) ??
    (await post<CaseRow>(`${V1}/cases`, { number, purpose: ask.purpose }));
  const { pair, publicText } = await newOneTimeKey();
  const request = requestText({
    // The form: cameras ascend, each stands once.
    camera_spans: ask.cover.camera_spans.toSorted((a, b) => a.camera - b.camera),
    from: ask.from,
    to: ask.to,
    purpose: ask.purpose,
    legal_basis: ask.basis,
    case_commitment: opened.commitment,
    one_time_key: publicText,
    policy_hash: ask.policyHash,
    requester: ask.requester,
    nonce: newNonce(),
    necessity: await necessityHash(necessity),
  });
  const signature = await signRequest(request, ask.requester);
  const id = await requestHash(request);
  // The key is kept first: a request whose key is lost could never be played.
  await keepKey(id, pair);
  try {
    const made = await post<AccessRequest>(`${V1}/requests`, { request, signature, case: opened.id, necessity });
    if (made.id !== id) throw new Error('the server names another request than the one that was sent');
    return made;
  } catch (e) {
    await dropKey(id).catch(() => undefined);
    throw e;
  }
}
