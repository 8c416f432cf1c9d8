//! How entities evolved, over HTTP (clauses 6.18 to 6.22 and 6.24). Never changes what an entity is
//! now: that is the entity API's.

mod asked;
mod maps;
mod shown;

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use loggia_api::Route;

use super::answer::{Amended, Failure, created, empty, in_path};
use super::attributes::name;
use super::call::{Call, Flag};
use super::query::{Body, Within, filters_of, is_query};
use super::{Answer, App, BASE, entity_maps, paging, route};
use crate::broker::{Caller as _, Counting, Evolved};
use crate::error::Error;
use crate::history::{Ask, Count, Erased, Found, HistoryError};
use crate::iri::Iri;
use crate::query::{Filter, Order};
use crate::rights::Deed;
use crate::temporal::{InstanceId, Partial, TemporalFragment, read_instance};

use asked::{InBody, Wanted, has_time, ordered, wanted};
pub(super) use maps::{map, map_by_body};
use shown::Shown;

const ALL: &str = "/ngsi-ld/v1/temporal/entities/";
const ONE: &str = "/ngsi-ld/v1/temporal/entities/{id}";
const ATTRS: &str = "/ngsi-ld/v1/temporal/entities/{id}/attrs/";
const ATTR: &str = "/ngsi-ld/v1/temporal/entities/{id}/attrs/{attr}";
const INSTANCE: &str = "/ngsi-ld/v1/temporal/entities/{id}/attrs/{attr}/{instance}";
const QUERY: &str = "/ngsi-ld/v1/temporal/entityOperations/query";

/// A reader waits so long for what was written before he asked; then he reads what there is.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route(app, Method::POST, ALL, create),
        route(app, Method::GET, ALL, query),
        route(app, Method::GET, ONE, retrieve),
        route(app, Method::DELETE, ONE, erase),
        route(app, Method::POST, ATTRS, add),
        route(app, Method::DELETE, ATTR, erase_attribute),
        route(app, Method::PATCH, INSTANCE, replace_instance),
        route(app, Method::DELETE, INSTANCE, erase_instance),
        route(app, Method::POST, QUERY, by_body),
    ]
}

impl From<HistoryError> for Failure {
    fn from(e: HistoryError) -> Self {
        match e {
            HistoryError::Request(e) => e.into(),
            broken => Error::Broken(format!("the history: {broken}")).into(),
        }
    }
}

/// Work on the history, away from the threads that answer everybody, once what was acknowledged
/// before is in it.
async fn with_history<T: Send + 'static>(
    app: &Arc<App>,
    call: &Call,
    work: impl FnOnce(&App, &str) -> Result<T, HistoryError> + Send + 'static,
) -> Result<T, Failure> {
    if let Some(rights) = call.whose.may(Deed::Read)? {
        rights.all_data()?;
    }
    app.broker.knows_tenant(&call.whose)?;
    let (app, tenant) = (app.clone(), call.whose.clone());
    let acknowledged = app.broker.bus().durable();
    let done = tokio::task::spawn_blocking(move || {
        let came = app.history.progress.wait(acknowledged, PATIENCE);
        if came < acknowledged {
            tracing::warn!(
                came,
                acknowledged,
                "an answer out of a history that is late"
            );
        }
        work(&app, tenant.tenant())
    });
    let done = done.await;
    Ok(done.map_err(|e| Error::Broken(format!("the history: {e}")))??)
}

fn unknown(id: &str) -> Failure {
    Error::NotFound(format!("entity {id} has no history")).into()
}

/// Refuses an entity that has no history (clauses 5.6.12 to 5.6.16).
async fn must_be_known(app: &Arc<App>, call: &Call, id: &str) -> Result<(), Failure> {
    let own = id.to_owned();
    let head = with_history(app, call, move |app, tenant| {
        app.history.reader.head(tenant, &own)
    });
    head.await?.map(|_| ()).ok_or_else(|| unknown(id))
}

/// Clause 6.18.3.1.
async fn create(app: Arc<App>, call: Call) -> Answer {
    let (body, context) = app.body(&call).await?;
    let fragment = TemporalFragment::read_entity(body, &context, app.broker.now())?;
    let Some(id) = fragment.id.clone() else {
        return Err(Error::bad("id", "an entity has an id, which is a URI").into());
    };
    let known = match app.broker.knows_tenant(&call.whose) {
        Ok(()) => {
            let own = id.clone();
            let head = with_history(&app, &call, move |app, tenant| {
                app.history.reader.head(tenant, &own)
            });
            head.await?
        }
        // This makes it.
        Err(_) => None,
    };
    let what = Evolved::Added(fragment);
    app.broker.evolve(&call.whose, &id, &what)?.await?;
    Ok(match known {
        Some(_) => empty(StatusCode::NO_CONTENT),
        None => created(&format!("{BASE}/temporal/entities/{}", in_path(&id))),
    })
}

/// Clause 6.20.3.1.
async fn add(app: Arc<App>, call: Call) -> Answer {
    let id = call.entity_id()?;
    let (body, context) = app.body(&call).await?;
    let fragment = TemporalFragment::read_attributes(body, &context, app.broker.now())?;
    if fragment.id.as_deref().is_some_and(|own| own != id) {
        return Err(Error::bad("id", "it is not the id of the entity that is changed").into());
    }
    must_be_known(&app, &call, id).await?;
    let what = Evolved::Added(fragment);
    app.broker.evolve(&call.whose, id, &what)?.await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Clause 6.19.3.2.
async fn erase(app: Arc<App>, call: Call) -> Answer {
    let id = call.entity_id()?;
    must_be_known(&app, &call, id).await?;
    let kept = app.broker.evolve(&call.whose, id, &Evolved::Erased)?;
    kept.await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Clause 6.21.3.1.
async fn erase_attribute(app: Arc<App>, call: Call) -> Answer {
    let id = call.entity_id()?;
    let context = app.context_of(&call).await?;
    let name = name(&call, &context)?;
    let which = match (call.flag("deleteAll")?, call.param("datasetId")?) {
        (Flag::Set, _) => Erased::All,
        (Flag::Unset, None | Some("@none")) => Erased::Default,
        (Flag::Unset, Some(id)) if crate::is_uri(id) => Erased::Dataset(id.into()),
        (Flag::Unset, Some(_)) => return Err(Error::bad("datasetId", "a URI is needed").into()),
    };
    let (own, attribute, asked) = (id.to_owned(), name.clone(), which.clone());
    let there = with_history(&app, &call, move |app, tenant| {
        app.history.reader.has(tenant, &own, &attribute, &asked)
    });
    if !there.await? {
        let what = format!("entity {id} has no such history of {name}");
        return Err(Error::NotFound(what).into());
    }
    let what = Evolved::AttributeErased(name, which);
    app.broker.evolve(&call.whose, id, &what)?.await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// The instance in the path, which the attribute has.
async fn instance(
    app: &Arc<App>,
    call: &Call,
    id: &str,
    name: &Iri,
) -> Result<InstanceId, Failure> {
    let text = call.path("instance");
    if !crate::is_uri(text) {
        return Err(Error::bad("instanceId", "an instanceId is a URI").into());
    }
    let absent = || Failure::from(Error::NotFound(format!("{name} has no instance {text}")));
    let instance = InstanceId::read(text).ok_or_else(absent)?;
    let (own, attribute) = (id.to_owned(), name.clone());
    let there = with_history(app, call, move |app, tenant| {
        let reader = &app.history.reader;
        reader.has_instance(tenant, &own, &attribute, instance)
    });
    match there.await? {
        true => Ok(instance),
        false => Err(absent()),
    }
}

/// Clause 6.22.3.1.
async fn replace_instance(app: Arc<App>, call: Call) -> Answer {
    let id = call.entity_id()?;
    let (body, context) = app.body(&call).await?;
    let name = name(&call, &context)?;
    let attribute = read_instance(call.path("attr"), body, &context, app.broker.now())?;
    let instance = instance(&app, &call, id, &name).await?;
    let what = Evolved::Replaced(instance, Box::new(attribute));
    app.broker.evolve(&call.whose, id, &what)?.await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Clause 6.22.3.2.
async fn erase_instance(app: Arc<App>, call: Call) -> Answer {
    let id = call.entity_id()?;
    let context = app.context_of(&call).await?;
    let name = name(&call, &context)?;
    let instance = instance(&app, &call, id, &name).await?;
    let what = Evolved::InstanceErased(name, instance);
    app.broker.evolve(&call.whose, id, &what)?.await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Clause 6.19.3.1.
async fn retrieve(app: Arc<App>, call: Call) -> Answer {
    let id = call.entity_id()?;
    let context = app.context_of(&call).await?;
    let shown = Shown::read(&call, &call, context)?;
    let (ask, own) = (wanted(&call)?, id.to_owned());
    let found = with_history(&app, &call, move |app, tenant| {
        let reader = &app.history.reader;
        let mut out = Vec::with_capacity(4_096);
        let asked = ask.ask(&shown, app);
        let (amended, partial) = match &shown.aggregation {
            Some(wanted) => {
                let made = reader.summarize(tenant, &own, &asked, wanted)?;
                let Some((entity, aggregates)) = made else {
                    return Ok(None);
                };
                let made = shown.aggregates(&entity, aggregates, ask.window, &mut out);
                (made, None)
            }
            None => {
                let Some((entity, partial)) = reader.retrieve(tenant, &own, &asked)? else {
                    return Ok(None);
                };
                (shown.entity(&entity, ask.window, &mut out), partial)
            }
        };
        Ok(Some((out, amended, partial, shown)))
    });
    let (out, amended, partial, shown) = found.await?.ok_or_else(|| unknown(id))?;
    let answer = shown.answer(&app, &call, out, amended)?;
    Ok(in_part(answer, partial))
}

/// Clause 6.18.3.2.
async fn query(app: Arc<App>, call: Call) -> Answer {
    let context = app.context_of(&call).await?;
    let shown = Shown::read(&call, &call, context)?;
    let filters = filters_of(&call, &call, None, &shown.context, within(&shown))?;
    let ask = wanted(&call)?;
    let order = ordered(&call, &call, &shown)?;
    found(app, call, (filters, order), (shown, ask)).await
}

/// Clause 6.24.3.1.
async fn by_body(app: Arc<App>, call: Call) -> Answer {
    let (body, context) = app.body(&call).await?;
    is_query(&body)?;
    let whole = Body::of(&body);
    let asked = InBody(&body);
    let shown = Shown::read(&call, &asked, context)?;
    let filters = filters_of(&call, &whole, Some(&body), &shown.context, within(&shown))?;
    let ask = wanted(&asked)?;
    let order = ordered(&call, &whole, &shown)?;
    found(app, call, (filters, order), (shown, ask)).await
}

/// Histories have no linked entities.
fn within(shown: &Shown) -> Within<'_> {
    Within {
        having: shown.having.as_ref(),
        levels: 0,
    }
}

/// Finds, and answers with the page.
async fn found(
    app: Arc<App>,
    call: Call,
    (filters, order): (Vec<Filter>, Option<Order>),
    (shown, ask): (Shown, Wanted),
) -> Answer {
    let paging = paging::read(&call)?;
    has_time(&ask)?;
    let asked = maps::Asked {
        filters,
        order,
        shown,
        ask,
    };
    let (asked, map) = maps::within(&app, &call, asked).await?;
    let maps::Asked {
        filters,
        order,
        shown,
        ask,
    } = asked;
    let page = with_history(&app, &call, move |app, tenant| {
        let found = Found {
            filters: &filters,
            order: order.as_ref(),
            offset: paging.offset,
            limit: paging.limit,
            count: match paging.counting {
                Counting::All => Count::All,
                Counting::No => Count::No,
            },
        };
        let asked = ask.ask(&shown, app);
        let page = Page::read(app, tenant, &found, &asked, &shown)?;
        Ok((page, shown))
    });
    let (page, shown) = page.await?;
    let answer = shown.answer(&app, &call, page.body, page.amended)?;
    let linked = paging::linked(answer, &call, paging, page.count, page.more);
    let answer = in_part(linked, page.partial);
    Ok(match map {
        Some((map, novelty)) => entity_maps::told(answer, &map, novelty),
        None => answer,
    })
}

/// A page of entities, written.
struct Page {
    body: Vec<u8>,
    amended: Amended,
    partial: Option<Partial>,
    count: Option<usize>,
    more: bool,
}

impl Page {
    fn read(
        app: &App,
        tenant: &str,
        found: &Found<'_>,
        ask: &Ask<'_>,
        shown: &Shown,
    ) -> Result<Self, HistoryError> {
        let reader = &app.history.reader;
        let mut body = Vec::with_capacity(4_096);
        let mut list = crate::json::Emit::array(&mut body);
        let mut amended = Amended::No;
        if let Some(wanted) = &shown.aggregation {
            let made = reader.query_summary(tenant, found, ask, wanted)?;
            for (entity, aggregates) in made.entities {
                let one = shown.aggregates(&entity, aggregates, ask.window, list.item());
                amended = amended.or(one);
            }
            list.end();
            return Ok(Self {
                body,
                amended,
                partial: None,
                count: made.count,
                more: made.more,
            });
        }
        let answer = reader.query(tenant, found, ask)?;
        for entity in &answer.entities {
            amended = amended.or(shown.entity(entity, ask.window, list.item()));
        }
        list.end();
        Ok(Self {
            body,
            amended,
            partial: answer.partial,
            count: answer.count,
            more: answer.more,
        })
    }
}

/// 206 with the stretch of time that is whole (clause 6.3.10).
fn in_part(mut answer: Response, partial: Option<Partial>) -> Response {
    let header = partial.and_then(|p| HeaderValue::from_str(&p.to_string()).ok());
    if let Some(value) = header {
        *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
        answer.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    answer
}
