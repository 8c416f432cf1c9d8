// The requester's own key: their row of the roster names its public half, and their signature under
// a request says that the one-time key in it is theirs. On a real installation the private half
// never leaves this browser and cannot be read out of it; a demo holds everybody's keys and signs
// for them.
import { get, post, V1 } from '../api/call';
import { session } from '../api/session.svelte';
import { base64, utf8 } from './bytes';
import { DEVICE_KEYS, withStore } from './kept';

const CONTEXT = 'loggia/request/signed/v1\n';

const found = (person: string): Promise<CryptoKeyPair | undefined> =>
  withStore(DEVICE_KEYS, 'readonly', (s) => s.get(person) as IDBRequest<CryptoKeyPair | undefined>);

/** Makes a key of this device for a person and keeps it. */
async function enrol(person: string): Promise<CryptoKeyPair> {
  const pair = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair;
  await withStore(DEVICE_KEYS, 'readwrite', (s) => s.put(pair, person));
  return pair;
}

async function publicOf(pair: CryptoKeyPair): Promise<string> {
  return base64(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)));
}

/** The roster does not name this device's key for the person: the line that belongs into it. */
export class NotInRoster extends Error {
  readonly row: string;
  constructor(key: string) {
    super('the roster does not name the key of this browser');
    this.row = `sign_key = "${key}"`;
  }
}

/** Whether the newest roster names the key. The server only spares its reader a refusal here. */
async function named(person: string, key: string): Promise<boolean> {
  const chain = await get<{ roster: string }[]>(`${V1}/roster`);
  const last = chain.at(-1);
  if (!last) return false;
  type Row = { person: string; sign_key: string };
  const { members } = JSON.parse(last.roster) as { members: Row[] };
  return members.some((m) => m.person === person && m.sign_key === key);
}

/** The signature over a request's exact text. The first time on a device there is only a new key:
 * nothing is filed with it before the roster names it.
 *
 * @throws {NotInRoster} With what has to be done about that. */
export async function signRequest(text: string, person: string): Promise<string> {
  const kept = await found(person);
  if (!kept && session.demo) {
    const { signature } = await post<{ signature: string }>(`${V1}/demo/sign`, { request: text });
    return signature;
  }
  const pair = kept ?? (await enrol(person));
  const key = await publicOf(pair);
  if (!(await named(person, key))) throw new NotInRoster(key);
  const signed = await crypto.subtle.sign('Ed25519', pair.privateKey, utf8(CONTEXT + text));
  return base64(new Uint8Array(signed));
}
