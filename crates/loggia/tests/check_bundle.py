"""Checks an export bundle, offline: written from docs/design/seal.md and the bundle's layout, with
Python's `cryptography` alone. Exits non-zero and names the first thing that is wrong.
python check_bundle.py BUNDLE.zip [LOG_KEY, as the city publishes it at /log/key]"""
import base64, hashlib, json, struct, sys, zipfile
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HEADER = struct.Struct(">4sBBH I8sQ Qqqq I32s")
SPAN_OPEN, PIECE, MANIFEST = 1, 2, 4
b64, sha256 = base64.b64decode, lambda *parts: hashlib.sha256(b"".join(parts)).digest()

must = lambda holds, wrong: holds or sys.exit(wrong)

def signed(public, signature, message):
    try:
        return Ed25519PublicKey.from_public_bytes(public).verify(signature, message) is None
    except InvalidSignature:
        return False

def checkpoint(note, key):
    """(size, root) of a note signed by the log (C2SP signed-note, tlog-checkpoint)."""
    (name, _, public), (text, signatures) = key.strip().split("+", 2), note.split("\n\n", 1)
    origin, size, root = text.split("\n")[:3]
    sigs = [b64(s.split(" ")[2])[4:] for s in signatures.splitlines()]
    good = any(signed(b64(public)[1:], sig, text.encode() + b"\n") for sig in sigs)
    must(good and origin == name, "checkpoint: not signed by the log's key")
    return int(size), b64(root)

def included(entry, index, proof, size, root):
    at, last, node = index, size - 1, sha256(b"\0", entry)  # RFC 9162 section 2.1.3.2
    for sibling in proof:
        left = at & 1 or at == last
        node = sha256(b"\1", sibling, node) if left else sha256(b"\1", node, sibling)
        while left and at and not at & 1:
            at, last = at >> 1, last >> 1
        at, last = at >> 1, last >> 1
    return 0 <= index < size and last == 0 and node == root

def records(chain, recorders):
    """Yields (kind, track, camera, span, seq, header, body); exits at the first break, named."""
    at, last, listed, first = 0, None, [], 0
    while at < len(chain):
        header = chain[at : at + 96]
        must(header[:4] == b"LGR1" and len(header) == 96, f"seal broken after {last and last[:2]}")
        _, kind, track, _, camera, key, span, seq, _, _, _, size, prev = HEADER.unpack(header)
        body, sig = chain[at + 96 : at + 96 + size], chain[at + 96 + size : at + 160 + size]
        digest, where = sha256(header, body), f"seal broken at camera {camera} record {seq}"
        good = key in recorders and signed(recorders[key], sig, b"loggia/seal/v1 record\n" + digest)
        must(good, f"{where}: altered, cut short or of an unknown recorder")
        # Spans that were not asked for leave holes: a run begins anew at a span's first record.
        goes_on = last and last[:2] == (camera, seq - 1)
        sound = prev == last[2] if goes_on else kind == SPAN_OPEN
        must(sound, f"{where}: what stood before it was removed or replaced")
        first, listed = (seq, []) if kind == SPAN_OPEN else (first, listed)
        listed += [struct.pack(">Q", seq) + digest] if kind == PIECE else []
        pieces = struct.pack(">QI", first, len(listed)) + b"".join(listed)
        must(kind != MANIFEST or body[:-8] == pieces, f"{where}: the manifest lists other pieces")
        yield kind, track, camera, span, seq, header, body
        at, last = at + 160 + size, (camera, seq, digest)

def media(mp4):
    """The payload of every top-level `mdat` box (ISO/IEC 14496-12); a fragment's is under 4 GiB."""
    at, out = 0, []
    while at < len(mp4):
        size, kind = struct.unpack_from(">I4s", mp4, at)
        out += [mp4[at + 8 : at + size]] if kind == b"mdat" else []
        at += max(size, 8)
    return b"".join(out)

def opened(sealed, recorders, shares):
    keys, clear = {}, {}  # `clear`: every camera's media bytes
    for kind, track, camera, span, seq, header, body in records(sealed, recorders):
        info, name = struct.pack(">IQ", camera, span), f"keys.json: camera {camera} span {span}"
        if kind == SPAN_OPEN:
            must((camera, span) in shares, f"{name} is missing")
            kdf = HKDF(hashes.SHA256(), 64, b"loggia/seal/v1", b"span key\n" + info)
            okm = kdf.derive(shares[camera, span])
            must(okm[32:] == body[:32], f"{name} is not what the recorder committed to")
            keys[camera, span] = AESGCM(okm[:32])
        elif kind == PIECE and track == 0:
            piece = keys[camera, span].decrypt(bytes(4) + struct.pack(">Q", seq), body, header)
            clear[camera] = clear.get(camera, b"") + media(piece)
    return clear

def main(path, log_key=None):
    read = zipfile.ZipFile(path).read
    export, named = json.loads(read("export.json")), json.loads(read("manifest.json"))
    recorders = {sha256(p)[:8]: p for p in (b64(k["public"]) for k in export["recorder_keys"])}
    listed = {f["name"]: f["sha256"] for f in named["files"]}
    list(records(read("sealed.lgr"), recorders))
    for name in sorted({*listed, "sealed.lgr", "keys.json", "request.json"}):
        must(sha256(read(name)).hex() == listed.get(name), f"{name}: changed after the export")
    size, root = checkpoint(export["checkpoint"], log_key or export["log_key"])
    for word in ("recipient", "exhibit"):
        must(named[word] == export[word], f"export.json: another {word} than the one logged")
    entry, index, proof = b64(export["entry"]), export["entry_index"], map(b64, export["proof"])
    must(included(entry, index, proof, size, root), "log: the entry is not under the checkpoint")
    for key in export["recorder_keys"]:
        named, place, siblings = b64(key["entry"]), key["entry_index"], map(b64, key["proof"])
        public, said = sha256(b64(key["public"]))[:8].hex(), json.loads(named)
        by = (said["kind"], said.get("recorder")) == ("recorder_started", public) and place < index
        good = by and included(named, place, siblings, size, root)
        must(good, f"recorder key {public}: not named in the public log before the export")
    said, own = json.loads(entry), ("export", sha256(read("manifest.json")).hex())
    must((said["kind"], said.get("bundle")) == own, "log: the entry is about another export")
    asked_for = sha256(b"loggia/request/v1\n", read("request.json")).hex()
    must(said["request"] == asked_for, "request.json: not the request that the log entry names")
    spans, ask = json.loads(read("keys.json"))["spans"], json.loads(read("request.json"))
    shares = {(s["camera"], s["span"]): b64(s["police"]) + b64(s["oversight"]) for s in spans}
    want = {(a["camera"], n) for a in ask["camera_spans"] for n in range(a["first"], a["last"] + 1)}
    must(set(shares) <= want, "keys.json: opens spans that were not asked for")
    clear = opened(read("sealed.lgr"), recorders, shares)
    must(set(clear) == {camera for camera, _ in want}, "sealed.lgr: not the cameras asked for")
    for camera, clear_bytes in clear.items():
        own = [n for n in sorted(listed) if n.startswith(f"clip-cam-{camera:04}")] or ["clip.mp4"]
        must(b"".join(media(read(n)) for n in own) == clear_bytes, f"{own[0]}: not what was sealed")
    print(f"holds; log entry {index} of {size}, log key", log_key or export["log_key"])

if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (InvalidTag, KeyError, ValueError, TypeError, struct.error, zipfile.BadZipFile) as why:
        sys.exit(f"the bundle does not read: {type(why).__name__}: {why}")
