//! Place and hour of openings as the square shows them: published outside the log, held here
//! against the log's commitments. Never shows what opens no commitment, and counts what is owed
//! from the log alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use loggia_model::{At, Body, CameraId, Digest, Fault, LegalBasis, Purpose, RequestId};
use loggia_transparency::{
    Calendar, DISCLOSURE_GRACE_S, DetailKind, Disclosed, DisclosureState, SMALL_CELL_CASES, Told,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::tally::month_of;

/// What is published now, by request. Contract: takes milliseconds, reads no network; called off
/// the async threads.
pub type Disclosures =
    Arc<dyn Fn() -> Result<Arc<BTreeMap<RequestId, Disclosed>>, Fault> + Send + Sync>;

/// Where disclosures come from, and the city's rule for small cells.
#[derive(Clone)]
pub struct Publications {
    /// What is published.
    pub published: Disclosures,
    /// Day and hour stand where at least so many cases share them.
    pub small_cell_cases: u32,
}

impl Default for Publications {
    fn default() -> Self {
        Self {
            published: Arc::new(|| Ok(Arc::default())),
            small_cell_cases: SMALL_CELL_CASES,
        }
    }
}

/// Disclosures in one answer: 1,000 of 900 bytes.
pub const DISCLOSURES_MAX: usize = 1_000;

/// What is published, with the salts, for anybody to hold against the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DisclosurePage {
    /// Day and hour are published where at least so many cases share them at each camera.
    pub small_cell_cases: u32,
    /// How long after its date a disclosure may come before it is overdue, seconds.
    pub grace_s: i64,
    /// How many there are in all.
    pub total: u64,
    /// In the order of the requests' hashes.
    pub disclosures: Vec<Disclosed>,
    /// Ask again with `after=` this; none at the end.
    #[schema(value_type = Option<String>)]
    pub next: Option<RequestId>,
    /// Cases by camera and month of filing; cells of fewer cases than `small_cell_cases` are left
    /// out.
    pub places: Vec<PlaceCount>,
}

/// How many cases concerned a camera in a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlaceCount {
    /// Camera number.
    #[schema(value_type = u32)]
    pub camera: CameraId,
    /// `2026-11`, of the filing (UTC).
    pub month: String,
    /// Cases.
    pub cases: u64,
}

/// How many requests stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Standings {
    /// Published, and it opens the commitment.
    pub opened: u64,
    /// The date has not come.
    pub delayed: u64,
    /// The date has passed.
    pub overdue: u64,
    /// Taken down.
    pub withdrawn: u64,
    /// Records erased.
    pub erased: u64,
    /// Opened before the log named dates.
    pub before_dates: u64,
}

/// One opened request on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its entry in the log.
    pub index: u64,
    /// When it was filed.
    pub filed_at: At,
    /// Who asked.
    pub body: Body,
    /// What for.
    pub purpose: Purpose,
    /// On which ground.
    pub legal_basis: LegalBasis,
    /// How many cameras.
    pub cameras: u32,
    /// How many seconds each.
    pub length_s: u32,
    /// How often its date was moved.
    pub extensions: u32,
    /// Where it stands.
    pub state: DisclosureState,
    /// Cameras, once they are public.
    pub place: Vec<CameraId>,
    /// Days since 1970, where enough cases share them.
    pub days: Vec<u32>,
    /// Hours since 1970, where enough cases share them.
    pub hours: Vec<u32>,
}

/// Every opened request by its state, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Board {
    /// How many stand where.
    pub standings: Standings,
    /// All of them.
    pub lines: Vec<Line>,
    /// Cells with enough cases.
    pub places: Vec<PlaceCount>,
}

fn line(told: &Told, now: At, published: Option<&Disclosed>) -> Line {
    let state = told.state(now.secs(), published);
    let shown = published.zip(told.due.as_ref());
    let numbers = |what| {
        let open = matches!(state, DisclosureState::Opened);
        let of = shown
            .filter(|_| open)
            .and_then(|(p, due)| p.opens(what, due));
        of.unwrap_or_default()
    };
    Line {
        index: told.index,
        filed_at: At(told.filed_at.saturating_mul(1_000_000)),
        body: told.body,
        purpose: told.purpose,
        legal_basis: told.legal_basis.clone(),
        cameras: told.cameras,
        length_s: told.length_s,
        extensions: told.extensions,
        state,
        place: numbers(DetailKind::Place)
            .into_iter()
            .map(CameraId)
            .collect(),
        days: numbers(DetailKind::Day),
        hours: numbers(DetailKind::Hour),
    }
}

/// How long a board stands while neither the log nor what is published changes: it takes a hash for
/// each published detail, and whoever passes may ask.
const STANDS: core::time::Duration = core::time::Duration::from_secs(5);

/// A board, and what it was drawn from.
pub(crate) struct Drawn {
    pub board: Arc<Board>,
    pub log_size: u64,
    pub published: Arc<BTreeMap<RequestId, Disclosed>>,
    pub at: At,
}

impl Drawn {
    /// Whether it would be drawn the same.
    pub fn holds(
        &self,
        log_size: u64,
        published: &Arc<BTreeMap<RequestId, Disclosed>>,
        now: At,
    ) -> bool {
        let same = self.log_size == log_size && Arc::ptr_eq(&self.published, published);
        same && now >= self.at && now.since(self.at) < STANDS
    }
}

/// Draws the board up.
pub(crate) fn board(
    calendar: &Calendar,
    published: &BTreeMap<RequestId, Disclosed>,
    small_cell_cases: u32,
    now: At,
) -> Board {
    let mut board = Board::default();
    let mut cells: BTreeMap<(String, CameraId), BTreeSet<Digest>> = BTreeMap::new();
    for told in calendar.opened() {
        let line = line(told, now, published.get(&told.request));
        let s = &mut board.standings;
        match line.state {
            DisclosureState::Opened => s.opened += 1,
            DisclosureState::Delayed { .. } => s.delayed += 1,
            DisclosureState::Overdue { .. } => s.overdue += 1,
            DisclosureState::Withdrawn { .. } => s.withdrawn += 1,
            DisclosureState::Erased { .. } => s.erased += 1,
            DisclosureState::BeforeDates => s.before_dates += 1,
            DisclosureState::Unopened => {}
        }
        for camera in &line.place {
            let cell = (month_of(line.filed_at), *camera);
            cells.entry(cell).or_default().insert(told.case);
        }
        board.lines.push(line);
    }
    let enough = cells
        .into_iter()
        .filter(|(_, cases)| cases.len() as u64 >= u64::from(small_cell_cases));
    board.places = enough
        .map(|((month, camera), cases)| PlaceCount {
            camera,
            month,
            cases: cases.len() as u64,
        })
        .collect();
    board.places.reverse();
    board
}

/// What of it opens the log's commitments: nothing else leaves, so that no word which somebody
/// wrote into the tables can.
fn sound(calendar: &Calendar, d: &Disclosed) -> Option<Disclosed> {
    let due = calendar.of(&d.request)?.due.as_ref()?;
    let mut d = d.clone();
    let opens: Vec<DetailKind> = DetailKind::ALL
        .into_iter()
        .filter(|what| d.opens(*what, due).is_some())
        .collect();
    d.details.retain(|x| opens.contains(&x.what));
    (!d.details.is_empty()).then_some(d)
}

/// A page of what is published.
pub(crate) fn page(
    board: &Board,
    calendar: &Calendar,
    published: &BTreeMap<RequestId, Disclosed>,
    small_cell_cases: u32,
    after: Option<RequestId>,
) -> DisclosurePage {
    let from = after.map_or(core::ops::Bound::Unbounded, core::ops::Bound::Excluded);
    let mut rest = published.range((from, core::ops::Bound::Unbounded));
    let some: Vec<&Disclosed> = rest
        .by_ref()
        .take(DISCLOSURES_MAX)
        .map(|(_, d)| d)
        .collect();
    let next = some.last().map(|d| d.request);
    let next = next.filter(|_| rest.next().is_some());
    let disclosures = some
        .into_iter()
        .filter_map(|d| sound(calendar, d))
        .collect();
    DisclosurePage {
        small_cell_cases,
        grace_s: DISCLOSURE_GRACE_S,
        total: published.len() as u64,
        next,
        disclosures,
        places: board.places.clone(),
    }
}
