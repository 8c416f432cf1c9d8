//! An identity provider's keys and its token: never a panic, and nobody is named by a token that is
//! not for us. An input is a line of JSON (the JWK Set), then the token.
#![no_main]

use loggia_model::At;
use loggia_policy::id_token::{Keys, Wanted, kid_of, person};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let end = bytes
        .iter()
        .position(|b| *b == b'\n')
        .unwrap_or(bytes.len());
    let (keys, token) = bytes.split_at(end);
    let Ok(keys) = Keys::parse(keys) else {
        return;
    };
    let token = String::from_utf8_lossy(token.get(1..).unwrap_or_default());
    let _ = kid_of(&token);
    let wanted = Wanted {
        issuer: "https://idp.example",
        client: "loggia",
        nonce: "n",
        claim: "preferred_username",
        now: At(1_795_435_200_000_000),
    };
    if person(&token, &keys, &wanted).is_ok() {
        assert!(kid_of(&token).is_ok());
    }
});
