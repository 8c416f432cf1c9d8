//! Who this broker is (clauses 5.15 and 6.40). Never tells of the machine that it runs on.

use std::sync::Arc;

use axum::http::Method;
use loggia_api::Route;

use super::call::Call;
use super::media::{Geo, Media, of_answer};
use super::{Answer, App, route};
use crate::broker::Caller as _;
use crate::json::Json;

pub(super) fn routes(app: &Arc<App>) -> Vec<Route> {
    let at = "/ngsi-ld/v1/info/sourceIdentity";
    vec![route(app, Method::GET, at, identity)]
}

async fn identity(app: Arc<App>, call: Call) -> Answer {
    let media = of_answer(&call.headers, Geo::Not)?;
    let now = app.broker.now();
    let up_s = (now.micros() - app.broker.opened_at().micros()).max(0) / 1_000_000;
    // Under the name by which it is reached, each tenant is a source of its own (clause 4.14).
    let base = call.base();
    let host = base.split_once("://").map_or(&*base, |(_, host)| host);
    let alias = match call.whose.tenant() {
        "" => host.to_owned(),
        tenant => format!("{tenant}.{host}"),
    };
    let alias = alias.replace(':', "-");
    let mut members = vec![
        (
            "id",
            Json::from(&*format!("urn:ngsi-ld:ContextSource:{alias}")),
        ),
        ("type", Json::from("ContextSourceIdentity")),
        ("contextSourceAlias", Json::from(&*alias)),
        ("contextSourceUptime", Json::from(&*format!("PT{up_s}S"))),
        ("contextSourceTimeAt", Json::from(&*now.to_string())),
    ];
    let core = app.broker.core();
    if media == Media::JsonLd {
        members.push(("@context", core.body().clone()));
    }
    let members = members
        .into_iter()
        .map(|(name, value)| (name.into(), value));
    let mut out = Vec::new();
    crate::json::write_json(&mut out, &Json::Object(members.collect()));
    app.answer(&call, media, core, out)
}
