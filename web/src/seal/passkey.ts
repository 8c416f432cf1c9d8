// Passkeys (WebAuthn Level 3): making one for the roster, and letting it sign one statement. What
// goes to the authenticator is the SHA-256 of the exact statement, which names the request's hash.
// Nothing here believes an answer: the server checks it against the roster, and so does every desk.
import { base64, same, sha256, utf8, type Bytes } from './bytes';

/** A passkey as the roster holds it. */
export interface Passkey {
  id: string;
  origin: string;
  key: string;
}
export type Word = 'approve' | 'refuse';

/** Why none was made or nothing signed, by the words of the page. */
export class NoPasskey extends Error {
  readonly why: 'cannot' | 'synced' | 'unknownKind' | 'broke';
  constructor(why: NoPasskey['why']) {
    super(why);
    this.why = why;
  }
}

/** A statement counts for 120 s from its own time; the authenticator has less. */
const TOUCH_WITHIN_MS = 100_000;
/** Flag of a credential that may be copied elsewhere (clause 6.1). */
const BACKUP_ELIGIBLE = 0x08;
/** Behind hash, flags and counter come 16 B of AAGUID, 2 of the length, then the id. */
const ID_AT = 37 + 16 + 2;

export const base64url = (b: Uint8Array): string =>
  base64(b).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

/** Whether this page's address can be a relying party: a name, over TLS or on this machine. */
export const canMake = (): boolean =>
  'PublicKeyCredential' in globalThis &&
  isSecureContext &&
  /[a-z]/.test(location.hostname.split('.').at(-1) ?? '');

const ES256 = [0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20];
const EDDSA = [0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 0x20];

/** The COSE key in an authenticator's data: 77 B (ES256) or 42 B (EdDSA), in its one form. */
export function coseKey(data: Uint8Array): Bytes {
  const id = ((data[ID_AT - 2] ?? 0) << 8) | (data[ID_AT - 1] ?? 0);
  const at = ID_AT + id;
  for (const [head, length] of [[ES256, 77], [EDDSA, 42]] as const) {
    const key = new Uint8Array(data.slice(at, at + length));
    if (key.length === length && same(key.slice(0, 10), Uint8Array.from(head))) return key;
  }
  throw new NoPasskey('unknownKind');
}

async function asked<T>(act: () => Promise<Credential | null>): Promise<T> {
  let made: Credential | null = null;
  try {
    made = await act();
  } catch {
    // Cancelled, timed out, or nothing there that can: browsers do not say which, on purpose.
  }
  if (!made) throw new NoPasskey('broke');
  return made as T;
}

/** Makes a passkey for a person at this address. The server does not hear of it. */
export async function makePasskey(person: string, name: string): Promise<Passkey> {
  if (!canMake()) throw new NoPasskey('cannot');
  const user = new Uint8Array((await sha256(utf8(`loggia/passkey/v1\n${person}`))).slice(0, 32));
  const made = await asked<PublicKeyCredential>(() =>
    navigator.credentials.create({
      publicKey: {
        rp: { id: location.hostname, name: 'Loggia' },
        user: { id: user, name: person, displayName: name },
        challenge: crypto.getRandomValues(new Uint8Array(32)),
        pubKeyCredParams: [
          { type: 'public-key', alg: -7 },
          { type: 'public-key', alg: -8 },
        ],
        authenticatorSelection: { userVerification: 'required', residentKey: 'discouraged' },
        attestation: 'none',
        timeout: TOUCH_WITHIN_MS,
      },
    }),
  );
  const response = made.response as AuthenticatorAttestationResponse;
  const data = new Uint8Array(response.getAuthenticatorData());
  if ((data[32] ?? 0) & BACKUP_ELIGIBLE) throw new NoPasskey('synced');
  return {
    id: base64url(new Uint8Array(made.rawId)),
    origin: location.origin,
    key: base64url(coseKey(data)),
  };
}

/** The exact statement: field order is part of the format, as in `request.ts`. */
export const statementText = (
  request: string,
  act: Word,
  by: string,
  at: number,
  note: string,
): string => JSON.stringify({ v: 1, request, act, by, at, note });

export const challengeOf = (statement: string): Promise<Bytes> =>
  sha256(utf8('loggia/statement/v1\n'), utf8(statement));

/** Lets one of the person's passkeys sign a statement; the answer is what the server takes. */
export async function signWith(
  passkeys: Passkey[],
  statement: string,
): Promise<{ statement: string; signature: string }> {
  const challenge = await challengeOf(statement);
  const raw = (id: string) =>
    Uint8Array.from(atob(id.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  const said = await asked<PublicKeyCredential>(() =>
    navigator.credentials.get({
      publicKey: {
        rpId: location.hostname,
        challenge,
        allowCredentials: passkeys.map((p) => ({ type: 'public-key', id: raw(p.id) })),
        userVerification: 'required',
        timeout: TOUCH_WITHIN_MS,
      },
    }),
  );
  const answer = said.response as AuthenticatorAssertionResponse;
  const parts = [said.rawId, answer.authenticatorData, answer.clientDataJSON, answer.signature];
  const signature = ['webauthn.v1', ...parts.map((p) => base64url(new Uint8Array(p)))].join('.');
  return { statement, signature };
}

/** The lines for `members.toml`. */
export const rowOf = (p: Passkey): string =>
  `[[members.passkeys]]\nid = "${p.id}"\norigin = "${p.origin}"\nkey = "${p.key}"\n`;
