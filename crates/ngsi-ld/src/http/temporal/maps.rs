//! Queries of histories by a map of what they found, and such maps alone (clause 5.14.5). Never
//! finds an entity that was not there when the map was made.

use std::sync::Arc;

use super::asked::{InBody, Wanted, has_time, ordered, wanted};
use super::shown::Shown;
use super::{with_history, within as levels};
use crate::broker::{EntityMap, MAP_IDS_MAX};
use crate::history::{Count, Found};
use crate::http::answer::Failure;
use crate::http::call::Call;
use crate::http::entity_maps::{self, Novelty, Wish};
use crate::http::query::{Body, filters_of, is_query};
use crate::http::{Answer, App};
use crate::query::{Filter, Ids, Order};

/// What is asked for.
pub(super) struct Asked {
    pub filters: Vec<Filter>,
    pub order: Option<Order>,
    pub shown: Shown,
    pub ask: Wanted,
}

/// The same, within the map that it goes by where it goes by one.
pub(super) async fn within(
    app: &Arc<App>,
    call: &Call,
    asked: Asked,
) -> Result<(Asked, Option<(EntityMap, Novelty)>), Failure> {
    let Some(wish) = asked.shown.map.clone() else {
        return Ok((asked, None));
    };
    let (mut asked, map, novelty) = match wish.known(app, call) {
        Some(map) => (asked, map, Novelty::Known),
        None => {
            let (asked, map) = made(app, call, asked, wish).await?;
            (asked, map, Novelty::New)
        }
    };
    for filter in &mut asked.filters {
        let own = filter.ids.take();
        let wanted = |id: &&str| own.as_ref().is_none_or(|own| own.has(id));
        filter.ids = Some(Ids::of(map.ids().filter(wanted)));
    }
    Ok((asked, Some((map, novelty))))
}

/// Makes a map of all that is found.
async fn made(
    app: &Arc<App>,
    call: &Call,
    asked: Asked,
    wish: Wish,
) -> Result<(Asked, EntityMap), Failure> {
    let found = with_history(app, call, move |app, tenant| {
        let found = Found {
            filters: &asked.filters,
            order: asked.order.as_ref(),
            offset: 0,
            limit: MAP_IDS_MAX + 1,
            count: Count::No,
        };
        let ask = asked.ask.ask(&asked.shown, app);
        let ids = app.history.reader.ids(tenant, &found, &ask)?;
        Ok((asked, ids))
    });
    let (asked, ids) = found.await?;
    let map = wish.made(app, &call.whose, ids)?;
    Ok((asked, map))
}

/// Clause 6.35.3.1.
pub(in crate::http) async fn map(app: Arc<App>, call: Call) -> Answer {
    let context = app.context_of(&call).await?;
    let wish = Wish::read_for_map(&call)?;
    let shown = Shown::read(&call, &call, context)?;
    let filters = filters_of(&call, &call, None, &shown.context, levels(&shown))?;
    let order = ordered(&call, &call, &shown)?;
    let asked = Asked {
        filters,
        order,
        ask: wanted(&call)?,
        shown,
    };
    mapped(app, call, asked, wish).await
}

/// Clause 6.35.3.2.
pub(in crate::http) async fn map_by_body(app: Arc<App>, call: Call) -> Answer {
    let (body, context) = app.body(&call).await?;
    is_query(&body)?;
    let (whole, within) = (Body::of(&body), InBody(&body));
    let wish = Wish::read_for_map(&whole)?;
    let shown = Shown::read(&call, &within, context)?;
    let filters = filters_of(&call, &whole, Some(&body), &shown.context, levels(&shown))?;
    let asked = Asked {
        filters,
        order: ordered(&call, &whole, &shown)?,
        ask: wanted(&within)?,
        shown,
    };
    mapped(app, call, asked, wish).await
}

async fn mapped(app: Arc<App>, call: Call, asked: Asked, wish: Wish) -> Answer {
    has_time(&asked.ask)?;
    let (asked, map) = made(&app, &call, asked, wish).await?;
    let answer = entity_maps::shown(&app, &call, &asked.shown.context, &map)?;
    Ok(entity_maps::told(answer, &map, Novelty::New))
}
