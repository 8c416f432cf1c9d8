//! The demo city's description (`demo/city.toml`), typed. Never read by a real installation.

use anyhow::Context;
use loggia_model::{Body, PersonId, Role};
use loggia_register::{Offices, Zone};
use serde::Deserialize;

use crate::house::SquarePlan;

/// The text that ships in the binary.
const SHIPPED: &str = include_str!("../../../demo/city.toml");

/// The whole description.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct City {
    /// The city's name as pages show it.
    pub city: String,
    /// Its time zone, by IANA's name.
    pub time_zone: String,
    /// The data-protection officer's address, line by line.
    pub officer: Vec<String>,
    /// The supervisory authority's address, line by line.
    pub authority: Vec<String>,
    /// Passphrase of every demo key file and account.
    pub passphrase: String,
    /// Who lives here.
    pub people: Vec<Person>,
    /// What watches.
    pub cameras: Vec<Camera>,
}

/// A demo person.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Account name.
    pub id: PersonId,
    /// Name on pages.
    pub name: String,
    /// Body.
    pub body: Body,
    /// Roles.
    pub roles: Vec<Role>,
    /// A hint for the first visit.
    pub what_to_try: String,
}

/// A demo camera.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Camera {
    /// Number.
    pub id: u32,
    /// Name.
    pub label: String,
    /// What stands there.
    pub place: String,
    /// Degrees north (WGS 84).
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Degrees clockwise from north.
    pub heading_deg: u16,
    /// Which demo film it shows, by its name in `streams.json`.
    pub stream: String,
    /// Whether it goes wrong now and then, so that the operator's room has something to show.
    #[serde(default)]
    pub fails: bool,
}

impl City {
    /// The city that ships.
    ///
    /// # Errors
    /// When the shipped text is not valid, which a test rules out.
    pub fn shipped() -> anyhow::Result<Self> {
        toml::from_str(SHIPPED).context("demo/city.toml is not valid")
    }

    /// What the public pages say of it.
    ///
    /// # Errors
    /// When the shipped time zone is none, which a test rules out.
    pub fn square(&self) -> anyhow::Result<SquarePlan> {
        Ok(SquarePlan {
            zone: Some(Zone::named(&self.time_zone)?),
            offices: Offices {
                officer: self.officer.clone(),
                authority: self.authority.clone(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_city_is_whole() {
        let city = City::shipped().unwrap();
        assert!(city.square().is_ok_and(|s| s.zone.is_some()));
        for body in [Body::Police, Body::Oversight] {
            for role in [Role::Approver, Role::Custodian] {
                let holder = city
                    .people
                    .iter()
                    .any(|p| p.body == body && p.roles.contains(&role));
                assert!(holder, "nobody of {body:?} is {role:?}");
            }
        }
        let ids: Vec<u32> = city.cameras.iter().map(|c| c.id).collect();
        assert_eq!(
            ids,
            (1..).take(ids.len()).collect::<Vec<u32>>(),
            "ids count from 1"
        );
    }
}
