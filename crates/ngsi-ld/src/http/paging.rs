//! Pages of an answer, and the links between them (clauses 5.5.9 and 6.3.10, 6.3.13). Never a page
//! of unlimited length.

use axum::http::{HeaderValue, header};
use axum::response::Response;

use super::answer::{Failure, with_count};
use super::call::{Call, Flag};
use crate::broker::{Counting, Paging};
use crate::error::Error;

/// Where nothing is said.
const LIMIT: usize = 20;
/// 1,000 entities of 1.6 kB are an answer of 1.6 MB.
pub(super) const LIMIT_MAX: usize = 1_000;

/// `limit`, `offset` and `count`.
pub(super) fn read(call: &Call) -> Result<Paging, Failure> {
    let limit = call.number("limit")?.unwrap_or(LIMIT);
    let counting = match call.flag("count")? {
        Flag::Set => Counting::All,
        Flag::Unset => Counting::No,
    };
    if limit > LIMIT_MAX {
        let what = format!("a page has at most {LIMIT_MAX}; ask for the next page by its Link");
        return Err(Error::TooMany(what).into());
    }
    if limit == 0 && counting == Counting::No {
        return Err(Error::bad("limit", "0 goes together with count=true alone").into());
    }
    Ok(Paging {
        offset: call.number("offset")?.unwrap_or(0),
        limit,
        counting,
    })
}

/// A page of a list that is at hand whole.
pub(super) fn cut<T>(all: Vec<T>, paging: Paging) -> (Vec<T>, Option<usize>, bool) {
    let count = all.len();
    let more = count > paging.offset.saturating_add(paging.limit);
    let page = all
        .into_iter()
        .skip(paging.offset)
        .take(paging.limit)
        .collect();
    (
        page,
        (paging.counting == Counting::All).then_some(count),
        more,
    )
}

/// Adds the count and the links to the pages before and behind.
pub(super) fn linked(
    answer: Response,
    call: &Call,
    paging: Paging,
    count: Option<usize>,
    more: bool,
) -> Response {
    let next = more.then_some(paging.offset + paging.limit);
    linked_to(answer, call, paging, count, next)
}

/// The same where the next page begins elsewhere than this one ends.
pub(super) fn linked_to(
    mut answer: Response,
    call: &Call,
    paging: Paging,
    count: Option<usize>,
    next: Option<usize>,
) -> Response {
    let mut link = |rel: &str, offset: usize| {
        let text = format!(
            "<{}?{}>;rel=\"{rel}\";type=\"application/ld+json\"",
            call.uri.path(),
            with_offset(call, offset, paging.limit)
        );
        if let Ok(value) = HeaderValue::from_str(&text) {
            answer.headers_mut().append(header::LINK, value);
        }
    };
    if paging.limit > 0 {
        if let Some(next) = next {
            link("next", next);
        }
        if paging.offset > 0 {
            link("prev", paging.offset.saturating_sub(paging.limit));
        }
    }
    with_count(answer, count)
}

fn with_offset(call: &Call, offset: usize, limit: usize) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    for (name, value) in call.params() {
        if name != "offset" && name != "limit" {
            out.append_pair(name, value);
        }
    }
    out.append_pair("limit", &limit.to_string());
    out.append_pair("offset", &offset.to_string());
    out.finish()
}
