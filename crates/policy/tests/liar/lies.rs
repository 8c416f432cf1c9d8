//! Every lie about a token that its signature or its claims could tell. Never one that is true.

use serde_json::{Value, json};

use super::{CLIENT, SECRET, Says, Signs, Token, b64, hs256, unsigned};

pub fn rsa() -> aws_lc_rs::signature::RsaKeyPair {
    aws_lc_rs::signature::RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap()
}

pub fn p256() -> aws_lc_rs::signature::EcdsaKeyPair {
    let how = &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    aws_lc_rs::signature::EcdsaKeyPair::generate(how).unwrap()
}

pub fn ed25519() -> aws_lc_rs::signature::Ed25519KeyPair {
    aws_lc_rs::signature::Ed25519KeyPair::generate().unwrap()
}

fn claim(name: &'static str, value: Value) -> Token {
    Box::new(move |s: &Says, mut claims| {
        claims[name] = value.clone();
        s.key.token(&s.kid, &claims)
    })
}

fn without(name: &'static str) -> Token {
    Box::new(move |s: &Says, mut claims| {
        claims.as_object_mut().unwrap().remove(name);
        s.key.token(&s.kid, &claims)
    })
}

fn later(name: &'static str, by: i64) -> Token {
    Box::new(move |s: &Says, mut claims| {
        claims[name] = json!(s.now + by);
        s.key.token(&s.kid, &claims)
    })
}

fn header(change: &'static (dyn Fn(&mut Value) + Sync)) -> Token {
    Box::new(move |s: &Says, claims| {
        let mut header = json!({ "alg": s.key.alg(), "kid": s.kid });
        change(&mut header);
        let signed = unsigned(&header, &claims);
        let signature = b64(&s.key.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    })
}

type Lies = Vec<(&'static str, Token)>;

/// Every lie about the token.
pub fn lies() -> Lies {
    let all = [
        about_claims(),
        about_the_header(),
        about_the_key(),
        about_the_form(),
    ];
    all.into_iter().flatten().collect()
}

fn about_claims() -> Lies {
    vec![
        ("another nonce", claim("nonce", json!("AAAA"))),
        ("no nonce", without("nonce")),
        (
            "another issuer",
            claim("iss", json!("https://evil.example")),
        ),
        ("another audience", claim("aud", json!("other"))),
        (
            "an audience beside us",
            claim("aud", json!([CLIENT, "other"])),
        ),
        ("no audience", without("aud")),
        ("another party", claim("azp", json!("other"))),
        ("no subject", without("sub")),
        ("no person", without("preferred_username")),
        (
            "a person that is a list",
            claim("preferred_username", json!(["p.lindqvist"])),
        ),
        ("expired", later("exp", -61)),
        ("no end", without("exp")),
        ("an end in words", claim("exp", json!("tomorrow"))),
        ("an end beyond numbers", claim("exp", json!(1e300))),
        ("made in the future", later("iat", 61)),
        ("made long ago", later("iat", -601)),
        ("no time of making", without("iat")),
        ("not valid yet", later("nbf", 61)),
    ]
}

fn about_the_header() -> Lies {
    vec![
        (
            "alg none",
            Box::new(|_, claims| format!("{}.", unsigned(&json!({ "alg": "none" }), &claims))),
        ),
        ("alg none, signed", header(&|h| h["alg"] = json!("none"))),
        (
            "alg in other letters",
            header(&|h| h["alg"] = json!("rs256")),
        ),
        (
            "alg of another strength",
            header(&|h| h["alg"] = json!("RS512")),
        ),
        (
            "alg of the same key's other kind",
            header(&|h| h["alg"] = json!("PS256")),
        ),
        (
            "critical extension",
            header(&|h| h["crit"] = json!(["b64"])),
        ),
    ]
}

fn about_the_key() -> Lies {
    let modulus = |s: &Says| s.published[0]["n"].as_str().unwrap().to_owned();
    vec![
        (
            "a key that nobody published",
            header(&|h| h["kid"] = json!("two")),
        ),
        (
            "HS256 with the public key",
            Box::new(move |s, claims| hs256(modulus(s).as_bytes(), &s.kid, &claims)),
        ),
        (
            "HS256 with our secret",
            Box::new(|s, claims| hs256(SECRET.as_bytes(), &s.kid, &claims)),
        ),
        (
            "another key under the same name",
            Box::new(|s, claims| Signs::EdDsa(ed25519()).token(&s.kid, &claims)),
        ),
        (
            "another RSA key under the same name",
            Box::new(|s, claims| Signs::rs256().token(&s.kid, &claims)),
        ),
        (
            "its own key in the header",
            Box::new(|s, claims| {
                let own = Signs::EdDsa(ed25519());
                let header = json!({ "alg": "EdDSA", "kid": s.kid, "jwk": own.jwk("own") });
                let signed = unsigned(&header, &claims);
                format!("{signed}.{}", b64(&own.sign(signed.as_bytes())))
            }),
        ),
    ]
}

fn about_the_form() -> Lies {
    vec![
        (
            "claims turned",
            Box::new(|s, claims| {
                let token = s.key.token(&s.kid, &claims);
                let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
                let mut other = claims;
                other["preferred_username"] = json!("a.korhonen");
                parts[1] = b64(other.to_string().as_bytes());
                parts.join(".")
            }),
        ),
        ("no token at all", Box::new(|_, _| String::new())),
        (
            "four parts",
            Box::new(|s, claims| s.key.token(&s.kid, &claims) + ".x"),
        ),
        (
            "too long",
            Box::new(|s, mut claims| {
                claims["more"] = json!("x".repeat(40_000));
                s.key.token(&s.kid, &claims)
            }),
        ),
    ]
}
