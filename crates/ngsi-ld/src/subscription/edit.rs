//! Putting members into an entity that is written already. Never knows why.

use crate::entity::Kind;
use crate::json::Json;

/// Makes an attribute that is written as its value alone an object.
pub(super) fn open(instance: &mut Json, kind: Kind) {
    let holder = kind.holder().1;
    if instance.get("value").or(instance.get(holder)).is_none() {
        let value = std::mem::replace(instance, Json::Null);
        *instance = Json::object([(holder, value)]);
    }
}

/// Puts an instance beside those of the attribute that are written already.
pub(super) fn put(members: &mut Json, name: &str, new: Json) {
    match member_mut(members, name) {
        None => push(members, (name.into(), new)),
        Some(Json::Array(items)) => {
            let mut all = std::mem::take(items).into_vec();
            all.push(new);
            *items = all.into();
        }
        Some(one) => {
            let first = std::mem::replace(one, Json::Null);
            *one = Json::Array(Box::new([first, new]));
        }
    }
}

/// The same in the simplified form, where several instances stand by their datasetId (clause
/// 4.5.4). `left` are those that are written.
pub(super) fn put_simplified(
    members: &mut Json,
    name: &str,
    left: &[&str],
    new: Vec<(Box<str>, Json)>,
) {
    let there = member_mut(members, name);
    if let (None, [(_, alone)]) = (&there, &new[..]) {
        return push(members, (name.into(), alone.clone()));
    }
    let mut by_id = match (there.map(|t| std::mem::replace(t, Json::Null)), left) {
        (Some(one), [id]) => vec![((*id).into(), one)],
        (Some(many), _) => many
            .get("dataset")
            .map_or(Vec::new(), |d| d.members().to_vec()),
        (None, _) => Vec::new(),
    };
    by_id.extend(new);
    let all = Json::object([("dataset", Json::Object(by_id.into()))]);
    match member_mut(members, name) {
        Some(there) => *there = all,
        None => push(members, (name.into(), all)),
    }
}

/// The instance of an attribute as it is written. `written` is how many there are: several stand
/// in an array, and one alone may have an array for its value.
pub(super) fn instance_mut<'j>(
    members: &'j mut Json,
    name: &str,
    dataset_id: Option<&str>,
    written: usize,
) -> Option<&'j mut Json> {
    let is = |item: &Json| item.get("datasetId").and_then(Json::as_str) == dataset_id;
    match (member_mut(members, name)?, written) {
        (one, 1) => Some(one),
        (Json::Array(items), _) => items.iter_mut().find(|i| is(i)),
        _ => None,
    }
}

/// A member of an object.
pub(super) fn member_mut<'j>(json: &'j mut Json, name: &str) -> Option<&'j mut Json> {
    match json {
        Json::Object(members) => {
            let found = members.iter_mut().find(|(k, _)| &**k == name);
            found.map(|(_, v)| v)
        }
        _ => None,
    }
}

/// One member more.
pub(super) fn push(json: &mut Json, member: (Box<str>, Json)) {
    if let Json::Object(members) = json {
        let mut all = std::mem::take(members).into_vec();
        all.push(member);
        *members = all.into();
    }
}
