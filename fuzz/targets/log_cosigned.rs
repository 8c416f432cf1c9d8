//! Policies, proofs and witness keys of strangers: never a panic, and nothing is proven by them.
#![no_main]

use loggia_transparency::{CosignerPublic, TlogPolicy, TlogProof};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(policy) = TlogPolicy::parse(bytes) {
        let all = policy.witnesses().iter().map(|w| w.name.as_str());
        assert!(policy.is_quorum(&all.collect()), "everybody together is a quorum");
    }
    if let Ok(proof) = TlogProof::parse(bytes) {
        assert_eq!(TlogProof::parse(proof.text().as_bytes()).as_ref(), Ok(&proof));
        if let Ok(nobody) = TlogPolicy::parse(b"quorum none\n") {
            assert!(proof.verify(&nobody, bytes).is_err());
        }
    }
    if let Ok(text) = core::str::from_utf8(bytes) {
        let _ = text.parse::<CosignerPublic>();
    }
});
