"""Assertions of passkeys, read and verified by PyPI `fido2` from the bytes alone: it must believe
exactly those that Loggia believes. Writes nothing, fetches nothing."""

import json
import sys
from base64 import urlsafe_b64decode

from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    Aaguid,
    AuthenticationResponse,
    AuthenticatorAssertionResponse,
    AuthenticatorData,
    CollectedClientData,
    PublicKeyCredentialRpEntity,
    UserVerificationRequirement,
)


def raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def holds(case: dict) -> bool:
    """Whether fido2's server believes the assertion."""
    rp = PublicKeyCredentialRpEntity(id=case["origin"].removeprefix("https://"), name="Loggia")
    server = Fido2Server(rp, verify_origin=lambda origin: origin == case["origin"])
    key = CoseKey.parse(cbor.decode(raw(case["key"])))
    known = AttestedCredentialData.create(Aaguid.NONE, raw(case["id"]), key)
    verification = UserVerificationRequirement.REQUIRED
    try:
        ident, data, client, signature = map(raw, case["assertion"].split(".")[2:])
        client = CollectedClientData(client)
        if client.cross_origin:
            return False
        answer = AuthenticatorAssertionResponse(
            client_data=client, authenticator_data=AuthenticatorData(data), signature=signature
        )
        response = AuthenticationResponse(raw_id=ident, response=answer)
        state = {"challenge": case["challenge"], "user_verification": verification}
        server.authenticate_complete(state, [known], response)
    except Exception:  # noqa: BLE001: whatever it is, the assertion is not believed
        return False
    return True


def main() -> None:
    cases = json.load(open(sys.argv[1], encoding="utf-8"))
    wrong = [c["name"] for c in cases if holds(c) != c["good"]]
    assert not wrong, f"fido2 sees these otherwise: {wrong}"
    assert any(c["good"] for c in cases) and not all(c["good"] for c in cases)
    print(f"{len(cases)} cases, as Loggia sees them")


main()
