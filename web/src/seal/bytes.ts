// Bytes, written and read: hexadecimal, base64, big-endian integers, joining and comparing.

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
export const utf8 = (s: string): Bytes => encoder.encode(s);
export const text = (b: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(b);

export const hex = (b: Uint8Array): string =>
  Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('');

export function fromHex(s: string): Bytes {
  if (s.length % 2 || /[^0-9a-f]/i.test(s)) throw new Error('not hexadecimal');
  return Uint8Array.from(s.match(/../g) ?? [], (x) => parseInt(x, 16));
}

export function base64(b: Uint8Array): string {
  let s = '';
  for (let i = 0; i < b.length; i += 8192) s += String.fromCharCode(...b.subarray(i, i + 8192));
  return btoa(s);
}

export function fromBase64(s: string): Bytes {
  const standard = s.replace(/-/g, '+').replace(/_/g, '/');
  return Uint8Array.from(atob(standard), (c) => c.charCodeAt(0));
}

export function join(...parts: Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

export const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);

export const u8 = (n: number): Bytes => Uint8Array.of(n);
export function u16(n: number): Bytes {
  const b = new Uint8Array(2);
  new DataView(b.buffer).setUint16(0, n);
  return b;
}
export function u32(n: number): Bytes {
  const b = new Uint8Array(4);
  new DataView(b.buffer).setUint32(0, n);
  return b;
}
export function u64(n: number | bigint): Bytes {
  const b = new Uint8Array(8);
  new DataView(b.buffer).setBigUint64(0, BigInt(n));
  return b;
}
export const view = (b: Uint8Array): DataView => new DataView(b.buffer, b.byteOffset, b.byteLength);

export async function sha256(...parts: Uint8Array[]): Promise<Bytes> {
  const first = parts[0];
  const all = parts.length === 1 && first ? (first as Bytes) : join(...parts);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', all));
}
