//! Subscriptions: made, listed, changed and deleted (clauses 6.10 and 6.11). Never notifies; the
//! notifier is told by the broker.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use loggia_api::Route;

use super::answer::{Failure, created, empty, in_path};
use super::call::{Call, Flag};
use super::media::{Geo, Media, of_answer};
use super::{Answer, App, paging, route};
use crate::context::{Context, Link};
use crate::error::Error;
use crate::json::{Emit, Json};
use crate::subscription::Subscription;
use crate::write::{Embed, SysAttrs};

const ALL: &str = "/ngsi-ld/v1/subscriptions/";
const ONE: &str = "/ngsi-ld/v1/subscriptions/{subscriptionId}";

pub(super) fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route(app, Method::POST, ALL, create),
        route(app, Method::GET, ALL, list),
        route(app, Method::GET, ONE, retrieve),
        route(app, Method::PATCH, ONE, change),
        route(app, Method::DELETE, ONE, delete),
    ]
}

/// Clause 6.10.3.1.
async fn create(app: Arc<App>, call: Call) -> Answer {
    let (body, context) = app.body(&call).await?;
    let id = app.broker.new_name("Subscription");
    let new = app
        .with_contexts(|broker| {
            let now = broker.now();
            let mut compile = |list: &Json| broker.contexts().compile(list, now);
            Subscription::read(&body, &context, &id, &mut compile, now)
        })
        .await?;
    app.host(&call, &new)?;
    let id = new.id.clone();
    app.broker.subscribe(&call.whose, new)?.await?;
    Ok(created(&format!("{ALL}{}", in_path(&id))))
}

/// Clause 6.10.3.2.
async fn list(app: Arc<App>, call: Call) -> Answer {
    let paging = paging::read(&call)?;
    let context = app.context_of(&call).await?;
    let media = of_answer(&call.headers, Geo::Not)?;
    let shown = sys_attrs(&call)?;
    let all = app.broker.subscriptions(&call.whose)?;
    let (page, count, more) = paging::cut(all, paging);
    let mut out = Vec::new();
    let mut array = Emit::array(&mut out);
    for one in page {
        let embed = embed(media);
        one.write(&context, shown, embed, app.broker.now(), array.item());
    }
    array.end();
    let answer = app.answer(&call, media, &context, out)?;
    Ok(paging::linked(answer, &call, paging, count, more))
}

/// Clause 6.11.3.1.
async fn retrieve(app: Arc<App>, call: Call) -> Answer {
    let id = id(&call)?;
    let context = app.context_of(&call).await?;
    let media = of_answer(&call.headers, Geo::Not)?;
    let shown = sys_attrs(&call)?;
    let found = app.broker.subscription(&call.whose, id)?;
    let mut out = Vec::new();
    let embed = embed(media);
    found.write(&context, shown, embed, app.broker.now(), &mut out);
    app.answer(&call, media, &context, out)
}

/// Clause 6.11.3.2.
async fn change(app: Arc<App>, call: Call) -> Answer {
    let id = id(&call)?;
    let (fragment, context) = app.body(&call).await?;
    let kept = app
        .with_contexts(|broker| {
            let now = broker.now();
            let mut compile = |list: &Json| broker.contexts().compile(list, now);
            broker.resubscribe(&call.whose, id, |old| {
                old.patched(&fragment, &context, &mut compile, now)
            })
        })
        .await?;
    kept.await?;
    let changed = app.broker.subscription(&call.whose, id);
    if let Ok(changed) = changed {
        app.host(&call, &changed)?;
    }
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Clause 6.11.3.3.
async fn delete(app: Arc<App>, call: Call) -> Answer {
    app.broker.unsubscribe(&call.whose, id(&call)?)?.await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

impl App {
    /// Gives an @context of several documents an address, for notifications to name.
    fn host(&self, call: &Call, subscription: &Subscription) -> Result<(), Failure> {
        let context: &Context = &subscription.told_in;
        if subscription.context_link() == Link::Hosted {
            self.broker.implicit_context(context.body(), &call.base())?;
        }
        Ok(())
    }
}

fn id(call: &Call) -> Result<&str, Failure> {
    let id = call.path("subscriptionId");
    if crate::is_uri(id) {
        Ok(id)
    } else {
        Err(Error::bad("id", "a subscription's id is a URI").into())
    }
}

/// Clause 6.3.11.
fn sys_attrs(call: &Call) -> Result<SysAttrs, Failure> {
    let asked = [call.option("sysAttrs")?, call.flag("sysAttrs")?];
    Ok(if asked.contains(&Flag::Set) {
        SysAttrs::Show
    } else {
        SysAttrs::Hide
    })
}

fn embed(media: Media) -> Embed {
    match media {
        Media::JsonLd => Embed::Context,
        _ => Embed::Nothing,
    }
}
