//! An authenticator in software: makes a passkey and assertions as WebAuthn Level 3 lays them out,
//! and those that it must not make. Never part of the program.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use loggia_policy::{Passkey, challenge};

pub const ORIGIN: &str = "https://loggia.city.example";
pub const UP_UV: u8 = 0x05;

pub enum Key {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

pub struct Authenticator {
    pub key: Key,
    pub id: Vec<u8>,
}

/// What an assertion says; each part can be told to lie.
#[derive(Clone)]
pub struct Say {
    pub r#type: String,
    pub challenge: String,
    pub origin: String,
    pub more: String,
    pub rp: String,
    pub flags: u8,
    pub count: u32,
    pub extra: Vec<u8>,
}

impl Say {
    pub fn of(signed: &[u8]) -> Self {
        Self {
            r#type: "webauthn.get".into(),
            challenge: challenge(signed),
            origin: ORIGIN.into(),
            more: String::new(),
            rp: "loggia.city.example".into(),
            flags: UP_UV,
            count: 1,
            extra: Vec::new(),
        }
    }
}

pub fn b64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn sha(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

impl Authenticator {
    pub fn es256() -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let id = sha(key.public_key().as_ref());
        let key = Key::Es256(key);
        Self { key, id }
    }

    pub fn eddsa() -> Self {
        let key = Ed25519KeyPair::generate().unwrap();
        let id = sha(key.public_key().as_ref());
        let key = Key::EdDsa(key);
        Self { key, id }
    }

    pub fn cose(&self) -> Vec<u8> {
        match &self.key {
            Key::Es256(key) => {
                let point = key.public_key().as_ref();
                let mut cose = vec![0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20];
                cose.extend(&point[1..33]);
                cose.extend([0x22, 0x58, 0x20]);
                cose.extend(&point[33..]);
                cose
            }
            Key::EdDsa(key) => {
                let mut cose = vec![0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 0x20];
                cose.extend(key.public_key().as_ref());
                cose
            }
        }
    }

    pub fn passkey(&self) -> Passkey {
        Passkey {
            id: b64url(&self.id),
            origin: ORIGIN.into(),
            key: b64url(&self.cose()),
        }
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.key {
            Key::Es256(key) => {
                let signature = key.sign(&SystemRandom::new(), message).unwrap();
                signature.as_ref().to_vec()
            }
            Key::EdDsa(key) => key.sign(message).as_ref().to_vec(),
        }
    }

    pub fn assert(&self, say: &Say) -> String {
        let client = format!(
            r#"{{"type":"{}","challenge":"{}","origin":"{}"{}}}"#,
            say.r#type, say.challenge, say.origin, say.more
        );
        let mut data = sha(say.rp.as_bytes());
        data.push(say.flags);
        data.extend(say.count.to_be_bytes());
        data.extend(&say.extra);
        let signature = self.sign(&[&data[..], &sha(client.as_bytes())].concat());
        format!(
            "webauthn.v1.{}.{}.{}.{}",
            b64url(&self.id),
            b64url(&data),
            b64url(client.as_bytes()),
            b64url(&signature)
        )
    }
}
