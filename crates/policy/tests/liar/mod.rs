//! An identity provider on loopback that does what it is told, lies included. Its keys and HTTP are
//! real; the true provider's turn comes in the page tests. Never part of the program.

pub mod browser;
pub mod lies;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

pub const CLIENT: &str = "loggia";
pub const SECRET: &str = "a secret: with/odd+signs";

pub fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// One key of the provider.
pub enum Signs {
    Rs256(RsaKeyPair),
    Ps256(RsaKeyPair),
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

impl Signs {
    pub fn rs256() -> Self {
        Self::Rs256(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    pub fn alg(&self) -> &'static str {
        match self {
            Self::Rs256(_) => "RS256",
            Self::Ps256(_) => "PS256",
            Self::Es256(_) => "ES256",
            Self::EdDsa(_) => "EdDSA",
        }
    }

    pub fn jwk(&self, kid: &str) -> Value {
        let rsa = |k: &RsaKeyPair| {
            // RSAPublicKey (RFC 8017 A.1.1) of 2,048 bits: 30 82 .. .. 02 82 01 01 00 n 02 03 e.
            let der = k.public_key().as_ref();
            let (n, e) = (b64(&der[9..265]), b64(&der[267..]));
            json!({ "kty": "RSA", "kid": kid, "use": "sig", "alg": self.alg(), "n": n, "e": e })
        };
        match self {
            Self::Rs256(k) | Self::Ps256(k) => rsa(k),
            Self::Es256(k) => {
                let (x, y) = k.public_key().as_ref()[1..].split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": b64(x), "y": b64(y) })
            }
            Self::EdDsa(k) => {
                let x = b64(k.public_key().as_ref());
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x })
            }
        }
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let rsa = |k: &RsaKeyPair, how| {
            let mut out = vec![0; k.public_modulus_len()];
            k.sign(how, &random, message, &mut out).unwrap();
            out
        };
        match self {
            Self::Rs256(k) => rsa(k, &RSA_PKCS1_SHA256),
            Self::Ps256(k) => rsa(k, &RSA_PSS_SHA256),
            Self::Es256(k) => k.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::EdDsa(k) => k.sign(message).as_ref().to_vec(),
        }
    }

    /// A token of these claims, signed by this key under this name.
    pub fn token(&self, kid: &str, claims: &Value) -> String {
        let header = json!({ "alg": self.alg(), "kid": kid, "typ": "JWT" });
        let signed = unsigned(&header, claims);
        let signature = b64(&self.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

pub fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |v: &Value| b64(v.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

/// HS256 with what everybody can read: the classic confusion of key kinds.
pub fn hs256(secret: &[u8], kid: &str, claims: &Value) -> String {
    let signed = unsigned(&json!({ "alg": "HS256", "kid": kid }), claims);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", b64(tag.as_ref()))
}

/// Makes a token out of honest claims.
pub type Token = Box<dyn Fn(&Says, Value) -> String + Send>;

/// What the provider says next.
pub struct Says {
    pub key: Signs,
    pub kid: String,
    /// Keys as published.
    pub published: Vec<Value>,
    pub metadata: Value,
    pub token: Token,
    /// Seconds since 1970 of the tested city.
    pub now: i64,
    pub person: String,
    nonce: String,
    challenge: String,
    used: BTreeSet<String>,
    pub asked_for_keys: u32,
}

pub struct Liar {
    pub issuer: String,
    pub says: Arc<Mutex<Says>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Drop for Liar {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

type Shared = State<(String, Arc<Mutex<Says>>)>;

impl Liar {
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let key = Signs::rs256();
        let says = Arc::new(Mutex::new(Says {
            published: vec![key.jwk("one")],
            kid: "one".into(),
            key,
            metadata: json!({
                "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"),
                "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
                "end_session_endpoint": format!("{issuer}/end?a=b"),
                "code_challenge_methods_supported": ["S256", "plain"],
            }),
            token: Box::new(|says, claims| says.key.token(&says.kid, &claims)),
            now: 0,
            person: "p.lindqvist".into(),
            nonce: String::new(),
            challenge: String::new(),
            used: BTreeSet::new(),
            asked_for_keys: 0,
        }));
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state((issuer.clone(), says.clone()));
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
        Self {
            issuer,
            says,
            runtime: Some(runtime),
        }
    }

    pub fn says<T>(&self, change: impl FnOnce(&mut Says) -> T) -> T {
        change(&mut self.says.lock().unwrap())
    }

    /// The person has signed in there: what the provider keeps of the question.
    pub fn asked(&self, nonce: &str, challenge: &str) {
        self.says(|s| {
            s.nonce = nonce.to_owned();
            s.challenge = challenge.to_owned();
        });
    }
}

async fn metadata(State((_, says)): Shared) -> Json<Value> {
    Json(says.lock().unwrap().metadata.clone())
}

async fn keys(State((_, says)): Shared) -> Json<Value> {
    let mut says = says.lock().unwrap();
    says.asked_for_keys += 1;
    Json(json!({ "keys": says.published }))
}

type Asked = std::collections::BTreeMap<String, String>;

async fn token(State((issuer, says)): Shared, headers: HeaderMap, body: String) -> Response {
    let f: Asked = form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect();
    let no = |why: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": why }))).into_response();
    let mut says = says.lock().unwrap();
    let of = |name: &str| f.get(name).map_or("", String::as_str);
    // RFC 6749 section 2.3.1: form-encoded, then Basic.
    let basic = STANDARD.encode("loggia:a%20secret%3A%20with%2Fodd%2Bsigns");
    if headers.get("authorization").unwrap().to_str().unwrap() != format!("Basic {basic}") {
        return no("invalid_client");
    }
    let verifier = b64(digest(&SHA256, of("code_verifier").as_bytes()).as_ref());
    let fits = of("grant_type") == "authorization_code"
        && verifier == says.challenge
        && of("redirect_uri") == "http://localhost:8080/api/v1/session/oidc/callback";
    if !fits || !says.used.insert(of("code").to_owned()) {
        return no("invalid_grant");
    }
    let claims = json!({
        "iss": issuer, "aud": CLIENT, "azp": CLIENT, "sub": "4711", "nonce": says.nonce,
        "iat": says.now, "exp": says.now + 300, "preferred_username": says.person,
        "roles": ["administrator", "custodian"],
    });
    let id_token = (says.token)(&says, claims);
    Json(json!({ "access_token": "x", "token_type": "Bearer", "id_token": id_token }))
        .into_response()
}
