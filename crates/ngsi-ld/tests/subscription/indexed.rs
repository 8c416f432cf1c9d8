//! The index names every subscription that wants a change, and few that do not.

use loggia_ngsi_ld::Recorded;
use loggia_ngsi_ld::subscription::{Index, Subscription};
use loggia_ngsi_ld::update::{How, Touched};
use loggia_ngsi_ld::{Entity, Iri, Json, Representation};
use proptest::prelude::*;

use crate::support::{before, changed, context, created, deleted, with};

const TYPES: [&str; 4] = ["Car", "Bus", "x:Tram", "x:Boat"];
const ATTRIBUTES: [&str; 5] = ["speed", "owner", "label", "free", "kind"];

fn selector() -> impl Strategy<Value = String> {
    let one = prop::sample::select(&TYPES[..]);
    let two = (one.clone(), one.clone());
    let types = prop_oneof![
        4 => one.prop_map(str::to_owned),
        2 => two.clone().prop_map(|(a, b)| format!("{a}|{b}")),
        1 => two.prop_map(|(a, b)| format!("({a};{b})")),
        1 => Just("*".to_owned()),
    ];
    let ids = prop_oneof![
        2 => Just(String::new()),
        1 => (1..4_u8).prop_map(|n| format!(r#""id": "urn:x:{n}", "#)),
        1 => Just(r#""idPattern": "x:[12]$", "#.to_owned()),
    ];
    (types, ids).prop_map(|(types, ids)| format!(r#"{{{ids}"type": "{types}"}}"#))
}

fn subscription() -> impl Strategy<Value = Subscription> {
    let watched = prop::sample::subsequence(&ATTRIBUTES[..], 0..3);
    let triggers = prop::sample::select(
        &[
            r#"["attributeCreated", "attributeUpdated"]"#,
            r#"["entityUpdated"]"#,
            r#"["entityCreated", "entityDeleted"]"#,
            r#"["attributeDeleted"]"#,
        ][..],
    );
    (prop::collection::vec(selector(), 0..3), watched, triggers).prop_filter_map(
        "one of the two is needed",
        |(selectors, watched, triggers)| {
            let mut members = vec![format!(r#""notificationTrigger": {triggers}"#)];
            if !selectors.is_empty() {
                members.push(format!(r#""entities": [{}]"#, selectors.join(", ")));
            }
            if !watched.is_empty() {
                members.push(format!(r#""watchedAttributes": {watched:?}"#));
            }
            with(&members.join(", ")).ok()
        },
    )
}

fn change() -> impl Strategy<Value = Recorded> {
    let attributes = prop::sample::subsequence(&ATTRIBUTES[..], 0..4);
    let types = prop::sample::subsequence(&TYPES[..], 1..3);
    (1..4_u8, types, attributes, 0..4_u8, 0..ATTRIBUTES.len()).prop_map(
        |(id, types, attributes, what, which)| {
            let members: String = attributes
                .iter()
                .map(|a| format!(r#", "{a}": 1"#))
                .collect();
            let body = format!(r#"{{"id": "urn:x:{id}", "type": {types:?}{members}}}"#);
            let json = Json::read(body.as_bytes()).expect("JSON");
            let context = context();
            let entity = Entity::read(json, &context, Representation::Detected, before());
            let entity = entity.expect("an entity");
            let how = [How::Added, How::Updated, How::Removed, How::Updated];
            let name: Iri = context.expand_name(ATTRIBUTES[which]).expect("a name");
            let touched = Touched::Attribute {
                name,
                dataset_id: None,
                how: how[usize::from(what)],
            };
            match (what, which) {
                (0, 0..2) => created(entity),
                (0, _) => deleted(entity),
                (3, 0) => changed(&entity, entity.clone(), vec![Touched::Types]),
                _ => changed(&entity, entity.clone(), vec![touched]),
            }
        },
    )
}

proptest! {
    #[test]
    fn none_is_missed_and_one_taken_out_is_gone(
        all in prop::collection::vec(subscription(), 1..20),
        changes in prop::collection::vec(change(), 1..10),
    ) {
        let mut index = Index::default();
        for (n, s) in all.iter().enumerate() {
            index.insert(n as u64, s);
        }
        let mut found = Vec::new();
        for change in &changes {
            index.candidates(change, &mut found);
            prop_assert!(found.is_sorted_by(|a, b| a < b), "each once");
            for (n, s) in all.iter().enumerate() {
                let wants = s.wants(change).is_some();
                prop_assert!(!wants || found.contains(&(n as u64)), "{:?} {change:?}", s.entities);
            }
        }
        for (n, s) in all.iter().enumerate() {
            index.remove(n as u64, s);
        }
        for change in &changes {
            index.candidates(change, &mut found);
            prop_assert!(found.is_empty());
        }
        prop_assert_eq!(format!("{:?}", index), format!("{:?}", Index::default()));
    }
}
