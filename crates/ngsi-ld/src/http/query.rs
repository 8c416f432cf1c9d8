//! Queries: parameters of a URL, or a body (clauses 6.4.3.2, 6.23 and 5.2.23). Never looks through
//! the city on the threads that answer everybody.

mod maps;

use std::collections::HashSet;
use std::sync::Arc;

use axum::http::Method;
use loggia_api::Route;

use super::answer::Failure;
use super::call::{Call, Flag};
use super::media::Geo;
use super::view::{Asked, Shown};
use super::{Answer, App, paging, route};
use crate::broker::{Found, Paging, Whose};
use crate::context::Context;
use crate::entity::Geometry;
use crate::error::Error;
use crate::iri::Iri;
use crate::json::Json;
use crate::query::{
    By, Collation, Filter, GeoQuery, IdPattern, Ids, Order, Projection, Query, ScopeQuery, Shape,
    TypeQuery,
};

pub(super) use maps::{map, map_by_body};

pub(super) fn routes(app: &Arc<App>) -> Vec<Route> {
    let at = "/ngsi-ld/v1/entityOperations/query";
    vec![route(app, Method::POST, at, by_body)]
}

/// Finds, and answers with the page.
pub(super) async fn found(
    app: Arc<App>,
    call: Call,
    (filters, order): (Vec<Filter>, Option<Ordered>),
    shown: Shown,
) -> Answer {
    let paging = paging::read(&call)?;
    if let Some(wish) = shown.map.clone() {
        return maps::found(app, call, (filters, order), (shown, wish), paging).await;
    }
    let work = (app.clone(), call.whose.clone());
    let search = move || {
        let order = order.as_ref().map(|(o, reference)| (o, reference.as_ref()));
        find(&work.0, &work.1, &filters, order, paging)
    };
    let found = tokio::task::spawn_blocking(search).await;
    let found = found.map_err(|e| Error::Broken(format!("a query: {e}")))??;
    let answer = shown.several(&app, &call, &found.entities)?;
    Ok(paging::linked(
        answer,
        &call,
        paging,
        found.count,
        found.more,
    ))
}

/// Whether a body is a query (clause 5.2.23).
pub(super) fn is_query(body: &Json) -> Result<(), Failure> {
    match body.get("type").and_then(Json::as_str) {
        Some("Query") => Ok(()),
        _ => Err(Error::bad("type", "a query's type is Query (clause 5.2.23)").into()),
    }
}

fn find(
    app: &App,
    whose: &Whose,
    filters: &[Filter],
    order: Option<(&Order, Option<&Shape>)>,
    paging: Paging,
) -> Result<Found, Error> {
    if let [one] = filters {
        return app.broker.find(whose, one, order, paging);
    }
    // Several selectors: what any of them finds, once.
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for filter in filters {
        app.broker.each(whose, filter, |entity| {
            if seen.insert(entity.id.clone()) {
                all.push(entity);
            }
            true
        })?;
    }
    if let Some((order, reference)) = order {
        order.sort(&mut all, reference);
    }
    let (entities, count, more) = paging::cut(all, paging);
    Ok(Found {
        entities,
        count,
        more,
    })
}

/// What goes with the conditions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Within<'w> {
    /// One of these is there.
    pub having: Option<&'w Projection>,
    /// Relationships that may be followed (`join`, `joinLevel`).
    pub levels: usize,
}

impl<'w> Within<'w> {
    pub(super) fn of(shown: &'w Shown) -> Self {
        Self {
            having: shown.having.as_ref(),
            levels: shown.join.as_ref().map_or(0, |j| j.levels),
        }
    }
}

/// The conditions in a call's parameters, or a body's members.
pub(super) fn filter_of(
    call: &Call,
    asked: &impl Asked,
    context: &Context,
    within: Within<'_>,
) -> Result<Filter, Failure> {
    let types = asked.text("type")?;
    let types = types.map(|t| TypeQuery::read(&t, context)).transpose()?;
    let ids = asked.text("id")?;
    let id_pattern = asked.text("idPattern")?;
    let scope = asked.text("scopeQ")?;
    let filter = Filter {
        ids: ids.map(|t| Ids::read(&t)).transpose()?,
        id_pattern: id_pattern.map(|t| IdPattern::read(&t)).transpose()?,
        having: within.having.cloned(),
        scope: scope.map(|t| ScopeQuery::read(&t)).transpose()?,
        q: q(asked, context, within.levels)?,
        geo: geo(asked, context)?,
        types,
    };
    // Clause 5.7.2.4: the whole city is nobody's question, unless it is asked for as such.
    let having = filter.having.as_ref();
    let narrow = filter.types.is_some()
        || having.is_some_and(Projection::names_attribute)
        || filter.q.as_ref().is_some_and(Query::names_attribute)
        || filter.geo.is_some();
    let local = is_local(call, asked)?;
    if !narrow && !local {
        let what = "one of type, attrs, pick, q, georel or local=true is needed (clause 5.7.2.4)";
        return Err(Error::bad("", what).into());
    }
    Ok(filter)
}

/// `q` with what is said of its values. What JSON a value is (`jsonKeys`) no @context changes here.
fn q(asked: &impl Asked, context: &Context, levels: usize) -> Result<Option<Query>, Failure> {
    let names = |name: &'static str| -> Result<Vec<Iri>, Failure> {
        let Some(text) = asked.text(name)? else {
            return Ok(Vec::new());
        };
        let read = Projection::attrs(&text, context)?;
        Ok(read.0.into_iter().filter_map(|p| p.attribute).collect())
    };
    let expanded = names("expandValues")?;
    names("jsonKeys")?;
    let Some(text) = asked.text("q")? else {
        return Ok(None);
    };
    let query = Query::read_expanding(&text, context, &expanded)?;
    if query.linked_depth() > levels {
        let what = "it reaches further into linked entities than join and joinLevel \
                    (clause 5.7.2.4)";
        return Err(Error::bad("q", what).into());
    }
    Ok(Some(query))
}

/// Whether this broker alone is asked (clause 5.5.13), as any type at all implies (6.4.3.2).
fn is_local(call: &Call, asked: &impl Asked) -> Result<bool, Failure> {
    let any = asked.text("type")?.as_deref() == Some("*");
    match (call.param("local")?.is_some(), call.flag("local")?) {
        (_, Flag::Set) => Ok(true),
        (true, Flag::Unset) if any => {
            let what = "type=* is asked of one broker, which is local=true (clause 6.4.3.2)";
            Err(Error::bad("local", what).into())
        }
        (_, Flag::Unset) => Ok(any),
    }
}

fn geo(asked: &impl Asked, context: &Context) -> Result<Option<GeoQuery>, Failure> {
    let georel = asked.text("georel")?;
    let geometry = asked.text("geometry")?;
    let coordinates = asked.text("coordinates")?;
    let property = asked.text("geoproperty")?;
    match (georel, geometry, coordinates) {
        (Some(georel), Some(geometry), Some(coordinates)) => {
            let property = property.as_deref();
            let read = GeoQuery::read(&georel, &geometry, &coordinates, property, context);
            Ok(Some(read?))
        }
        (None, None, None) => Ok(None),
        _ => {
            let what = "georel, geometry and coordinates go together (clause 4.10)";
            Err(Error::bad("georel", what).into())
        }
    }
}

/// `orderBy`, and from where distances are (`orderFrom`, `orderGeometry`).
pub(super) fn order(
    call: &Call,
    asked: &impl Asked,
    context: &Context,
) -> Result<Option<Ordered>, Failure> {
    let collation = asked.text("collation")?;
    let collation = collation.map(|t| Collation::read(&t)).transpose()?;
    let Some(text) = asked.text("orderBy")? else {
        return Ok(None);
    };
    if !is_local(call, asked)? {
        let what = "an order goes with local=true (clause 5.7.2.4)";
        return Err(Error::bad("orderBy", what).into());
    }
    let mut order = Order::read(&text, context)?;
    if let Some(collation) = collation {
        order = order.collated(collation);
    }
    let kind = asked.text("orderGeometry")?;
    let reference = match asked.text("orderFrom")? {
        Some(coordinates) => {
            let coordinates = Json::read(coordinates.as_bytes());
            let coordinates =
                coordinates.map_err(|_| Error::bad("orderFrom", "coordinates are needed"))?;
            let kind = kind.as_deref().unwrap_or("Point");
            let geometry = [("type", kind.into()), ("coordinates", coordinates)];
            Some(Shape::of(&Geometry::read(Json::object(geometry))?))
        }
        None => None,
    };
    let by_distance = order
        .keys
        .iter()
        .any(|key| matches!(key.by, By::Distance(_)));
    if by_distance && reference.is_none() {
        let what = "an order by distance says from where (clause 5.7.2.4)";
        return Err(Error::bad("orderFrom", what).into());
    }
    Ok(Some((order, reference)))
}

/// An order, and the place that distances are from.
pub(super) type Ordered = (Order, Option<Shape>);

/// Members of a `Query` (clause 5.2.23), asked like parameters.
pub(super) struct Body<'b> {
    body: &'b Json,
    selector: Option<&'b Json>,
}

impl<'b> Body<'b> {
    pub(super) const fn of(body: &'b Json) -> Self {
        Self {
            body,
            selector: None,
        }
    }

    fn member(&self, name: &str) -> Option<&Json> {
        let geo = |inner: &str| self.body.get("geoQ").and_then(|g| g.get(inner));
        let ordering = |inner: &str| self.body.get("ordering").and_then(|o| o.get(inner));
        match name {
            "type" | "id" | "idPattern" => self.selector?.get(name),
            "georel" | "geometry" | "coordinates" => geo(name),
            "geoproperty" => geo("geoproperty"),
            "orderBy" | "collation" => ordering(name),
            // Table 5.2.43-1 has them under other names than a URL; a URL's are taken as well.
            "orderFrom" => ordering("coordinates").or_else(|| ordering(name)),
            "orderGeometry" => ordering("geometry").or_else(|| ordering(name)),
            _ => self.body.get(name),
        }
    }
}

impl Asked for Body<'_> {
    fn text(&self, name: &'static str) -> Result<Option<String>, Failure> {
        let Some(member) = self.member(name) else {
            return Ok(None);
        };
        match member {
            Json::String(text) => Ok(Some(text.to_string())),
            Json::Bool(flag) if name == "entityMap" => Ok(Some(flag.to_string())),
            Json::Array(_) if PLACES.contains(&name) => Ok(Some(member.to_string())),
            Json::Number(number) if name == "joinLevel" => Ok(Some(number.to_string())),
            Json::Array(list) if LISTS.contains(&name) => {
                let words: Option<Vec<&str>> = list.iter().map(Json::as_str).collect();
                let words = words.filter(|w| !w.is_empty());
                let words = words.ok_or_else(|| Error::bad(name, "a list of texts is needed"))?;
                Ok(Some(words.join(",")))
            }
            _ => Err(Error::bad(name, "a text is needed").into()),
        }
    }
}

/// Members that are lists in a body, and have commas in a URL.
const LISTS: [&str; 7] = [
    "attrs",
    "pick",
    "omit",
    "id",
    "datasetId",
    "containedBy",
    "orderBy",
];

/// Members that are coordinates.
const PLACES: [&str; 2] = ["coordinates", "orderFrom"];

/// Clause 6.23.3.1.
async fn by_body(app: Arc<App>, call: Call) -> Answer {
    let (body, context) = app.body(&call).await?;
    is_query(&body)?;
    let whole = Body::of(&body);
    let shown = Shown::read(&call, &whole, context.clone(), Geo::Too)?;
    let filters = filters_of(&call, &whole, Some(&body), &context, Within::of(&shown))?;
    let order = order(&call, &whole, &context)?;
    found(app, call, (filters, order), shown).await
}

/// The conditions of which one has to be met: one for each selector of a body (clause 5.2.33), or
/// those that stand alone.
pub(super) fn filters_of(
    call: &Call,
    asked: &impl Asked,
    body: Option<&Json>,
    context: &Context,
    within: Within<'_>,
) -> Result<Vec<Filter>, Failure> {
    match body.and_then(|body| Some((body, body.get("entities")?))) {
        None => Ok(vec![filter_of(call, asked, context, within)?]),
        Some((body, Json::Array(selectors))) if !selectors.is_empty() => {
            let one = |selector| {
                let one = Body {
                    body,
                    selector: Some(selector),
                };
                filter_of(call, &one, context, within)
            };
            selectors.iter().map(one).collect()
        }
        Some(_) => {
            let what = "a list of selectors is needed (clause 5.2.33)";
            Err(Error::bad("entities", what).into())
        }
    }
}
