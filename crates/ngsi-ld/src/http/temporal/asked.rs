//! Temporal parameters, in a URL or in a query's body (clauses 5.2.21, 5.2.44). Never decides which
//! entities are found.

use crate::error::Error;
use crate::history::Ask;
use crate::http::App;
use crate::http::answer::Failure;
use crate::http::call::Call;
use crate::http::query::{Body, order};
use crate::http::view::Asked;
use crate::json::Json;
use crate::query::{LastN, Order};
use crate::temporal::Window;

use super::shown::Shown;

/// Which instances.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub window: Window,
    pub last_n: Option<LastN>,
}

pub(super) fn wanted(asked: &impl Asked) -> Result<Wanted, Failure> {
    let text = |name| asked.text(name);
    let window = Window::read(
        text("timerel")?.as_deref(),
        text("timeAt")?.as_deref(),
        text("endTimeAt")?.as_deref(),
        text("timeproperty")?.as_deref(),
    )?;
    let last_n = text("lastN")?.map(|n| LastN::read(&n)).transpose()?;
    Ok(Wanted { window, last_n })
}

/// `orderBy`: histories have one order beside that in which they began, that of ids (5.7.4.4).
pub(super) fn ordered(
    call: &Call,
    asked: &impl Asked,
    shown: &Shown,
) -> Result<Option<Order>, Failure> {
    let order = order(call, asked, &shown.context)?.map(|(order, _)| order);
    if order.as_ref().is_some_and(|o| !o.is_by_id()) {
        let what = "histories are ordered by id alone (clause 5.7.4.4)";
        return Err(Error::bad("orderBy", what).into());
    }
    Ok(order)
}

/// Whether it is said which time is asked about (clause 5.7.4.4).
pub(super) fn has_time(ask: &Wanted) -> Result<(), Failure> {
    let what = "timerel and timeAt say which time is asked about (clause 5.7.4.4)";
    match ask.window.timerel {
        Some(_) => Ok(()),
        None => Err(Error::bad("timerel", what).into()),
    }
}

impl Wanted {
    pub(super) fn ask<'a>(&self, shown: &'a Shown, app: &App) -> Ask<'a> {
        Ask {
            window: self.window,
            last_n: self.last_n,
            shown: &shown.members,
            datasets: shown.datasets.as_deref(),
            instances_max: app.history.instances_max,
        }
    }
}

/// A `Query` with its temporal parts.
pub(super) struct InBody<'b>(pub(super) &'b Json);

impl Asked for InBody<'_> {
    fn text(&self, name: &'static str) -> Result<Option<String>, Failure> {
        let inner = |outer: &str| self.0.get(outer).and_then(|q| q.get(name));
        let member = match name {
            "timerel" | "timeAt" | "endTimeAt" | "timeproperty" | "lastN" => inner("temporalQ"),
            "aggrMethods" | "aggrPeriodDuration" => {
                inner("aggrParams").or_else(|| inner("temporalQ"))
            }
            _ => return Body::of(self.0).text(name),
        };
        match member {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.to_string())),
            Some(n @ Json::Number(_)) if name == "lastN" => Ok(Some(n.to_string())),
            Some(Json::Array(words)) if name == "aggrMethods" => {
                let words: Vec<&str> = words.iter().filter_map(Json::as_str).collect();
                Ok(Some(words.join(",")))
            }
            Some(_) => Err(crate::Error::bad(name, "a text is needed").into()),
        }
    }
}
