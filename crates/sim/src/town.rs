//! Things of a small city that measure: air, water, bins, car parks, street lights, streets, buses.
//! What each says at a moment follows from the seed and the moment alone, so that a restart goes on
//! where it was. Never says that it is real: each carries `source` with [`SOURCE`].

mod kinds;

use loggia_model::At;
use serde_json::{Map, Value, json};

use crate::dice::Dice;
use kinds::{Kind, Measure, PLACES};

/// What every one of them says of where its values come from.
pub const SOURCE: &str = "simulated by this demo; no such device exists";

const SECOND_US: i64 = 1_000_000;

/// A town from a seed.
#[derive(Debug, Clone)]
pub struct Town {
    seed: u64,
    things: Vec<Thing>,
}

/// One thing.
#[derive(Debug, Clone)]
struct Thing {
    kind: Kind,
    /// Which of its kind, from 1.
    number: u64,
    name: String,
    lon: f64,
    lat: f64,
    health: Health,
}

/// What is the matter with a sensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Well,
    /// It says the same for ever, and its driver has noticed.
    Frozen,
    /// It has said nothing for hours.
    Silent,
}

impl Town {
    /// The town of this seed: the same one each time.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut things = Vec::new();
        for kind in Kind::ALL {
            for number in 1..=kind.count() {
                things.push(Thing::new(seed, kind, number));
            }
        }
        Self { seed, things }
    }

    /// How many things there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.things.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.things.is_empty()
    }

    /// All of them as NGSI-LD entities (normalized, core names), as they are at a moment.
    #[must_use]
    pub fn entities(&self, at: At) -> Vec<Value> {
        let one = |t: &Thing| t.entity(self.seed, t.last_reading(at));
        self.things.iter().map(one).collect()
    }

    /// Those that read between two moments (the first excluded), each once, with its newest values.
    #[must_use]
    pub fn due(&self, after: At, until: At) -> Vec<Value> {
        let fresh = self.things.iter().filter(|t| {
            let last = t.last_reading(until);
            t.health != Health::Silent && last > after && last <= until
        });
        fresh
            .map(|t| t.reading(self.seed, t.last_reading(until)))
            .collect()
    }

    /// What they read in the time before a moment, as temporal entities: one for each thing, with
    /// a reading every `step_s` seconds.
    #[must_use]
    pub fn past(&self, until: At, span_s: i64, step_s: i64) -> Vec<Value> {
        let steps = span_s / step_s.max(1);
        let one = |t: &Thing| {
            let mut all: Map<String, Value> = t.head();
            for n in (1..=steps).rev() {
                let at = At(t.last_reading(until).0 - n * step_s * SECOND_US);
                for (name, value) in t.measured(self.seed, at) {
                    if let Value::Array(list) = all.entry(name).or_insert_with(|| json!([])) {
                        list.push(value);
                    }
                }
            }
            Value::Object(all)
        };
        self.things.iter().map(one).collect()
    }
}

impl Thing {
    fn new(seed: u64, kind: Kind, number: u64) -> Self {
        let mut dice = Dice::of(&[seed, kind.word(), number]);
        let place = PLACES[dice.below(PLACES.len() as u64) as usize];
        // Up to 90 m from the place's middle, so that two of a kind stand apart.
        let off = |dice: &mut Dice| (dice.below(2_001) as f64 / 1_000.0 - 1.0) * 0.000_8;
        let (lon, lat) = (place.1 + off(&mut dice) * 2.0, place.2 + off(&mut dice));
        let health = match (kind, number) {
            (Kind::Air, 4) => Health::Frozen,
            (Kind::Air, 9) | (Kind::Water, 3) => Health::Silent,
            _ => Health::Well,
        };
        let name = kind.name(number, place.0);
        Self {
            kind,
            number,
            name,
            lon,
            lat,
            health,
        }
    }

    fn id(&self) -> String {
        let kind = self.kind.type_name();
        format!("urn:ngsi-ld:{kind}:demo-{}", self.number)
    }

    /// When it last read: each has its own second within its interval.
    fn last_reading(&self, at: At) -> At {
        let every = self.kind.every_s() * SECOND_US;
        let own = (self.number as i64 * 7_919 * SECOND_US) % every;
        let last = (at.0 - own).div_euclid(every) * every + own;
        match self.health {
            Health::Silent => At(last - 5 * 3_600 * SECOND_US),
            Health::Well | Health::Frozen => At(last),
        }
    }

    fn head(&self) -> Map<String, Value> {
        let mut all = Map::new();
        all.insert("id".to_owned(), json!(self.id()));
        all.insert("type".to_owned(), json!(self.kind.type_name()));
        all
    }

    /// Who it is and what it says.
    fn entity(&self, seed: u64, at: At) -> Value {
        let mut all = self.head();
        let property = |v: Value| json!({"type": "Property", "value": v});
        all.insert("name".to_owned(), property(json!(self.name)));
        all.insert("source".to_owned(), property(json!(SOURCE)));
        for (name, value) in self.kind.facts(self.number) {
            all.insert(name.to_owned(), property(value));
        }
        let place = self.kind.place(self.number, self.lon, self.lat, at);
        let location = json!({"type": "GeoProperty", "value": place});
        all.insert("location".to_owned(), location);
        all.extend(self.measured(seed, at));
        Value::Object(all)
    }

    /// What it says alone; where it is, for what moves.
    fn reading(&self, seed: u64, at: At) -> Value {
        let mut all = self.head();
        all.extend(self.measured(seed, at));
        if self.kind == Kind::Bus {
            let place = self.kind.place(self.number, self.lon, self.lat, at);
            let location = json!({"type": "GeoProperty", "value": place, "observedAt": time(at)});
            all.insert("location".to_owned(), location);
        }
        Value::Object(all)
    }

    fn measured(&self, seed: u64, at: At) -> Vec<(String, Value)> {
        let said_at = match self.health {
            // What is stuck says its first value anew each time.
            Health::Frozen => At(0),
            Health::Well | Health::Silent => at,
        };
        let one = |(i, m): (usize, &Measure)| {
            let words = [seed, self.kind.word(), self.number, i as u64];
            let value = m.at(&words, self.number, said_at);
            let mut all = json!({"type": "Property", "value": value, "observedAt": time(at)});
            if let Some(unit) = m.unit {
                all["unitCode"] = json!(unit);
            }
            if let Some((quality, reason)) = self.doubt() {
                all["quality"] = json!({"type": "Property", "value": quality});
                all["qualityReason"] = json!({"type": "Property", "value": reason});
            }
            (m.name.to_owned(), all)
        };
        self.kind.measures().iter().enumerate().map(one).collect()
    }

    const fn doubt(&self) -> Option<(&'static str, &'static str)> {
        match self.health {
            Health::Well => None,
            Health::Frozen => Some(("bad", "frozen")),
            Health::Silent => Some(("uncertain", "stale")),
        }
    }
}

/// A whole second as NGSI-LD writes it.
fn time(at: At) -> String {
    At(at.0.div_euclid(SECOND_US) * SECOND_US).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: At = At(1_796_040_000_000_000);

    #[test]
    fn the_same_seed_says_the_same_and_each_thing_says_that_it_is_simulated() {
        let (a, b) = (Town::new(7), Town::new(7));
        assert_eq!(a.entities(NOON), b.entities(NOON));
        assert_ne!(a.entities(NOON), Town::new(8).entities(NOON));
        assert!(a.len() > 100);
        for e in a.entities(NOON) {
            assert_eq!(e["source"]["value"], SOURCE, "{e}");
        }
    }

    #[test]
    fn what_is_due_is_due_once() {
        let town = Town::new(7);
        let minute = |n: i64| At(NOON.0 + n * 60 * SECOND_US);
        let all = town.due(minute(0), minute(10)).len();
        // Ten minutes at once, or minute by minute: whoever reads every ten minutes reads once.
        let apart: Vec<Value> = (0..10)
            .flat_map(|n| town.due(minute(n), minute(n + 1)))
            .collect();
        let lights = |list: &[Value]| list.iter().filter(|e| e["type"] == "Streetlight").count();
        assert_eq!(lights(&apart), Kind::Light.count() as usize);
        assert!(apart.len() > all);
        assert!(town.due(minute(3), minute(3)).is_empty());
    }

    #[test]
    fn what_is_wrong_with_a_sensor_is_said() {
        let all = Town::new(7).entities(NOON);
        let air = |n: usize| {
            let id = format!("urn:ngsi-ld:AirQualityObserved:demo-{n}");
            all.iter().find(|e| e["id"] == id.as_str()).unwrap()
        };
        assert_eq!(air(4)["NO2"]["qualityReason"]["value"], "frozen");
        assert_eq!(air(9)["NO2"]["quality"]["value"], "uncertain");
        assert!(air(1)["NO2"].get("quality").is_none());
    }

    #[test]
    fn values_stay_within_what_can_be() {
        let town = Town::new(7);
        for hour in 0..48 {
            for e in town.entities(At(NOON.0 + hour * 3_600 * SECOND_US)) {
                let number = |name: &str| e[name]["value"].as_f64();
                if let Some(level) = number("fillingLevel") {
                    assert!((0.0..=1.0).contains(&level), "{e}");
                }
                if let (Some(free), Some(all)) =
                    (number("availableSpotNumber"), number("totalSpotNumber"))
                {
                    assert!((0.0..=all).contains(&free), "{e}");
                }
            }
        }
    }

    #[test]
    fn the_past_has_a_reading_for_each_step_and_ends_before_now() {
        let past = Town::new(7).past(NOON, 3_600, 900);
        let air = past
            .iter()
            .find(|e| e["type"] == "AirQualityObserved")
            .unwrap();
        let all = air["NO2"].as_array().unwrap();
        assert_eq!(all.len(), 4);
        let newest = all.last().unwrap()["observedAt"].as_str().unwrap();
        assert!(newest < NOON.to_string().as_str(), "{newest}");
    }
}
