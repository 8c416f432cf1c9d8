"""Checks that an opening stood in a log that bodies outside the city cosigned, offline: written from
C2SP tlog-policy, tlog-proof, signed-note and tlog-cosignature, with Python's `cryptography` alone.
python check_proofs.py BUNDLE.zip|PROOF.tlog-proof POLICY"""
import base64, hashlib, json, struct, sys, time, zipfile
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

LOG, COSIGN, COSIGN_ML_DSA = 0x01, 0x04, 0x06
KINDS = ("request_filed", "decision", "opening", "export")
b64, sha256 = base64.b64decode, lambda *parts: hashlib.sha256(b"".join(parts)).digest()

def plain(text):  # what a stranger's file says moves no cursor
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)

def must(holds, wrong):
    return holds or sys.exit(plain(wrong))

def vkey(text):
    """(name, key id, type, key) of a signed note's verifier key."""
    name, key_id, key = text.split("+", 2)
    blob = b64(key, validate=True)
    return name, bytes.fromhex(key_id), blob[0], blob[1:]

def policy(text):
    """(logs, witnesses by name, groups in order, quorum)."""
    logs, witnesses, groups, quorum = [], {}, {}, None
    for line in text.split("\n"):
        words = line.replace("\t", " ").split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "log":
            logs.append(vkey(words[1]))
        elif words[0] == "witness":
            witnesses[words[1]] = vkey(words[2])
        elif words[0] == "group":
            members = words[3:]
            must(all(m in witnesses or m in groups for m in members), f"policy: {line}")
            need = {"all": len(members), "any": 1}.get(words[2]) or int(words[2])
            groups[words[1]] = (need, members)
        elif words[0] == "quorum":
            quorum = words[1]
        else:
            sys.exit(f"policy: {line}")
    must(quorum in witnesses or quorum in groups, "policy: it needs no witness")
    return logs, witnesses, groups, quorum

def signed(public, kind, signature, message):
    key = MLDSA44PublicKey if kind == COSIGN_ML_DSA else Ed25519PublicKey
    try:
        return key.from_public_bytes(public).verify(signature, message) is None
    except InvalidSignature:
        return False

def cosigned(note, rules):
    """(size, root, names of those that cosigned, oldest time) of a note that meets the policy."""
    logs, witnesses, groups, quorum = rules
    text, lines = note.rsplit("\n\n", 1)
    text += "\n"
    origin, size, root = text.split("\n")[:3]
    found = [(line.split(" ")[1], b64(line.split(" ")[2])) for line in lines.splitlines()]
    good = any(
        name == origin and kind == LOG and signed(key, kind, blob[4:], text.encode())
        for name, key_id, kind, key in logs
        for by, blob in found if by == name and blob[:4] == key_id)
    must(good, "checkpoint: not signed by a log of the policy")
    met, times = {}, []
    for short, (name, key_id, kind, key) in witnesses.items():
        for by, blob in found:
            if by != name or blob[:4] != key_id:
                continue
            (at,) = struct.unpack(">Q", blob[4:12])
            message = f"cosignature/v1\ntime {at}\n{text}".encode()
            if kind == COSIGN_ML_DSA:
                pascal = lambda s: bytes([len(s.encode())]) + s.encode()
                message = (LABEL + pascal(name) + struct.pack(">Q", at) + pascal(origin)
                           + struct.pack(">QQ", 0, int(size)) + b64(root))
            must(signed(key, kind, blob[12:], message), f"checkpoint: {short}: a wrong cosignature")
            met[short] = True
            times.append(at)
    for name, (need, members) in groups.items():
        met[name] = sum(bool(met.get(m)) for m in members) >= need
    by = ", ".join(n for n in witnesses if met.get(n)) or "nobody"
    must(met.get(quorum), f"checkpoint: cosigned by {by}, which is not the quorum")
    return int(size), b64(root), by, min(times)

def proven(text, rules):
    """(index, entry) of a tlog-proof whose entry stands in a cosigned log."""
    head, note = text.split("\n\n", 1)
    first, *lines = head.split("\n")
    must(first == "c2sp.org/tlog-proof@v1", "proof: no tlog-proof")
    must(lines[0].startswith("extra "), "proof: it comes without its entry")
    entry, index = b64(lines[0][6:]), int(lines[1].removeprefix("index "))
    size, root, by, at = cosigned(note, rules)
    place, last, node = index, size - 1, sha256(b"\0", entry)  # RFC 9162 section 2.1.3.2
    for sibling in map(b64, lines[2:]):
        left = place & 1 or place == last
        node = sha256(b"\1", sibling, node) if left else sha256(b"\1", node, sibling)
        while left and place and not place & 1:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    must(0 <= index < size and last == 0 and node == root, f"proof: entry {index} is not there")
    entry = json.loads(entry)
    utc = lambda s: time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(s))
    print(plain(f"{entry['kind']} of {utc(entry['at'])} UTC is entry {index} of {size}, which {by} "
                f"cosigned by {utc(at)}"))
    return index, entry

def main(path, rules):
    rules = policy(open(rules, encoding="utf-8").read())
    if not zipfile.is_zipfile(path):
        return proven(open(path, encoding="utf-8").read(), rules)
    archive = zipfile.ZipFile(path)
    export = json.loads(archive.read("export.json"))
    request = sha256(b"loggia/request/v1\n", archive.read("request.json")).hex()
    bundle, seen = sha256(archive.read("manifest.json")).hex(), {}
    for file in json.loads(archive.read("manifest.json"))["files"]:
        there = file["name"] in archive.namelist()
        whole = there and sha256(archive.read(file["name"])).hex() == file["sha256"]
        must(whole, f"{file['name']}: not the file that was exported")
    for text in export["proofs"]:
        index, entry = proven(text, rules)
        must(entry.get("request") == request, f"entry {index}: about another request")
        must(entry.get("decision", "approve") == "approve", f"entry {index}: a refusal")
        must(entry.get("bundle", bundle) == bundle, f"entry {index}: about another export")
        seen[entry["kind"]] = index
    order = [seen.get(kind, -1) for kind in KINDS]
    must(min(order) >= 0, f"export.json: no cosigned proof of {KINDS[order.index(min(order))]}")
    must(order == sorted(order), "the log has the steps of this opening in another order")
    print("holds: filed, approved, opened and exported in a log that the quorum has cosigned\n"
          "(whether the pictures are the sealed ones, check_bundle.py says)")

LABEL = b"subtree/v1\n\0"

if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (KeyError, IndexError, ValueError, TypeError, struct.error, zipfile.BadZipFile) as why:
        sys.exit(f"it does not read: {type(why).__name__}: {why}")
