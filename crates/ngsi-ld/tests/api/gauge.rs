//! A device with a key, and a town of cars to call. Never tests anything itself.

use loggia_ngsi_ld::broker::NewKey;
use loggia_ngsi_ld::{Deed, Iri, Names, Rights, Time};

use crate::town::{Told, Town};

const VOCAB: &str = "https://uri.etsi.org/ngsi-ld/default-context/";
pub const HOUR_US: i64 = 3_600_000_000;

fn names(list: &[&str]) -> Names {
    match list {
        ["*"] => Names::Every,
        list => Names::These(
            list.iter()
                .map(|n| Iri::new(&format!("{VOCAB}{n}")))
                .collect(),
        ),
    }
}

pub fn rights(
    may: &[Deed],
    types: &[&str],
    attributes: &[&str],
    scopes: Option<&[&str]>,
) -> Rights {
    Rights {
        may: may.to_vec(),
        types: names(types),
        attributes: names(attributes),
        scopes: scopes.map(|list| list.iter().map(|s| (*s).into()).collect()),
    }
}

pub fn wanted(town: &Town, name: &str, tenant: &str, rights: Rights) -> NewKey {
    let now = town.broker.now();
    NewKey {
        name: name.into(),
        tenant: tenant.into(),
        rights,
        from: now,
        until: Time::of_micros(now.micros() + HOUR_US),
        by: "t.laine".into(),
    }
}

/// A device, and how it calls.
pub struct Device {
    pub number: u64,
    pub secret: String,
}

pub async fn device(town: &Town, new: NewKey) -> Device {
    let mut random = [0; 32];
    for (place, byte) in new.name.bytes().enumerate().take(32) {
        random[place] = byte;
    }
    let (key, secret, kept) = town.broker.make_key(new, random).expect("a key");
    kept.await.expect("it is on disk");
    Device {
        number: key.number,
        secret,
    }
}

impl Device {
    pub async fn send(&self, town: &Town, method: &str, path: &str, body: &str) -> Told {
        let key = ("x-api-key", &*self.secret);
        let json = ("content-type", "application/json");
        town.call(method, path, &[key, json], Some(body)).await
    }

    pub async fn get(&self, town: &Town, path: &str) -> Told {
        let bearer = format!("Bearer {}", self.secret);
        town.call("GET", path, &[("authorization", &bearer)], None)
            .await
    }

    pub async fn refused(&self, town: &Town, method: &str, path: &str, body: &str, says: &str) {
        let told = self.send(town, method, path, body).await;
        let row = format!("{method} {path} {body}: {} {}", told.status, told.text);
        assert_eq!(told.status, 403, "{row}");
        assert!(told.text.contains(says), "{row} lacks {says}");
    }
}

/// Two cars, a bus that is a car too, and a lamp.
pub async fn town() -> Town {
    let town = Town::new();
    town.made(&[
        r#"{"id": "urn:x:c1", "type": "Car", "scope": "/a/b", "speed": 10, "owner": 1}"#,
        r#"{"id": "urn:x:c2", "type": "Car", "scope": "/c", "speed": 90}"#,
        r#"{"id": "urn:x:b1", "type": ["Bus", "Car"], "scope": "/ab", "speed": 50,
            "next": {"type": "Relationship", "object": "urn:x:l1"}}"#,
        r#"{"id": "urn:x:l1", "type": "Lamp", "power": 3}"#,
    ])
    .await;
    town
}
