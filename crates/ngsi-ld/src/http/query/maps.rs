//! Queries by a map of what they found, and such maps alone (clauses 5.5.9.3 and 5.14.4). Never
//! finds an entity that was not there when the map was made.

use std::sync::Arc;

use super::{Body, Ordered, Within, filter_of, filters_of, find, is_query, order};
use crate::broker::{Counting, MAP_IDS_MAX, Paging, Whose};
use crate::error::Error;
use crate::http::call::Call;
use crate::http::entity_maps::{self, Novelty, Wish};
use crate::http::media::Geo;
use crate::http::view::Shown;
use crate::http::{Answer, App, paging};
use crate::query::Filter;

/// The same by a map: the one that was named, or a new one (clause 5.5.9.3).
pub(super) async fn found(
    app: Arc<App>,
    call: Call,
    (filters, order): (Vec<Filter>, Option<Ordered>),
    (shown, wish): (Shown, Wish),
    paging: Paging,
) -> Answer {
    let known = wish.known(&app, &call);
    let novelty = match known {
        Some(_) => Novelty::Known,
        None => Novelty::New,
    };
    let work = (app.clone(), call.whose.clone());
    let search = move || {
        let (app, whose) = (&work.0, &work.1);
        let map = match known {
            Some(map) => map,
            None => wish.made(app, whose, ids(app, whose, &filters, order.as_ref())?)?,
        };
        let (found, next) = app.broker.find_in_map(whose, &map, &filters, paging)?;
        Ok::<_, Error>((map, found, next))
    };
    let searched = tokio::task::spawn_blocking(search).await;
    let searched = searched.map_err(|e| Error::Broken(format!("a query: {e}")))?;
    let (map, found, next) = searched?;
    let answer = shown.several(&app, &call, &found.entities)?;
    let answer = paging::linked_to(answer, &call, paging, found.count, next);
    Ok(entity_maps::told(answer, &map, novelty))
}

/// The ids of all that a query finds, in its order.
fn ids(
    app: &App,
    whose: &Whose,
    filters: &[Filter],
    order: Option<&Ordered>,
) -> Result<Vec<Box<str>>, Error> {
    let paging = Paging {
        offset: 0,
        limit: MAP_IDS_MAX + 1,
        counting: Counting::No,
    };
    let order = order.map(|(order, reference)| (order, reference.as_ref()));
    let found = find(app, whose, filters, order, paging)?;
    Ok(found.entities.iter().map(|e| e.id.clone()).collect())
}

/// Clause 6.34.3.1.
pub(in crate::http) async fn map(app: Arc<App>, call: Call) -> Answer {
    let context = app.context_of(&call).await?;
    let wish = Wish::read_for_map(&call)?;
    let shown = Shown::read(&call, &call, context.clone(), Geo::Not)?;
    let filter = filter_of(&call, &call, &context, Within::of(&shown))?;
    let order = order(&call, &call, &context)?;
    mapped(app, call, (vec![filter], order), (shown, wish)).await
}

/// Clause 6.34.3.2.
pub(in crate::http) async fn map_by_body(app: Arc<App>, call: Call) -> Answer {
    let (body, context) = app.body(&call).await?;
    is_query(&body)?;
    let whole = Body::of(&body);
    let wish = Wish::read_for_map(&whole)?;
    let shown = Shown::read(&call, &whole, context.clone(), Geo::Not)?;
    let filters = filters_of(&call, &whole, Some(&body), &context, Within::of(&shown))?;
    let order = order(&call, &whole, &context)?;
    mapped(app, call, (filters, order), (shown, wish)).await
}

/// Finds, keeps, and answers with the map.
async fn mapped(
    app: Arc<App>,
    call: Call,
    (filters, order): (Vec<Filter>, Option<Ordered>),
    (shown, wish): (Shown, Wish),
) -> Answer {
    let work = (app.clone(), call.whose.clone());
    let search = move || {
        let ids = ids(&work.0, &work.1, &filters, order.as_ref())?;
        wish.made(&work.0, &work.1, ids)
    };
    let map = tokio::task::spawn_blocking(search).await;
    let map = map.map_err(|e| Error::Broken(format!("a query: {e}")))??;
    let answer = entity_maps::shown(&app, &call, &shown.context, &map)?;
    Ok(entity_maps::told(answer, &map, Novelty::New))
}
