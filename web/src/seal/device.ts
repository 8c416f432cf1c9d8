// The requester's own key: their row of the roster names its public half, and their signature under
// a request says that the one-time key in it is theirs. On a real installation the private half
// never leaves this browser and cannot be read out of it; a demo holds everybody's keys and signs
// for them.
import { post, V1 } from '../api/call';
import { session } from '../api/session.svelte';
import { say } from '../words/index.svelte';
import { base64, utf8 } from './bytes';
import { DEVICE_KEYS, withStore } from './kept';

const CONTEXT = 'loggia/request/signed/v1\n';

const found = (person: string): Promise<CryptoKeyPair | undefined> =>
  withStore(DEVICE_KEYS, 'readonly', (s) => s.get(person) as IDBRequest<CryptoKeyPair | undefined>);

/** Makes a key of this device for a person and keeps it; gives the roster's `sign_key`. */
async function enrol(person: string): Promise<string> {
  const pair = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair;
  await withStore(DEVICE_KEYS, 'readwrite', (s) => s.put(pair, person));
  return publicOf(pair);
}

async function publicOf(pair: CryptoKeyPair): Promise<string> {
  return base64(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)));
}

const row = (key: string): string => `sign_key = "${key}"`;

/** The signature over a request's exact text. The first time on a device there is only a new key,
 * and the words say what to do with it. */
export async function signRequest(text: string, person: string): Promise<string> {
  const pair = await found(person);
  if (pair) {
    const signed = await crypto.subtle.sign('Ed25519', pair.privateKey, utf8(CONTEXT + text));
    return base64(new Uint8Array(signed));
  }
  if (session.demo) {
    const { signature } = await post<{ signature: string }>(`${V1}/demo/sign`, { request: text });
    return signature;
  }
  throw new Error(say('ask.newDevice', { row: row(await enrol(person)) }));
}
