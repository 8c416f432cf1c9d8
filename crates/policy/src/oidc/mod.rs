//! Signing in at the city's identity provider (OpenID Connect, authorization code with PKCE).
//! The provider says who somebody is; what they may do stands in the roster alone. No role, group
//! or scope of a token counts, and without the provider local accounts work on.
//! Never takes a password for it, never the implicit flow, never another issuer than the one set.

pub mod id_token;
mod remote;

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use loggia_model::{At, PersonId};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::people::{Began, SignedIn};
use crate::wire::{random, sha256};
use crate::{Error, Policy};
use id_token::{Refused, Wanted};
use remote::Remote;

/// Path of this server to which the provider sends a browser back.
pub const CALLBACK: &str = "/api/v1/session/oidc/callback";
/// Somebody types a password and a second factor in this time.
pub const LOGIN_WITHIN: Duration = Duration::from_secs(10 * 60);
/// Sign-ins that have come back and may not come back again: more than a city has people.
const RETURNED_MAX: usize = 4_096;
/// Sign-ins that wait for the provider at once; more are told to come back.
const AT_ONCE_MAX: usize = 16;
/// Longest code and state that come back.
const ANSWER_CHARS_MAX: usize = 4_096;
/// What seals a login on its way through the browser.
const LOGIN: &str = "oidc login";

/// A provider as the configuration names it.
#[derive(Debug, Clone)]
pub struct ProviderPlan {
    /// What the button says, e.g. `City of Helsinki`.
    pub name: String,
    /// The issuer, exactly as its tokens name it.
    pub issuer: String,
    /// Our own name there.
    pub client_id: String,
    /// Our secret there; none for a public client (PKCE is used in any case).
    pub client_secret: Option<Zeroizing<String>>,
    /// The claim that names the person of the roster.
    pub person_claim: String,
    /// Under which address browsers reach this server, e.g. `https://loggia.city.example`.
    pub console: String,
    /// The provider's certificate or its authority's (PEM). HTTPS needs it: no other is trusted.
    pub ca: Option<Vec<u8>>,
}

/// The provider, checked and ready to be asked.
pub struct Provider {
    plan: ProviderPlan,
    remote: Remote,
    returned: Mutex<VecDeque<[u8; 32]>>,
    busy: Mutex<usize>,
}

/// A login on its way, sealed in the browser's cookie: this server keeps nothing of it, so that
/// nobody can fill a table with logins.
#[derive(Serialize, Deserialize)]
struct Login {
    state: String,
    nonce: String,
    verifier: String,
    back: String,
    at: At,
}

/// Where a browser goes to sign in, and what it brings back.
pub struct Begun {
    /// The provider's address with the question.
    pub location: String,
    /// For the login's cookie.
    pub cookie: String,
}

/// What the provider sent back.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Returned {
    /// The code.
    pub code: Option<String>,
    /// The state.
    pub state: Option<String>,
    /// Who says so (RFC 9207).
    pub iss: Option<String>,
    /// What went wrong there.
    pub error: Option<String>,
}

/// Why nobody was signed in: a word that the page says in its own language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotIn {
    /// The provider cannot be reached, or does not do what it must.
    Unreachable,
    /// The provider did not let the person in.
    Refused,
    /// What came back is not the answer to a question of this browser's, or is late.
    Stale,
    /// The provider's word does not hold.
    NotValid,
    /// The provider knows the person, the roster does not, or the account is disabled.
    NotInRoster,
    /// Too many at once.
    Busy,
}

impl NotIn {
    /// The word in the page's address.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Stale => "stale",
            Self::NotValid => "not-valid",
            Self::NotInRoster => "not-in-roster",
            Self::Busy => "busy",
        }
    }
}

impl Provider {
    /// Checks the plan; nothing is fetched yet, so that a provider that is away stops no start.
    ///
    /// # Errors
    /// [`Error::Invalid`] with what to set.
    pub fn new(plan: ProviderPlan) -> Result<Self, Error> {
        let bad = |why: &str| Error::Invalid(format!("[oidc]: {why}"));
        let console = plan.console.as_str();
        if !remote::is_safe(console) || console.matches('/').count() != 2 {
            return Err(bad(
                "`console` is this server's own https:// address, without a path",
            ));
        }
        if plan.client_id.is_empty() || plan.person_claim.is_empty() || plan.name.is_empty() {
            return Err(bad("`name`, `client_id` and `person_claim` say something"));
        }
        let remote = Remote::new(&plan).map_err(|e| bad(&e))?;
        Ok(Self {
            plan,
            remote,
            returned: Mutex::default(),
            busy: Mutex::new(0),
        })
    }

    /// What the button says.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.plan.name
    }

    fn redirect(&self) -> String {
        format!("{}{CALLBACK}", self.plan.console)
    }

    /// Whether a login comes back for the first time.
    fn first_time(&self, state: &str) -> bool {
        let hash = sha256(&[b"loggia/oidc/v1\n", state.as_bytes()]).0;
        let mut returned = self.returned.lock().unwrap_or_else(PoisonError::into_inner);
        if returned.contains(&hash) {
            return false;
        }
        if returned.len() >= RETURNED_MAX {
            returned.pop_front();
        }
        returned.push_back(hash);
        true
    }

    /// Takes a turn at the provider; none when too many wait for it.
    fn turn(&self) -> Option<Turn<'_>> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        (*busy < AT_ONCE_MAX).then(|| {
            *busy += 1;
            Turn(self)
        })
    }
}

struct Turn<'a>(&'a Provider);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut busy = self.0.busy.lock().unwrap_or_else(PoisonError::into_inner);
        *busy = busy.saturating_sub(1);
    }
}

impl Policy {
    /// Lets people sign in at this provider as well. Once, before serving.
    ///
    /// # Errors
    /// [`Error::Conflict`] when there is one already.
    pub fn use_provider(&self, provider: Provider) -> Result<(), Error> {
        self.provider
            .set(provider)
            .map_err(|_| Error::Conflict("there is an identity provider already".into()))
    }

    /// The identity provider, if the city has one.
    #[must_use]
    pub fn provider(&self) -> Option<&Provider> {
        self.provider.get()
    }

    /// Begins a sign-in at the provider. `back` is the page to go to afterwards.
    ///
    /// # Errors
    /// [`NotIn`], with the reason in this machine's log.
    pub fn begin_login(&self, back: &str) -> Result<Begun, NotIn> {
        let provider = self.provider().ok_or(NotIn::Unreachable)?;
        let _turn = provider.turn().ok_or(NotIn::Busy)?;
        let mono = self.clock.mono();
        let there = provider.remote.metadata(mono).map_err(unreachable)?;
        let fresh = || random::<32>().map(|b| URL_SAFE_NO_PAD.encode(b));
        let (state, nonce, verifier) = match (fresh(), fresh(), fresh()) {
            (Ok(state), Ok(nonce), Ok(verifier)) => (state, nonce, verifier),
            _ => return Err(NotIn::Unreachable),
        };
        // RFC 7636 section 4.2, S256.
        let challenge = URL_SAFE_NO_PAD.encode(sha256(&[verifier.as_bytes()]).0);
        let location = remote::question(
            &there.authorization_endpoint,
            &[
                ("response_type", "code"),
                ("client_id", &provider.plan.client_id),
                ("redirect_uri", &provider.redirect()),
                ("scope", "openid profile"),
                ("state", &state),
                ("nonce", &nonce),
                ("code_challenge", &challenge),
                ("code_challenge_method", "S256"),
            ],
        );
        let login = Login {
            state,
            nonce,
            verifier,
            back: local(back).to_owned(),
            at: self.clock.now(),
        };
        let sealed = serde_json::to_vec(&login)
            .ok()
            .and_then(|json| self.secrets.seal(LOGIN, &Zeroizing::new(json)).ok())
            .ok_or(NotIn::Unreachable)?;
        let cookie = URL_SAFE_NO_PAD.encode(sealed);
        Ok(Begun { location, cookie })
    }

    /// Finishes a sign-in: the page to go to, and the session or why there is none.
    #[must_use]
    pub fn finish_login(
        &self,
        cookie: Option<&str>,
        returned: &Returned,
    ) -> (String, Result<SignedIn, NotIn>) {
        let Some(login) = cookie.and_then(|c| self.login_of(c)) else {
            return ("/evidence".to_owned(), Err(NotIn::Stale));
        };
        let done = self.returned(&login, returned);
        (login.back, done)
    }

    fn login_of(&self, cookie: &str) -> Option<Login> {
        if cookie.len() > ANSWER_CHARS_MAX {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let json = self.secrets.unseal(LOGIN, &sealed).ok()?;
        let login: Login = serde_json::from_slice(&json).ok()?;
        let now = self.clock.now();
        let late = login.at > now || now.since(login.at) >= LOGIN_WITHIN;
        (!late).then_some(login)
    }

    fn returned(&self, login: &Login, back: &Returned) -> Result<SignedIn, NotIn> {
        let provider = self.provider().ok_or(NotIn::Unreachable)?;
        let same = |a: &str, b: &str| {
            aws_lc_rs::constant_time::verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
        };
        let state = back.state.as_deref().ok_or(NotIn::Stale)?;
        if !same(state, &login.state) || !provider.first_time(state) {
            return Err(NotIn::Stale);
        }
        let _turn = provider.turn().ok_or(NotIn::Busy)?;
        let mono = self.clock.mono();
        let there = provider.remote.metadata(mono).map_err(unreachable)?;
        // Another provider's answer sent here (RFC 9207 section 2.4).
        let said = back.iss.as_deref();
        let must = there.authorization_response_iss_parameter_supported;
        if said.is_some_and(|iss| iss != provider.plan.issuer) || (must && said.is_none()) {
            return Err(refused(Refused("the answer is another issuer's")));
        }
        if let Some(error) = &back.error {
            tracing::info!(error = %error.escape_debug(), "the identity provider let nobody in");
            return Err(NotIn::Refused);
        }
        let code = back.code.as_deref().ok_or(NotIn::Stale)?;
        if code.len() > ANSWER_CHARS_MAX {
            return Err(NotIn::Stale);
        }
        let answer = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &provider.redirect()),
            ("code_verifier", &login.verifier),
        ];
        let token = provider
            .remote
            .token(&there, &answer)
            .map_err(not_exchanged)?;
        let kid = id_token::kid_of(&token).map_err(refused)?;
        let keys = provider.remote.keys(&there, kid.as_deref(), mono);
        let wanted = Wanted {
            issuer: &provider.plan.issuer,
            client: &provider.plan.client_id,
            nonce: &login.nonce,
            claim: &provider.plan.person_claim,
            now: self.clock.now(),
        };
        let keys = keys.map_err(unreachable)?;
        let person = id_token::person(&token, &keys, &wanted).map_err(refused)?;
        self.known_person(person)
    }

    /// A person of the roster, and of nothing else. The break-glass account is nobody's.
    fn known_person(&self, named: String) -> Result<SignedIn, NotIn> {
        let person = PersonId(named);
        let formed = crate::roster::person_form(&person);
        if !formed || self.roster_actor(&person).is_none() {
            return Err(NotIn::NotInRoster);
        }
        let broken = |e: Error| {
            tracing::error!(error = %e, "a session could not begin");
            NotIn::Unreachable
        };
        let actor = self.actor_enabled(&person).map_err(broken)?;
        let actor = actor.ok_or(NotIn::NotInRoster)?;
        self.start_session(actor, Began::AtProvider).map_err(broken)
    }

    /// Where a browser ends its session at the provider too, if the provider has such a place
    /// (RP-Initiated Logout 1.0). Never asks the network: what is known of the provider is enough.
    #[must_use]
    pub fn provider_logout(&self) -> Option<String> {
        let provider = self.provider()?;
        let end = provider.remote.known_end()?;
        let after = format!("{}/evidence", provider.plan.console);
        let question = [
            ("client_id", provider.plan.client_id.as_str()),
            ("post_logout_redirect_uri", &after),
        ];
        Some(remote::question(&end, &question))
    }
}

fn unreachable(why: String) -> NotIn {
    tracing::warn!(why = %why.escape_debug(), "the identity provider cannot be asked");
    NotIn::Unreachable
}

fn not_exchanged(why: remote::NoToken) -> NotIn {
    match why {
        remote::NoToken::Away(why) => unreachable(why),
        remote::NoToken::Denied(why) => {
            tracing::warn!(why = %why.escape_debug(), "the identity provider gave no token");
            NotIn::NotValid
        }
    }
}

fn refused(why: Refused) -> NotIn {
    tracing::warn!(why = why.0, "the identity provider's word does not hold");
    NotIn::NotValid
}

/// A page of this server: nobody is sent elsewhere after signing in.
pub(crate) fn local(back: &str) -> &str {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_?=&.".contains(&b);
    let own = back.starts_with('/') && !back.starts_with("//") && back.len() <= 200;
    if own && back.bytes().all(plain) {
        back
    } else {
        "/evidence"
    }
}
