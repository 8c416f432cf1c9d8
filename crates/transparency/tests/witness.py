"""A second witness, written from the C2SP specifications and RFC 6962 with PyPI `cryptography`. For
tests: it shares no code with `loggia witness`, passes the same suite and checks its cosignatures.
    init --data DIR --name NAME | learn --data DIR VKEY | serve --data DIR --listen IP:PORT
    check VKEY... < CHECKPOINT       (all of these keys must have signed)
"""

import argparse, base64, hashlib, json, os, re, struct, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

LOG, ED25519, MLDSA44, DASH = 0x01, 0x04, 0x06, "\u2014 "
NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")

def sha256(data):
    return hashlib.sha256(data).digest()

def b64(data):
    return base64.b64encode(data).decode()
def unb64(text):
    data = base64.b64decode(text, validate=True)
    if b64(data) != text:
        raise ValueError("not canonical base64")
    return data

class Key:  # signed-note, "Verifier keys"
    def __init__(self, name, kind, public):
        self.name, self.kind, self.public = name, kind, public
        self.id = sha256(name.encode() + b"\n" + bytes([kind]) + public)[:4]

    def __str__(self):
        return f"{self.name}+{self.id.hex()}+{b64(bytes([self.kind]) + self.public)}"

    @staticmethod
    def parse(text):
        name, _, key = text.split("+", 2)
        key = Key(name, unb64(key)[0], unb64(key)[1:])
        if str(key) != text:
            raise ValueError("the vkey's hash is wrong")
        return key

    def verify(self, note, signature):  # raises unless it fits
        message, algorithm = note.text.encode(), Ed25519PublicKey
        if self.kind != LOG:
            (secs,), signature = struct.unpack(">Q", signature[:8]), signature[8:]
            message = cosigned(self, note, secs)
        if self.kind == MLDSA44:
            algorithm = MLDSA44PublicKey
        algorithm.from_public_bytes(self.public).verify(signature, message)

class Note:  # tlog-checkpoint
    def __init__(self, raw):
        head, lines = raw.rsplit("\n\n", 1)
        self.text = head + "\n"
        self.origin, size, root = self.text.split("\n")[:3]
        if not self.origin or not NUMBER.fullmatch(size) or len(unb64(root)) != 32:
            raise ValueError("not a checkpoint")
        self.size, self.root = int(size), unb64(root)
        self.lines = []
        for line in lines.splitlines():
            name, blob = line.removeprefix(DASH).split(" ")
            self.lines.append((name, unb64(blob)[:4], unb64(blob)[4:]))

    def by(self, key):  # raises if a line claims this key and lies
        mine = [sig for name, key_id, sig in self.lines if (name, key_id) == (key.name, key.id)]
        for sig in mine:
            key.verify(self, sig)
        return bool(mine)

def cosigned(key, note, secs):  # tlog-cosignature, the two signed messages
    if key.kind == ED25519:
        return f"cosignature/v1\ntime {secs}\n{note.text}".encode()
    name, origin = key.name.encode(), note.origin.encode()
    return (b"subtree/v1\n\0" + bytes([len(name)]) + name + struct.pack(">Q", secs)
            + bytes([len(origin)]) + origin + struct.pack(">QQ", 0, note.size) + note.root)

def consistent(old, old_root, new, new_root, proof):  # RFC 9162 section 2.1.4.2
    if old == 0 or old == new:
        return not proof and (old != new or old_root == new_root)
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    if old & (old - 1) == 0:
        proof = [old_root] + proof
    if not proof:
        return False
    fr = sr = proof[0]
    for c in proof[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = sha256(b"\1" + c + fr), sha256(b"\1" + c + sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha256(b"\1" + sr + c)
        fn, sn = fn >> 1, sn >> 1
    return fr == old_root and sr == new_root and sn == 0

class Witness:
    def __init__(self, folder):
        self.path, self.lock = os.path.join(folder, "state.json"), threading.Lock()
        with open(self.path) as file:
            self.state = json.load(file)
        seeds = [bytes.fromhex(seed) for seed in self.state["seeds"]]
        self.pairs = [Ed25519PrivateKey.from_private_bytes(seeds[0]),
                      MLDSA44PrivateKey.from_seed_bytes(seeds[1])]
        self.keys = [Key(self.state["name"], kind, pair.public_key().public_bytes_raw())
                     for kind, pair in zip((ED25519, MLDSA44), self.pairs)]

    def save(self):
        with open(self.path + ".new", "w") as file:
            json.dump(self.state, file)
            file.flush()
            os.fsync(file.fileno())
        os.rename(self.path + ".new", self.path)
        folder = os.open(os.path.dirname(self.path), os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def add_checkpoint(self, body):
        try:
            head, raw = body.decode().split("\n\n", 1)
            first, *proof = head.split("\n")
            old = int(NUMBER.fullmatch(first.removeprefix("old "))[0])
            proof, note = [unb64(line) for line in proof], Note(raw)
            if not first.startswith("old ") or len(proof) > 63 or any(len(p) != 32 for p in proof):
                raise ValueError("not in the form of add-checkpoint")
        except (ValueError, TypeError):
            return 400, "plain", "malformed\n"
        with self.lock:
            log = self.state["logs"].get(note.origin)
            if log is None:
                return 404, "plain", "unknown log\n"
            try:
                if not any([note.by(Key.parse(key)) for key in log["keys"]]):
                    return 403, "plain", "not signed by the log\n"
            except InvalidSignature:
                return 403, "plain", "wrong signature\n"
            size, root = log["size"], bytes.fromhex(log["root"])
            if old > note.size:
                return 400, "plain", "the old size is above the new\n"
            if old != size:
                return 409, "x.tlog.size", f"{size}\n"
            if log["cosigned"] and size == note.size and root != note.root:
                return 409, "plain", "another root was cosigned for this size\n"
            if not consistent(old, root, note.size, note.root, proof) or (
                    note.size == 0 and note.root != sha256(b"")):
                return 422, "plain", "the proof does not hold\n"
            log.update(size=note.size, root=note.root.hex(), cosigned=True)
            self.save()
        secs, lines = int(time.time()), ""
        for key, pair in zip(self.keys, self.pairs):
            signature = struct.pack(">Q", secs) + pair.sign(cosigned(key, note, secs))
            lines += f"{DASH}{key.name} {b64(key.id + signature)}\n"
        return 200, "plain", lines

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        answer = self.witness.add_checkpoint(body)
        self.send_response(answer[0])
        self.send_header("content-type", f"text/{answer[1]}")
        self.send_header("content-length", str(len(answer[2].encode())))
        self.end_headers()
        self.wfile.write(answer[2].encode())

    log_message = lambda *_: None

def main():
    args = argparse.ArgumentParser()
    args.add_argument("verb", choices=["init", "learn", "serve", "check"])
    args.add_argument("keys", nargs="*")
    for name in "--data", "--name", "--listen":
        args.add_argument(name)
    args = args.parse_intermixed_args()
    if args.verb == "check":
        note = Note(sys.stdin.buffer.read().decode())
        sys.exit(0 if all([note.by(Key.parse(key)) for key in args.keys]) else "not signed by all")
    if args.verb == "init":
        os.makedirs(args.data)
        state = {"name": args.name, "logs": {}, "seeds": [os.urandom(32).hex() for _ in "12"]}
        with open(os.path.join(args.data, "state.json"), "w") as file:
            json.dump(state, file)
        print("\n".join(map(str, Witness(args.data).keys)))
    elif args.verb == "learn":
        witness = Witness(args.data)
        log = {"keys": [], "size": 0, "root": sha256(b"").hex(), "cosigned": False}
        origin = Key.parse(args.keys[0]).name
        witness.state["logs"].setdefault(origin, log)["keys"] += args.keys
        witness.save()
    else:
        Handler.witness, (host, port) = Witness(args.data), args.listen.split(":")
        ThreadingHTTPServer((host, int(port)), Handler).serve_forever()

main()
