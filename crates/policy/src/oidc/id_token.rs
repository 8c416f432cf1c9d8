//! An ID token and the keys that may have signed it (OpenID Connect Core 1.0 sections 2 and
//! 3.1.3.7; RFC 7515, 7517, 7518, 8037). Pure: everything that it needs is handed in.
//! Never knows `none`, a shared secret, or a key that the token brings along.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use loggia_model::At;
use serde::Deserialize;
use serde_json::{Map, Value};

use core::time::Duration;

/// Longest ID token: names, roles and groups of a large directory stay well below.
pub const TOKEN_BYTES_MAX: usize = 32 * 1024;
/// Keys of a provider that are read; more are let go.
pub const KEYS_MAX: usize = 64;
/// How far the provider's clock may lie from this machine's.
pub const SKEW: Duration = Duration::from_secs(60);
/// A token that was made longer ago than this is no answer to a sign-in of a moment ago.
pub const MADE_WITHIN: Duration = Duration::from_secs(10 * 60);

/// Why a token is not believed: for the machine's log, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub &'static str);

/// Which signature a key makes. There is no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alg {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
}

impl Alg {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "PS256" => Self::Ps256,
            "ES256" => Self::Es256,
            "EdDSA" | "Ed25519" => Self::EdDsa,
            _ => return None,
        })
    }
}

/// A provider's published key (RFC 7517), as far as it is of use here.
#[derive(Debug, Clone, Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    r#use: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// The keys that a provider signs with.
#[derive(Debug, Clone, Default)]
pub struct Keys(Vec<Jwk>);

impl Keys {
    /// Reads a JWK Set. Members that are no keys of ours (for encryption, of other kinds) are let
    /// go, as RFC 7517 section 5 asks.
    ///
    /// # Errors
    /// [`Refused`] when it is no JWK Set.
    pub fn parse(json: &[u8]) -> Result<Self, Refused> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(json).map_err(|_| Refused("the keys do not read"))?;
        let known = |v: Value| serde_json::from_value::<Jwk>(v).ok();
        let signs = |k: &Jwk| k.r#use.as_deref().is_none_or(|u| u == "sig");
        let keys = set.keys.into_iter().take(KEYS_MAX).filter_map(known);
        Ok(Self(keys.filter(signs).collect()))
    }

    /// Whether a key of this name is there.
    #[must_use]
    pub fn has(&self, kid: Option<&str>) -> bool {
        self.0.iter().any(|k| k.kid.as_deref() == kid)
    }

    /// The key of a token: of the name that it gives; where it gives none, the only one that there
    /// is (OpenID Connect Core section 10.1).
    fn of(&self, kid: Option<&str>, alg: Alg) -> Option<&Jwk> {
        let fits = |k: &&Jwk| k.fits(alg);
        match kid {
            Some(_) => self.0.iter().filter(|k| k.kid.as_deref() == kid).find(fits),
            None => match self.0.as_slice() {
                [only] => Some(only).filter(fits),
                _ => None,
            },
        }
    }
}

impl Jwk {
    /// A key signs with its own algorithm alone, so that nobody swaps one for another.
    fn fits(&self, alg: Alg) -> bool {
        let kind = match alg {
            Alg::Rs256 | Alg::Ps256 => self.kty == "RSA",
            Alg::Es256 => self.kty == "EC" && self.crv.as_deref() == Some("P-256"),
            Alg::EdDsa => self.kty == "OKP" && self.crv.as_deref() == Some("Ed25519"),
        };
        let named = self.alg.as_deref();
        kind && named.is_none_or(|name| Alg::of(name) == Some(alg))
    }

    fn key(&self, alg: Alg) -> Option<ParsedPublicKey> {
        let part = |p: &Option<String>| p.as_deref().and_then(decoded);
        match alg {
            Alg::Rs256 | Alg::Ps256 => {
                let (n, e) = (part(&self.n)?, part(&self.e)?);
                let key = RsaPublicKeyComponents { n, e };
                let params = match alg {
                    Alg::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
                    _ => &RSA_PSS_2048_8192_SHA256,
                };
                key.to_parsed_public_key(params).ok()
            }
            Alg::Es256 => {
                let point = [&[4][..], &part(&self.x)?, &part(&self.y)?].concat();
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point).ok()
            }
            Alg::EdDsa => ParsedPublicKey::new(&ED25519, part(&self.x)?).ok(),
        }
    }
}

/// What a token must say.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The issuer, exactly.
    pub issuer: &'a str,
    /// Our own name at the provider.
    pub client: &'a str,
    /// What was sent with the question.
    pub nonce: &'a str,
    /// The claim that names the person of the roster.
    pub claim: &'a str,
    /// Now.
    pub now: At,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood (RFC 7515 section 4.1.11): none is.
    crit: Option<Value>,
}

/// The name of the key that a token says it is signed with.
///
/// # Errors
/// [`Refused`] when the token does not read.
pub fn kid_of(token: &str) -> Result<Option<String>, Refused> {
    split(token).map(|(header, ..)| header.kid)
}

fn split(token: &str) -> Result<(Header, &str, &str, Vec<u8>), Refused> {
    let form = Refused("the token does not read");
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Refused("the token is too long"));
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(form.clone())?;
    let (header, claims) = signed.split_once('.').ok_or(form.clone())?;
    if claims.contains('.') {
        return Err(form);
    }
    let header = decoded(header).ok_or(form.clone())?;
    let header: Header = serde_json::from_slice(&header).map_err(|_| form.clone())?;
    let signature = decoded(signature).ok_or(form)?;
    Ok((header, signed, claims, signature))
}

/// The person that a token names, once everything about it holds.
///
/// # Errors
/// [`Refused`] with the first rule that it breaks.
pub fn person(token: &str, keys: &Keys, wanted: &Wanted<'_>) -> Result<String, Refused> {
    let (header, signed, claims, signature) = split(token)?;
    if header.crit.is_some() {
        return Err(Refused("the token has critical extensions"));
    }
    let alg = Alg::of(&header.alg).ok_or(Refused("the token is not signed as it must be"))?;
    let key = keys
        .of(header.kid.as_deref(), alg)
        .and_then(|k| k.key(alg))
        .ok_or(Refused("the provider has no such key"))?;
    if key.verify_sig(signed.as_bytes(), &signature).is_err() {
        return Err(Refused("the token's signature does not hold"));
    }
    let claims = decoded(claims).ok_or(Refused("the token does not read"))?;
    let claims: Map<String, Value> =
        serde_json::from_slice(&claims).map_err(|_| Refused("the token does not read"))?;
    about_us(&claims, wanted)?;
    in_time(&claims, wanted.now)?;
    let named = claims.get(wanted.claim).and_then(Value::as_str);
    named
        .map(str::to_owned)
        .ok_or(Refused("the token does not name a person"))
}

/// Issuer, audience, authorized party and nonce (Core section 3.1.3.7, steps 2 to 5 and 11).
fn about_us(claims: &Map<String, Value>, wanted: &Wanted<'_>) -> Result<(), Refused> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(wanted.issuer) {
        return Err(Refused("another issuer"));
    }
    // An audience beside us would be one that we trust, and there is none (step 3).
    let alone = match claims.get("aud") {
        Some(Value::String(one)) => one == wanted.client,
        Some(Value::Array(all)) => matches!(&all[..], [one] if one.as_str() == Some(wanted.client)),
        _ => false,
    };
    if !alone {
        return Err(Refused("another audience"));
    }
    if claims.contains_key("azp") && text("azp") != Some(wanted.client) {
        return Err(Refused("another authorized party"));
    }
    if text("nonce") != Some(wanted.nonce) {
        return Err(Refused("another nonce"));
    }
    if text("sub").is_none_or(|s| s.is_empty() || s.len() > 255) {
        return Err(Refused("no subject"));
    }
    Ok(())
}

/// `exp`, `iat` and `nbf`, in whole seconds (steps 9 and 10).
fn in_time(claims: &Map<String, Value>, now: At) -> Result<(), Refused> {
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        // Some providers write fractions; what is no number is no time.
        Some(v) => v
            .as_i64()
            .or_else(|| v.as_f64().filter(|f| f.abs() < 1e12).map(whole))
            .and_then(|s| s.checked_mul(1_000_000))
            .map(|us| Some(At(us)))
            .ok_or(Refused("a time that does not read")),
    };
    let exp = time("exp")?.ok_or(Refused("no end"))?;
    if now >= exp.after(SKEW) {
        return Err(Refused("expired"));
    }
    let iat = time("iat")?.ok_or(Refused("no time of making"))?;
    if iat > now.after(SKEW) || now.since(iat) > MADE_WITHIN {
        return Err(Refused("not made just now"));
    }
    if time("nbf")?.is_some_and(|nbf| nbf > now.after(SKEW)) {
        return Err(Refused("not valid yet"));
    }
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "below 1e12, checked before"
)]
fn whole(seconds: f64) -> i64 {
    seconds.floor() as i64
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
