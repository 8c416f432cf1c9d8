// Builds the export bundle on the requester's side (docs/design/bundle.md): every record is checked
// and every piece opened again; the picture is not altered; the server logs the bundle's hash
// first.
import { post, V1 } from '../api/call';
import type { ExportReceipt, PublicCamera } from '../api/types';
import { recordersUnder } from '../log/recorders';
import { base64, hex, join, sha256, utf8, type Bytes } from '../seal/bytes';
import { Kind } from '../seal/record';
import type { OpenedFootage } from './footage';
import { howToCheck } from './how-to-check';
import { Joiner } from './mp4';
import { zip, type ZipFile } from './zip';

export interface ExportAsk {
  recipient: string;
  exhibit: string;
  operator: string;
  city: string;
  cameras: PublicCamera[];
  progress(done: number, all: number): void;
  logging(): void;
}
export interface Bundle {
  blob: Blob;
  name: string;
  hash: string;
  entryIndex: number;
  /** Names of the clips in it. */
  clips: string[];
}

const json = (v: unknown): Bytes => utf8(`${JSON.stringify(v, null, 2)}\n`);

/** `clip.mp4` when there is one, else one per camera and per change of the picture's format; the names
 *  sort in the order of the footage, which is how `loggia verify` reads them. */
function clipName(camera: number, part: number, parts: number, cameras: number): string {
  if (cameras === 1 && parts === 1) return 'clip.mp4';
  const number = String(camera).padStart(4, '0');
  return `clip-cam-${number}${parts === 1 ? '' : `-${String(part + 1).padStart(3, '0')}`}.mp4`;
}

export async function exportBundle(opened: OpenedFootage, ask: ExportAsk): Promise<Bundle> {
  const now = Date.now();
  const all = opened.cameras.reduce((n, c) => n + c.rows.length, 0);
  let done = 0;
  const sealed: Bytes[] = [];
  const clips: ZipFile[] = [];
  for (const camera of opened.cameras) {
    const joiner = new Joiner({
      unitName: `Loggia ${ask.city}`,
      unitUrl: location.origin,
      operator: ask.operator,
      exportedAt: now * 1000,
      cameraName: ask.cameras.find((c) => c.id === camera.camera)?.label ?? `camera ${camera.camera}`,
    });
    for (const s of camera.segments) {
      for await (const { record, plain } of camera.read(s, 0, new AbortController().signal)) {
        sealed.push(record.bytes);
        if (record.kind === Kind.Piece && plain) joiner.add(plain, record.begin, record.end);
        done += 1;
        ask.progress(done, all);
      }
    }
    joiner.files.forEach((f, i) => {
      clips.push({ name: clipName(camera.camera, i, joiner.files.length, opened.cameras.length), parts: f.parts });
    });
  }
  const files: ZipFile[] = [
    ...clips,
    { name: 'sealed.lgr', parts: sealed },
    { name: 'keys.json', parts: [json(keysFile(opened))] },
    // The exact bytes: SHA-256("loggia/request/v1\n" ‖ file) is the request's hash.
    { name: 'request.json', parts: [utf8(opened.request.request)] },
    { name: 'HOW-TO-CHECK.html', parts: [utf8(howToCheck(opened.request.id, clips.map((c) => c.name)))] },
  ];
  const listed = [];
  for (const f of files) listed.push({ name: f.name, sha256: hex(await sha256(join(...f.parts))) });
  // In the manifest, so that the logged hash holds them too.
  const manifest = json({ v: 1, recipient: ask.recipient, exhibit: ask.exhibit, files: listed });
  const hash = hex(await sha256(manifest));
  ask.logging();
  const receipt = await post<ExportReceipt>(`${V1}/requests/${opened.request.id}/exports`, {
    sha256: hash,
    recipient: ask.recipient,
    exhibit: ask.exhibit,
  });
  const recorders = await recordersUnder(receipt.checkpoint, opened.logKey, opened.recorderKeys);
  files.push({ name: 'manifest.json', parts: [manifest] });
  files.push({
    name: 'export.json',
    parts: [
      json({
        v: 2,
        bundle: hash,
        request: opened.request.id,
        recipient: ask.recipient,
        exhibit: ask.exhibit,
        ...receipt,
        recorder_keys: recorders,
      }),
    ],
  });
  const name = `loggia-${(ask.exhibit || opened.request.id.slice(0, 12)).replace(/[^\w.-]+/g, '_')}.zip`;
  const blob = zip(files, new Date(now));
  return { blob, name, hash, entryIndex: receipt.entry_index, clips: clips.map((c) => c.name) };
}

/** Both groups' shares are in it, so that a stranger can recompute key and commitment of each span. */
function keysFile(opened: OpenedFootage) {
  return {
    v: 1,
    spans: opened.cameras.flatMap((c) =>
      [...c.spanKeys.values()]
        .toSorted((a, b) => a.span - b.span)
        .map((k) => ({
          camera: k.camera,
          span: k.span,
          key: base64(k.key),
          commitment: hex(k.commitment),
          police: base64(k.police),
          oversight: base64(k.oversight),
        })),
    ),
  };
}
