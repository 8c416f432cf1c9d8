//! Three answers for the public pages: one sentence of truth, the equal list, the statistics.
//! Never asks who is asking.

use core::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::{Query, State};
use axum::routing::get;
use loggia_api::{Access, Problem, Route};
use loggia_model::{At, Clock, Fault, RequestId};
use loggia_transparency::{DetailKind, Disclosed, Entry, Log, OpenedDetail};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::declared::{Declared, Source};
use crate::disclosures::{Board, DisclosurePage, Drawn, PlaceCount, Publications, board, page};
use crate::tally::{Month, Statistics, Tally};

/// Entries read from the log at a time: about 340 kB.
const PAGE_ENTRIES: usize = 1_000;

/// Whose register this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum City {
    /// A real installation.
    Real {
        /// The city's name.
        name: String,
    },
    /// A demo folder: one machine holds everybody's keys, and every page says so.
    Demo {
        /// The city's name.
        name: String,
    },
}

impl City {
    /// The city's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Real { name } | Self::Demo { name } => name,
        }
    }

    /// Whether one machine holds everybody's keys.
    #[must_use]
    pub const fn is_demo(&self) -> bool {
        matches!(self, Self::Demo { .. })
    }
}

/// The sentence of truth, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Summary {
    /// The city's name.
    pub city: String,
    /// Whether this is a demo folder.
    pub demo: bool,
    /// Now, microseconds since 1970.
    #[schema(value_type = i64)]
    pub at: At,
    /// Cameras declared.
    pub cameras_declared: u64,
    /// Openings in this month (UTC).
    pub openings_this_month: u64,
    /// Live views in this month (UTC).
    pub live_views_this_month: u64,
    /// Openings of the break-glass account in this month (UTC).
    pub break_glass_this_month: u64,
    /// Entries in the public log.
    pub log_size: u64,
}

/// What the public pages are made from.
pub struct Register {
    city: City,
    log: Log,
    clock: Arc<dyn Clock>,
    declared: Source,
    publications: Publications,
    drawn: Mutex<Option<Drawn>>,
    tally: Mutex<Tally>,
}

impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Register({:?}, {:?})", self.city, self.log)
    }
}

impl Register {
    /// A register over the city's log and declarations.
    #[must_use]
    pub fn new(city: City, log: Log, clock: Arc<dyn Clock>, declared: Source) -> Self {
        Self {
            city,
            log,
            clock,
            declared,
            publications: Publications::default(),
            drawn: Mutex::default(),
            tally: Mutex::default(),
        }
    }

    /// With what the city publishes of openings.
    #[must_use]
    pub fn with_publications(mut self, publications: Publications) -> Self {
        self.publications = publications;
        self
    }

    /// Every opened request: what is public of it, or when it will be.
    ///
    /// # Errors
    /// [`Fault`] of the log, or of what is published.
    pub fn board(&self) -> Result<Arc<Board>, Fault> {
        let published = (self.publications.published)()?;
        let (k, now) = (self.small_cell_cases(), self.clock.now());
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = self.counted(|t| {
            let kept = drawn.take().filter(|d| d.holds(t.next(), &published, now));
            kept.unwrap_or_else(|| Drawn {
                board: Arc::new(board(t.calendar(), &published, k, now)),
                log_size: t.next(),
                published: Arc::clone(&published),
                at: now,
            })
        })?;
        let board = Arc::clone(&fresh.board);
        *drawn = Some(fresh);
        Ok(board)
    }

    /// A page of what is published, from the request after this one.
    ///
    /// # Errors
    /// As [`Register::board`].
    pub fn disclosures(&self, after: Option<RequestId>) -> Result<DisclosurePage, Fault> {
        let published = (self.publications.published)()?;
        let (k, board) = (self.small_cell_cases(), self.board()?);
        self.counted(|t| page(&board, t.calendar(), &published, k, after))
    }

    /// From how many cases on a cell is told.
    #[must_use]
    pub fn small_cell_cases(&self) -> u32 {
        self.publications.small_cell_cases
    }

    /// The sentence of truth.
    ///
    /// # Errors
    /// [`Fault`] of the log or of the source of declarations.
    pub fn summary(&self) -> Result<Summary, Fault> {
        let at = self.clock.now();
        let (city, demo) = (self.city.name().to_owned(), self.city.is_demo());
        let cameras_declared = (self.declared)()?.len() as u64;
        let (month, log_size) = self.counted(|t| (t.month(at), t.next()))?;
        Ok(Summary {
            city,
            demo,
            at,
            cameras_declared,
            openings_this_month: month.openings,
            live_views_this_month: month.live_views,
            break_glass_this_month: month.break_glass_opened,
            log_size,
        })
    }

    /// Every declared camera, in the order of its number.
    ///
    /// # Errors
    /// [`Fault`] of the source.
    pub fn cameras(&self) -> Result<Vec<Declared>, Fault> {
        let mut cameras = (self.declared)()?;
        cameras.sort_by_key(|c| c.id);
        Ok(cameras)
    }

    /// The months' counts.
    ///
    /// # Errors
    /// [`Fault`] of the log.
    pub fn statistics(&self) -> Result<Statistics, Fault> {
        self.counted(Tally::statistics)
    }

    /// The newest events that people follow.
    ///
    /// # Errors
    /// [`Fault`] of the log.
    pub fn news(&self) -> Result<Vec<(u64, Entry)>, Fault> {
        self.counted(Tally::news)
    }

    /// Now, by the house's clock.
    #[must_use]
    pub fn now(&self) -> At {
        self.clock.now()
    }

    /// The public log.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Whose register it is.
    #[must_use]
    pub fn city(&self) -> &City {
        &self.city
    }

    /// Counts what the log has gained since the last time, then looks.
    fn counted<T>(&self, look: impl FnOnce(&Tally) -> T) -> Result<T, Fault> {
        // A count that panicked halfway would have moved `next` with it: the tally stays right.
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let page = self.log.entries(tally.next(), PAGE_ENTRIES)?;
            if page.is_empty() {
                return Ok(look(&tally));
            }
            for (index, entry) in page {
                tally.add(index, &entry);
            }
        }
    }
}

/// The endpoints, all public.
#[must_use]
pub fn routes(register: Arc<Register>) -> Vec<Route> {
    let public = Access::Public;
    vec![
        Route::get(
            "/api/v1/public/summary",
            public,
            get(summary).with_state(register.clone()),
        ),
        Route::get(
            "/api/v1/public/cameras",
            public,
            get(cameras).with_state(register.clone()),
        ),
        Route::get(
            "/api/v1/public/statistics",
            public,
            get(statistics).with_state(register.clone()),
        ),
        Route::get(
            "/api/v1/public/disclosures",
            public,
            get(disclosures).with_state(register),
        ),
    ]
}

/// The endpoints' description.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(summary, cameras, statistics, disclosures),
    components(schemas(
        Summary,
        Declared,
        Statistics,
        Month,
        DisclosurePage,
        PlaceCount,
        Disclosed,
        OpenedDetail,
        DetailKind
    ))
)]
pub struct OpenApi;

/// Log and declarations are read from disk: off the async threads.
async fn off<T: Send + 'static>(
    register: Arc<Register>,
    work: impl FnOnce(&Register) -> Result<T, Fault> + Send + 'static,
) -> Result<Json<T>, Problem> {
    match tokio::task::spawn_blocking(move || work(&register)).await {
        Ok(done) => Ok(Json(done?)),
        Err(_) => Err(Problem(Fault::Broken(
            "reading the register failed".to_owned(),
        ))),
    }
}

/// One sentence of truth: cameras declared, openings this month.
#[utoipa::path(get, path = "/api/v1/public/summary", tag = "public",
    responses((status = 200, body = Summary)))]
async fn summary(State(register): State<Arc<Register>>) -> Result<Json<Summary>, Problem> {
    off(register, Register::summary).await
}

/// Every declared camera.
#[utoipa::path(get, path = "/api/v1/public/cameras", tag = "public",
    responses((status = 200, body = Vec<Declared>)))]
async fn cameras(State(register): State<Arc<Register>>) -> Result<Json<Vec<Declared>>, Problem> {
    off(register, Register::cameras).await
}

/// What the log says, month by month.
#[utoipa::path(get, path = "/api/v1/public/statistics", tag = "public",
    responses((status = 200, body = Statistics)))]
async fn statistics(State(register): State<Arc<Register>>) -> Result<Json<Statistics>, Problem> {
    off(register, Register::statistics).await
}

/// Which disclosures are wanted.
#[derive(Deserialize, IntoParams)]
struct Which {
    /// Those after this request's hash.
    #[param(value_type = Option<String>)]
    after: Option<String>,
}

/// What is published of openings, with the salts that open the log's commitments.
#[utoipa::path(get, path = "/api/v1/public/disclosures", tag = "public", params(Which),
    responses((status = 200, body = DisclosurePage), (status = 400)))]
async fn disclosures(
    State(register): State<Arc<Register>>,
    Query(which): Query<Which>,
) -> Result<Json<DisclosurePage>, Problem> {
    let not_one = || Problem(Fault::Invalid("`after` is a request's hash".to_owned()));
    let after = which.after.map(|a| a.parse().map_err(|_| not_one()));
    let after: Option<RequestId> = after.transpose()?;
    off(register, move |r| r.disclosures(after)).await
}
