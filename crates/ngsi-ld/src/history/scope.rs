//! When an entity was within scopes that are asked for: a scope holds from when it was set until
//! others took its place or it was taken away (clause 4.18, annex C.5.16). Never looks at other
//! attributes.

use crate::entity::{Entity, Value};
use crate::query::ScopeQuery;
use crate::temporal::{Instance, Window};
use crate::time::Time;

/// Stretches of time, from and before, in microseconds.
pub(super) type Stretches = Vec<(i64, i64)>;

/// When scopes held that a query wants, as far as it is in the window, and the instances that say
/// so. `instances` are all there are, oldest first; `skeleton` is an entity to ask.
pub(super) fn stretches(
    query: &ScopeQuery,
    mut instances: Vec<Instance>,
    skeleton: &mut Entity,
    window: &Window,
) -> (Stretches, Vec<Instance>) {
    let when = |i: &Instance| {
        let at = Window::ALL.time(i);
        at.map_or(0, Time::micros)
    };
    instances.sort_by_key(when);
    let (from, to) = window.bounds();
    let (from, to) = (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX));
    let mut held = Stretches::new();
    let mut kept = Vec::new();
    let mut rest = instances.into_iter().peekable();
    while let Some(instance) = rest.next() {
        let begins = when(&instance).max(from);
        let ends = rest.peek().map_or(i64::MAX, when).min(to);
        skeleton.scopes = scopes(&instance);
        if begins < ends && query.matches(skeleton) {
            held.push((begins, ends));
            kept.push(instance);
        }
    }
    (held, kept)
}

fn scopes(instance: &Instance) -> Box<[Box<str>]> {
    match (&instance.attribute.value, instance.gone) {
        (Value::Property(json), None) => json
            .as_list()
            .iter()
            .filter_map(|s| s.as_str().map(Into::into))
            .collect(),
        _ => Box::default(),
    }
}
