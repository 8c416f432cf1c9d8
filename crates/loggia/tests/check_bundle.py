"""Checks an export bundle, offline: written from docs/design/seal.md and the bundle's layout, with
Python's `cryptography` alone. Exits non-zero and names the first thing that is wrong.
python check_bundle.py BUNDLE.zip [LOG_KEY, as the city publishes it at /log/key]"""
import base64, hashlib, json, re, struct, sys, unicodedata, zipfile
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HEADER = struct.Struct(">4sBBH I8sQ Qqqq I32s")
SPAN_OPEN, PIECE, GAP, MANIFEST = 1, 2, 3, 4
FILES = r"sealed\.lgr|keys\.json|request\.json|HOW-TO-CHECK\.html|clip\.mp4|clip-cam-[0-9-]+\.mp4"
SNAP_US, EPOCH_1601_US = 250_000, 11_644_473_600_000_000
b64, sha256 = base64.b64decode, lambda *parts: hashlib.sha256(b"".join(parts)).digest()

line = lambda text: not any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") for c in text)
seen = lambda text: "".join(c if line(c) else ascii(c)[1:-1] for c in text)
must = lambda holds, wrong: holds or sys.exit(seen(wrong))

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
    at, last, listed, first, current, met = 0, None, [], 0, 0, set()
    while at < len(chain):
        header = chain[at : at + 96]
        must(header[:4] == b"LGR1" and len(header) == 96, f"seal broken after {last and last[:2]}")
        _, kind, track, _, camera, key, span, seq, begin, _, _, size, prev = HEADER.unpack(header)
        body, sig = chain[at + 96 : at + 96 + size], chain[at + 96 + size : at + 160 + size]
        digest, where = sha256(header, body), f"seal broken at camera {camera} record {seq}"
        good = key in recorders and signed(recorders[key], sig, b"loggia/seal/v1 record\n" + digest)
        must(good, f"{where}: altered, cut short or of an unknown recorder")
        # Of each camera one stretch without a hole, beginning with a span.
        goes_on = last and last[0] == camera
        must(goes_on or camera not in met, f"{where}: stands apart from its camera's others")
        met.add(camera)
        sound = (seq, prev) == (last[1] + 1, last[2]) if goes_on else kind == SPAN_OPEN
        must(sound, f"{where}: what stood before it was removed or replaced")
        if kind == SPAN_OPEN:
            must(not goes_on or span > highest, f"{where}: span {span} was there before")
            highest = span
        current = span if kind == SPAN_OPEN or (kind == GAP and not span) else current
        must(span == current, f"{where}: belongs to span {span}, which is not open")
        current = 0 if kind == MANIFEST else current
        first, listed = (seq, []) if kind == SPAN_OPEN else (first, listed)
        listed += [struct.pack(">Q", seq) + digest] if kind == PIECE else []
        pieces = struct.pack(">QI", first, len(listed)) + b"".join(listed)
        must(kind != MANIFEST or body[:-8] == pieces, f"{where}: the manifest lists other pieces")
        yield kind, track, camera, span, seq, header, body, begin
        at, last = at + 160 + size, (camera, seq, digest)

def whole(sealed, recorders, asked):
    """Each camera's records: from the first span asked for to the end of the last one."""
    cameras = {}
    for record in records(sealed, recorders):
        cameras.setdefault(record[2], []).append(record)
    must(set(cameras) == set(asked), "sealed.lgr: not the cameras asked for")
    for camera, (low, high) in asked.items():
        spans, name = [r[3] for r in cameras[camera] if r[3]], f"sealed.lgr: cam-{camera:04} span "
        strange = [span for span in spans if not low <= span <= high]
        must(not strange, f"{name}{strange[:1]}: was not asked for")
        # No record is missing between the two: a number that does not come was never used.
        must(spans[0] == low, f"{name}{low} is missing")
        must(spans[-1] == high, f"{name}{high} is missing")
        kind, _, _, span = cameras[camera][-1][:4]
        # A crash leaves a span without its manifest; then the chain goes on with a gap.
        must(kind == MANIFEST or not span, f"{name}{high} is not whole")
    return cameras

def boxes(mp4, at=0):
    """(kind, place, whole) of each box (ISO/IEC 14496-12) of under 4 GiB that says its size."""
    out = []
    while at < len(mp4):
        size, kind = struct.unpack_from(">I4s", mp4, at)
        must(8 <= size <= len(mp4) - at, "a box is cut short")
        out.append((kind, at, mp4[at : at + size]))
        at += size
    return out

def child(mp4, *path):
    """Place and content of the one box at that path."""
    at = 0
    for kind in path:
        own = [(b[1] + 8, b[2][8:]) for b in boxes(mp4) if b[0] == kind]
        must(len(own) == 1, f"not one `{kind.decode()}`")
        at, mp4 = at + own[0][0], own[0][1]
    return at, mp4

def fragment(moof):
    """(sequence, decode time, length in ticks, all other bytes) of a movie fragment's header."""
    (a, mfhd), (b, tfdt), (_, trun) = (child(moof, b"moof", *path) for path in (
        [b"mfhd"], [b"traf", b"tfdt"], [b"traf", b"trun"]))
    flags, samples = struct.unpack_from(">II", trun)
    step = 4 * sum(bool(flags & f) for f in (0x100, 0x200, 0x400, 0x800))
    start = 8 + 4 * bool(flags & 1) + 4 * bool(flags & 4)
    must(flags & 0x100 and len(trun) == start + step * samples, "samples without their own length")
    ticks = sum(struct.unpack_from(">I", trun, start + step * i)[0] for i in range(samples))
    time, rest = int.from_bytes(tfdt[4 : 12 if tfdt[0] else 8], "big"), bytearray(moof)
    rest[a + 4 : a + len(mfhd)] = bytes(len(mfhd) - 4)
    rest[b + 4 : b + len(tfdt)] = bytes(len(tfdt) - 4)
    return int.from_bytes(mfhd[4:8], "big"), time, ticks, bytes(rest)

def joined(pieces):
    """What the exporter makes of (begin, piece): one list of boxes for each movie header."""
    files, last = [], None
    for begin, piece in pieces:
        parts = [(kind, whole) for kind, _, whole in boxes(piece) if kind != b"free"]
        kinds = b"".join(kind for kind, _ in parts)
        must(re.fullmatch(b"ftypmoov(moofmdat)+", kinds), "a sealed piece is no piece")
        (ftyp, moov), later = (whole for _, whole in parts[:2]), parts[2:]
        after = lambda b: struct.unpack_from(">I", b, 20 if b[0] else 12)[0]
        scale = after(child(moov, b"moov", b"trak", b"mdia", b"mdhd")[1])
        if (ftyp, moov) != last:
            track = after(child(moov, b"moov", b"trak", b"tkhd")[1])
            start = struct.pack(">IIQ", 1, track, (begin + EPOCH_1601_US) * 10)
            files.append([(b"ftyp", ftyp), (b"meta", start), (b"moov", moov)])
            last, origin, end, number = (ftyp, moov), begin, None, 0
        place = (begin - origin) * scale
        near = end is not None and abs(place - end) < SNAP_US * scale
        place = end if near else max(place, end or 0)
        shift, end = (place + 500_000) // 1_000_000 - fragment(later[0][1])[1], place
        for (_, moof), mdat in zip(later[::2], later[1::2]):
            _, time, ticks, rest = fragment(moof)
            number, end = number + 1, end + ticks * 1_000_000
            files[-1] += [(b"moof", (number, time + shift, ticks, rest)), mdat]
    return files

def same(shown, own):
    """A clip's boxes are those that the exporter makes; one tick is within its rounding."""
    for (kind, _, box), (due, want) in zip(shown, own):
        if kind != due:
            return False
        if kind == b"moof":
            box = fragment(box)
            box = (box[0], want[1], *box[2:]) if abs(box[1] - want[1]) <= 1 else box
        elif kind == b"meta":  # the exporter's words, but the recorder's time
            inner = boxes(box, 12)
            named = [b[0] for b in inner] == [b"hdlr", b"suep", b"cstb"]
            box = inner[2][2][8:] if named else None
        if box != want:
            return False
    return len(shown) == len(own)

def opened(chain, shares):
    keys = {}
    for kind, track, camera, span, seq, header, body, begin in chain:
        info, name = struct.pack(">IQ", camera, span), f"keys.json: camera {camera} span {span}"
        if kind == SPAN_OPEN:
            must((camera, span) in shares, f"{name} is missing")
            kdf = HKDF(hashes.SHA256(), 64, b"loggia/seal/v1", b"span key\n" + info)
            okm = kdf.derive(shares[camera, span])
            must(okm[32:] == body[:32], f"{name} is not what the recorder committed to")
            keys[span] = AESGCM(okm[:32])
        elif kind == PIECE and track == 0:
            yield begin, keys[span].decrypt(bytes(4) + struct.pack(">Q", seq), body, header)

def unpacked(path):
    """The ZIP's reader and names; each file stands once, is stored, and nothing is between them."""
    archive, at = zipfile.ZipFile(path), 0
    for info in sorted(archive.infolist(), key=lambda i: i.header_offset):
        archive.open(info).close()  # names its local header's own name
        archive.fp.seek(info.header_offset + 26)
        at, stood = info.header_offset + 30 + sum(struct.unpack("<HH", archive.fp.read(4))), at
        hides = info.header_offset != stood or info.compress_type
        must(not hides, f"{info.filename!r}: hides bytes")
        at += info.file_size
    must(at == archive.start_dir, "the ZIP hides bytes")
    return archive.read, archive.namelist()

def main(path, log_key=None):
    read, names = unpacked(path)
    export, named = json.loads(read("export.json")), json.loads(read("manifest.json"))
    recorders = {sha256(p)[:8]: p for p in (b64(k["public"]) for k in export["recorder_keys"])}
    listed = {f["name"]: f["sha256"] for f in named["files"]}
    files = [f["name"] for f in named["files"]]
    for name in files:
        must(re.fullmatch(FILES, name, re.A), f"manifest.json lists {name!r}: no file of a bundle")
        must(files.count(name) == 1, f"manifest.json lists {name} twice")
    for name in names:
        must(names.count(name) == 1, f"{name!r}: duplicate file names")
        fits = name in (*files, "manifest.json", "export.json")
        must(fits, f"{name!r}: manifest.json does not list it")
    list(records(read("sealed.lgr"), recorders))
    for name in sorted({*listed, "sealed.lgr", "keys.json", "request.json"}):
        must(sha256(read(name)).hex() == listed.get(name), f"{name}: changed after the export")
    size, root = checkpoint(export["checkpoint"], log_key or export["log_key"])
    for word in ("recipient", "exhibit"):
        must(named[word] == export[word], f"export.json: another {word} than the one logged")
        must(line(named[word]), f"the {word} is not one line of words: {named[word]}")
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
    asked = {a["camera"]: (a["first"], a["last"]) for a in ask["camera_spans"]}
    want = {(c, n) for c, (low, high) in asked.items() for n in range(low, high + 1)}
    must(set(shares) <= want, "keys.json: opens spans that were not asked for")
    must(len(shares) == len(spans), "keys.json: names a span twice")
    clips = {name for name in listed if name.startswith("clip")}
    for camera, chain in whole(read("sealed.lgr"), recorders, asked).items():
        due = joined(opened(chain, shares))
        for part, own in enumerate(due, 1):
            name = f"clip-cam-{camera:04}" + (f"-{part:03}" if len(due) > 1 else "") + ".mp4"
            name = "clip.mp4" if len(asked) == len(due) == 1 else name
            must(name in clips, f"{name}: missing")
            must(same(boxes(read(name)), own), f"{name}: not what was sealed")
            clips.remove(name)
    must(not clips, f"{sorted(clips)}: not what was sealed")
    print(seen(f"holds; log entry {index} of {size}, log key {log_key or export['log_key']}"))

if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (InvalidTag, KeyError, ValueError, TypeError, struct.error, zipfile.BadZipFile) as why:
        sys.exit(seen(f"the bundle does not read: {type(why).__name__}: {why}"))
