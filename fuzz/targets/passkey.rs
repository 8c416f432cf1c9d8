//! Keys and assertions of passkeys: never a panic; what is believed was made for these very words.
//! An input is four lines: COSE key, credential id, origin (as a roster holds them), assertion.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use loggia_policy::{CoseKey, Passkey, asserted, challenge};

const SIGNED: &[u8] = b"loggia/statement/v1\n{\"v\":1}";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if CoseKey::parse(bytes).is_ok() {
        assert!(matches!(bytes.len(), 42 | 77));
    }
    let Ok(text) = core::str::from_utf8(bytes) else {
        return;
    };
    let lines: Vec<_> = text.splitn(4, '\n').collect();
    let Ok([key, id, origin, assertion]) = <[&str; 4]>::try_from(lines) else {
        return;
    };
    let passkey = Passkey {
        id: id.to_owned(),
        origin: origin.to_owned(),
        key: key.to_owned(),
    };
    let sound = passkey.check().is_ok();
    if asserted(&[passkey], SIGNED, assertion).is_ok() && sound {
        let client = assertion.split('.').nth(4).unwrap_or_default();
        let client = URL_SAFE_NO_PAD.decode(client).unwrap_or_default();
        let wanted = challenge(SIGNED);
        assert!(client.windows(wanted.len()).any(|w| w == wanted.as_bytes()));
    }
});
