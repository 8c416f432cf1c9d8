//! The desk's own server: its page and six calls, on loopback. Never knows a session: whoever
//! reaches
//! it reaches the machine, and every act asks for the passphrase.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::routing::{get, post};
use loggia_api::{Access, Doorkeeper, Problem, Route};
use loggia_model::{Actor, Digest, Fault, PersonId};
use serde::{Deserialize, Serialize};

use super::{Deed, Desk};

#[derive(Debug, Deserialize)]
struct WhichPerson {
    person: PersonId,
}

/// Which city this desk serves, and how much of its log this desk has checked: the head of what is
/// printed here.
#[derive(Serialize)]
struct ThisCity {
    url: String,
    /// What the city calls itself; not checked, and missing where it does not answer.
    name: Option<String>,
    /// Missing before the first contact.
    head: Option<HeadChecked>,
}

#[derive(Serialize)]
struct HeadChecked {
    /// Entries.
    size: u64,
    root: Digest,
}

#[derive(Deserialize)]
struct CityName {
    city: String,
}

impl Desk {
    fn this_city(&self) -> anyhow::Result<ThisCity> {
        let named = self.city.open::<CityName>("/api/v1/public/summary");
        let head = self.pinned.newest()?;
        Ok(ThisCity {
            url: self.city.base().to_owned(),
            name: named.ok().map(|n| n.city),
            head: head.map(|c| HeadChecked {
                size: c.size,
                root: c.root,
            }),
        })
    }
}

/// A desk has no sessions: whoever reaches this machine's loopback reaches it, and every act asks
/// for the passphrase.
struct NoSessions;

impl Doorkeeper for NoSessions {
    fn session(&self, _: &str) -> Option<Actor> {
        None
    }
    fn roster_key(&self, _: &str, _: &str, _: &str, _: [u8; 32]) -> Result<Actor, Fault> {
        Err(Fault::Unauthenticated)
    }
    fn demo(&self) -> bool {
        false
    }
}

async fn off<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> Result<Json<T>, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(Json(done)),
        Ok(Err(error)) => Err(Problem(Fault::Conflict(format!("{error:#}")))),
        Err(_) => Err(Problem(Fault::Broken("the desk stumbled".to_owned()))),
    }
}

/// The desk's whole server: its page and six calls.
pub fn router(desk: Arc<Desk>) -> axum::Router {
    let mut routes = crate::pages::desk();
    let (a, b, c, e, h, u) = (
        Arc::clone(&desk),
        Arc::clone(&desk),
        Arc::clone(&desk),
        Arc::clone(&desk),
        Arc::clone(&desk),
        desk,
    );
    routes.push(Route::get(
        "/desk/city",
        Access::Public,
        get(|State(d): State<Arc<Desk>>| off(move || d.this_city())).with_state(u),
    ));
    routes.push(Route::get(
        "/desk/people",
        Access::Public,
        get(|State(d): State<Arc<Desk>>| off(move || d.people())).with_state(a),
    ));
    routes.push(Route::get(
        "/desk/requests",
        Access::Public,
        get(|State(d): State<Arc<Desk>>, Query(q): Query<WhichPerson>| {
            off(move || d.requests(&q.person))
        })
        .with_state(b),
    ));
    routes.push(Route::get(
        "/desk/holds",
        Access::Public,
        get(|State(d): State<Arc<Desk>>, Query(q): Query<WhichPerson>| {
            off(move || d.holds(&q.person))
        })
        .with_state(h),
    ));
    routes.push(Route::get(
        "/desk/disclosure-asks",
        Access::Public,
        get(|State(d): State<Arc<Desk>>, Query(q): Query<WhichPerson>| {
            off(move || d.disclosure_asks(&q.person))
        })
        .with_state(e),
    ));
    routes.push(Route::post(
        "/desk/act",
        Access::Public,
        post(|State(d): State<Arc<Desk>>, Json(deed): Json<Deed>| off(move || d.act(&deed)))
            .with_state(c),
    ));
    loggia_api::router(routes, Arc::new(NoSessions))
}
