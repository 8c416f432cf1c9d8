//! The public square as pages: HTML that needs no script, in three scripts, from the register
//! alone. Never asks for a session; sets a cookie only for a language that somebody chose.

mod answer;
mod ask;
mod asked;
mod card;
mod chart;
mod check;
mod complain;
mod delays;
mod doorstep;
mod feed;
mod form;
mod frame;
mod front;
mod list;
mod pages;
mod rules;
mod said;
mod standing;
mod statistics;

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

use loggia_api::{Access, Route, Secure};
use loggia_transparency::Witnesses;

use crate::forms::Forms;
use crate::gazetteer::Gazetteer;
use crate::routes::Register;
use crate::rules::Rules;
use crate::words::Zone;
use doorstep::Doorstep;

/// The built pages' own files that these pages wear: addresses on this server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dress {
    /// Style sheets, in order. Empty where the web pages are not built: the page is plain then.
    pub styles: Vec<String>,
    /// The letters, by language: asked for with the page, so that no line jumps when they come.
    pub letters: BTreeMap<&'static str, Vec<String>>,
    /// The script that draws the map; nothing else needs it.
    pub script: Option<String>,
}

/// Where one turns to about data protection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offices {
    /// The city's data-protection officer (GDPR Art. 37): address lines.
    pub officer: Vec<String>,
    /// The supervisory authority (GDPR Art. 77): address lines.
    pub authority: Vec<String>,
}

/// How a square is set up.
#[derive(Debug)]
pub struct Setting {
    /// The city's time zone.
    pub zone: Zone,
    /// What the pages wear.
    pub dress: Dress,
    /// Streets and places.
    pub map: Gazetteer,
    /// Where letters go.
    pub offices: Offices,
    /// Where filed forms go; without it the pages say how to write a letter.
    pub forms: Option<Forms>,
    /// The access policy in force.
    pub rules: Rules,
    /// Bodies outside the city that cosign the log.
    pub witnesses: Witnesses,
    /// Whether these pages are reached over TLS.
    pub secure: Secure,
}

/// The square.
pub struct Square {
    register: Arc<Register>,
    setting: Setting,
    asking: Doorstep,
    complaining: Doorstep,
}

impl fmt::Debug for Square {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Square({:?})", self.register)
    }
}

impl Square {
    /// A square over a register.
    #[must_use]
    pub fn new(register: Arc<Register>, setting: Setting) -> Self {
        Self {
            register,
            setting,
            asking: Doorstep::default(),
            complaining: Doorstep::default(),
        }
    }
}

/// The pages' routes, all public.
#[must_use]
pub fn pages(square: Arc<Square>) -> Vec<Route> {
    use axum::routing::{get, post};
    let (public, state) = (Access::Public, || Arc::clone(&square));
    vec![
        Route::get("/", public, get(pages::front).with_state(state())),
        Route::get("/cameras", public, get(pages::cameras).with_state(state())),
        Route::get(
            "/cameras/{id}",
            public,
            get(pages::card).with_state(state()),
        ),
        Route::get(
            "/statistics",
            public,
            get(pages::statistics).with_state(state()),
        ),
        Route::get(
            "/disclosures",
            public,
            get(pages::delays).with_state(state()),
        ),
        Route::get("/policy", public, get(pages::rules).with_state(state())),
        Route::get("/check", public, get(pages::check).with_state(state())),
        Route::get(
            "/check/files",
            public,
            get(pages::files).with_state(state()),
        ),
        Route::get("/ask", public, get(pages::ask).with_state(state())),
        Route::post("/ask", public, post(pages::file_ask).with_state(state())),
        Route::get(
            "/ask/{reference}",
            public,
            get(pages::standing_page).with_state(state()),
        ),
        Route::get(
            "/complain",
            public,
            get(pages::complain).with_state(state()),
        ),
        Route::post(
            "/complain",
            public,
            post(pages::file_complaint).with_state(state()),
        ),
        Route::get("/feed.rss", public, get(pages::feed).with_state(state())),
        Route::get("/language", public, get(pages::language)),
    ]
}
