"""Opens a released span: written from docs/design/seal.md, with Python's `cryptography` alone.
python open_span.py CHAIN RELEASED OUT: checks every record of CHAIN (records back to back), opens
the shares in RELEASED (JSON) and writes the video of each released piece to OUT/<seq>.mp4.
"""

import base64, hashlib, json, pathlib, struct, sys
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HEADER = struct.Struct(">4sBBH I8sQ Qqqq I32s")
SPAN_OPEN, PIECE, GAP, MANIFEST = 1, 2, 3, 4


def records(chain, recorder):
    """Yields (kind, camera, span, seq, header, body) of every record; exits at the first break."""
    name, signer = hashlib.sha256(recorder).digest()[:8], Ed25519PublicKey.from_public_bytes(recorder)
    at, last, listed = 0, None, []
    while at < len(chain):
        number = last[0] + 1 if last else 1
        header = chain[at : at + 96]
        if len(header) < 96:
            sys.exit(f"seal broken at record {number}: cut short")
        magic, kind, _, _, camera, key, span, seq, *_, size, prev = HEADER.unpack(header)
        body, sig = chain[at + 96 : at + 96 + size], chain[at + 96 + size : at + 160 + size]
        digest = hashlib.sha256(header + body).digest()
        try:
            signer.verify(sig, b"loggia/seal/v1 record\n" + digest)
        except InvalidSignature:
            sys.exit(f"seal broken at record {number}: altered or cut short")
        if magic != b"LGR1" or key != name or (last and (seq, prev) != (number, last[1])):
            sys.exit(f"seal broken at record {number}: removed, swapped or replaced")
        if kind == SPAN_OPEN:
            first, listed = seq, []
        elif kind == PIECE:
            listed.append(struct.pack(">Q", seq) + digest)
        elif kind == MANIFEST and listed is not None:
            head = struct.pack(">QI", first, len(listed))
            if body[:-8] != head + b"".join(listed):
                sys.exit(f"seal broken at record {seq}: the manifest lists other pieces")
        yield kind, camera, span, seq, header, body
        at, last = at + 160 + size, (seq, digest)


def main(chain_file, released_file, out):
    chain = pathlib.Path(chain_file).read_bytes()
    given = json.loads(pathlib.Path(released_file).read_text())
    recorder = base64.b64decode(given["recorder"])
    mine = X25519PrivateKey.from_private_bytes(base64.b64decode(given["one_time_key"]))
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    keys = {}
    for kind, camera, span, seq, header, body in records(chain, recorder):
        where = struct.pack(">IQ", camera, span)
        if kind == SPAN_OPEN:
            shares, commitment = {}, body[:32]
            for r in (r for r in given["released"] if (r["camera"], r["span"]) == (camera, span)):
                info = (b"loggia/seal/v1 release\n" + bytes.fromhex(given["request"])
                        + bytes([r["group"]]) + where + commitment)
                sealed = base64.b64decode(r["enc"]) + base64.b64decode(r["ct"])
                shares[r["group"]] = suite.decrypt(sealed, mine, info=info)
            if set(shares) == {1, 2}:
                okm = HKDF(hashes.SHA256(), 64, b"loggia/seal/v1", b"span key\n" + where).derive(
                    shares[1] + shares[2])
                if okm[32:] != commitment:
                    sys.exit(f"span {span}: the shares do not meet the commitment")
                keys[span] = AESGCM(okm[:32])
        elif kind == PIECE and span in keys:
            video = keys[span].decrypt(bytes(4) + struct.pack(">Q", seq), body, header)
            pathlib.Path(out, f"{seq}.mp4").write_bytes(video)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except InvalidTag:
        sys.exit("a share or piece does not decrypt")
