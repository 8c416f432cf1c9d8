//! A history on a real file with a city's requests going into it, as the tables of tests need it.
//! Never tests anything itself.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use loggia_ngsi_ld::Recorded;
use loggia_ngsi_ld::history::{
    Answer, Ask, Count, Found, History, HistoryError, HistoryOp, HistoryReader, What, ops_of,
    ops_of_fragment,
};
use loggia_ngsi_ld::query::{Filter, LastN, Projection};
use loggia_ngsi_ld::temporal::{
    Aggregation, Partial, Shown, TemporalForm, TemporalFragment, TemporalView, Window,
};
use loggia_ngsi_ld::update::Touched;
use loggia_ngsi_ld::{Context, Embed, Entity, Form, Json, SysAttrs, Time};

use crate::support::{at, context, json};

pub const TENANT: &str = "town";

pub struct City {
    pub history: RefCell<History>,
    pub reader: HistoryReader,
    pub context: Arc<Context>,
    seq: Cell<u64>,
    _folder: tempfile::TempDir,
}

/// The parameters of a temporal request, as a URL has them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Params<'p> {
    pub timerel: Option<&'p str>,
    pub time_at: Option<&'p str>,
    pub end: Option<&'p str>,
    pub property: Option<&'p str>,
    pub last_n: Option<&'p str>,
    pub attrs: Option<&'p str>,
    pub pick: Option<&'p str>,
    pub omit: Option<&'p str>,
    pub datasets: Option<&'p [Option<Box<str>>]>,
    pub options: Option<&'p str>,
    pub methods: Option<&'p str>,
    pub period: Option<&'p str>,
    pub room: Option<usize>,
}

impl<'p> Params<'p> {
    /// Out of a URL's query.
    pub fn of(query: &'p str) -> Self {
        let mut params = Self::default();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let place = match name {
                "timerel" => &mut params.timerel,
                "timeAt" => &mut params.time_at,
                "endTimeAt" => &mut params.end,
                "timeproperty" => &mut params.property,
                "lastN" => &mut params.last_n,
                "attrs" => &mut params.attrs,
                "pick" => &mut params.pick,
                "omit" => &mut params.omit,
                "options" => &mut params.options,
                "aggrMethods" => &mut params.methods,
                "aggrPeriodDuration" => &mut params.period,
                other => panic!("{other}"),
            };
            *place = Some(value);
        }
        params
    }
}

pub fn after(time: &str) -> Params<'_> {
    Params {
        timerel: Some("after"),
        time_at: Some(time),
        ..Params::default()
    }
}

pub fn between<'p>(time: &'p str, end: &'p str) -> Params<'p> {
    Params {
        timerel: Some("between"),
        time_at: Some(time),
        end: Some(end),
        ..Params::default()
    }
}

impl City {
    pub fn new(context: Arc<Context>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let history = History::open(&folder.path().join("history.sqlite")).expect("a history");
        Self {
            reader: history.reader(),
            history: RefCell::new(history),
            context,
            seq: Cell::new(0),
            _folder: folder,
        }
    }

    pub fn plain() -> Self {
        Self::new(context())
    }

    pub fn next(&self) -> u64 {
        self.seq.set(self.seq.get() + 1);
        self.seq.get()
    }

    /// When record `seq` is written: a second after the one before.
    pub fn clock(&self, seq: u64) -> Time {
        let base = at("2026-03-02T00:00:00Z").micros();
        Time::of_micros(base + i64::try_from(seq).expect("few") * 1_000_000)
    }

    pub fn apply(&self, ops: &[HistoryOp], seq: u64) {
        self.history.borrow_mut().apply(ops, seq).expect("applied");
    }

    /// `POST /temporal/entities`.
    pub fn post(&self, body: &str) {
        self.post_json(json(body));
    }

    pub fn post_json(&self, body: Json) {
        let seq = self.next();
        let now = self.clock(seq);
        let read = TemporalFragment::read_entity(body, &self.context, now);
        let fragment = read.unwrap_or_else(|e| panic!("{e}"));
        let id = fragment.id.clone().expect("an id");
        self.apply(&ops_of_fragment((seq, now), TENANT, &id, &fragment), seq);
    }

    /// `POST /temporal/entities/{id}/attrs`.
    pub fn add(&self, id: &str, body: Json) {
        let seq = self.next();
        let now = self.clock(seq);
        let read = TemporalFragment::read_attributes(body, &self.context, now);
        let fragment = read.unwrap_or_else(|e| panic!("{e}"));
        self.apply(&ops_of_fragment((seq, now), TENANT, id, &fragment), seq);
    }

    /// Anything else of the temporal API.
    pub fn what(&self, id: &str, what: What) {
        let seq = self.next();
        let op = HistoryOp {
            seq,
            place: 0,
            at: self.clock(seq),
            tenant: TENANT.into(),
            entity: id.into(),
            what,
        };
        self.apply(&[op], seq);
    }

    /// A change through the entity API.
    pub fn change(&self, before: Option<&Entity>, after: Option<&Entity>, touched: &[Touched]) {
        let seq = self.next();
        let change = Recorded {
            seq,
            tenant: TENANT.into(),
            at: self.clock(seq),
            before: before.cloned(),
            after: after.cloned().map(Arc::new),
            touched: touched.to_vec(),
        };
        self.apply(&ops_of(&change), seq);
    }

    fn projections(&self, params: &Params<'_>) -> Shown {
        let context = &self.context;
        let attrs = params.attrs.map(|t| Projection::attrs(t, context).unwrap());
        let pick = params.pick.map(|t| Projection::pick(t, context).unwrap());
        let omit = params.omit.map(|t| Projection::omit(t, context).unwrap());
        Shown::of(attrs.as_ref(), pick.as_ref(), omit.as_ref(), context).expect("members")
    }

    fn ask<'a>(params: &Params<'a>, shown: &'a Shown) -> Ask<'a> {
        let window = Window::read(params.timerel, params.time_at, params.end, params.property);
        Ask {
            window: window.expect("a window"),
            last_n: params.last_n.map(|n| LastN::read(n).expect("lastN")),
            shown,
            datasets: params.datasets,
            instances_max: params.room.unwrap_or(10_000),
        }
    }

    /// `GET /temporal/entities/{id}`, and what `Content-Range` would say.
    pub fn get_part(&self, id: &str, params: &Params<'_>) -> Option<(Json, Option<Partial>)> {
        let shown = self.projections(params);
        let ask = Self::ask(params, &shown);
        let (entity, partial) = self.reader.retrieve(TENANT, id, &ask).expect("read")?;
        let mut out = Vec::new();
        let view = self.view(params, &ask);
        match TemporalForm::read(None, params.options).expect("a form") {
            TemporalForm::Values => view.values(&entity, Embed::Nothing, &mut out),
            TemporalForm::Concise => {
                view.instances(&entity, Form::Concise, Embed::Nothing, &mut out);
            }
            TemporalForm::Normalized => {
                view.instances(&entity, Form::Normalized, Embed::Nothing, &mut out);
            }
            TemporalForm::Aggregated => {
                return Some((self.summary(id, params).expect("aggregates"), None));
            }
        }
        Some((Json::read(&out).expect("JSON"), partial))
    }

    fn view<'v>(&'v self, params: &Params<'_>, ask: &Ask<'v>) -> TemporalView<'v> {
        let shows = params.options.is_some_and(|o| o.contains("sysAttrs"));
        TemporalView {
            shown: ask.shown,
            window: ask.window,
            sys_attrs: if shows {
                SysAttrs::Show
            } else {
                SysAttrs::Hide
            },
            ..TemporalView::of(&self.context)
        }
    }

    pub fn get(&self, id: &str, params: &Params<'_>) -> Json {
        self.get_part(id, params).expect("it is there").0
    }

    pub fn summary(&self, id: &str, params: &Params<'_>) -> Result<Json, HistoryError> {
        let shown = self.projections(params);
        let ask = Self::ask(params, &shown);
        let wanted = Aggregation::read(params.methods, params.period)?;
        let made = self.reader.summarize(TENANT, id, &ask, &wanted)?;
        let (entity, aggregates) = made.expect("it is there");
        let mut out = Vec::new();
        self.view(params, &ask)
            .aggregates(&entity, &aggregates, Embed::Nothing, &mut out);
        Ok(Json::read(&out).expect("JSON"))
    }

    pub fn query(
        &self,
        filter: &Filter,
        params: &Params<'_>,
        (offset, limit): (usize, usize),
    ) -> Answer {
        let shown = self.projections(params);
        let ask = Self::ask(params, &shown);
        let found = Found {
            filters: std::slice::from_ref(filter),
            order: None,
            offset,
            limit,
            count: Count::All,
        };
        self.reader.query(TENANT, &found, &ask).expect("an answer")
    }

    /// The same as an answer's body.
    pub fn listed(&self, filter: &Filter, params: &Params<'_>) -> Json {
        let shown = self.projections(params);
        let ask = Self::ask(params, &shown);
        let answer = self.query(filter, params, (0, 100));
        let view = self.view(params, &ask);
        let form = TemporalForm::read(None, params.options).expect("a form");
        let one = |entity| {
            let mut out = Vec::new();
            match form {
                TemporalForm::Values => view.values(entity, Embed::Nothing, &mut out),
                _ => view.instances(entity, Form::Normalized, Embed::Nothing, &mut out),
            }
            Json::read(&out).expect("JSON")
        };
        Json::Array(answer.entities.iter().map(one).collect())
    }

    /// The ids that a query finds.
    pub fn found(&self, filter: &Filter, params: &Params<'_>) -> Vec<String> {
        let answer = self.query(filter, params, (0, 100));
        assert_eq!(answer.count, Some(answer.entities.len()));
        answer.entities.iter().map(|e| e.id.to_string()).collect()
    }
}

/// An answer without what the broker draws up itself.
pub fn without_ids(body: &Json) -> Json {
    match body {
        Json::Object(members) => Json::Object(
            members
                .iter()
                .filter(|(k, _)| !matches!(&**k, "instanceId" | "@context"))
                .map(|(k, v)| (k.clone(), without_ids(v)))
                .collect(),
        ),
        Json::Array(items) => Json::Array(items.iter().map(without_ids).collect()),
        other => other.clone(),
    }
}
