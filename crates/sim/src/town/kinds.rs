//! The kinds of things, what each measures and how that goes over a day. Names are those of Smart
//! Data Models. Never a person, nor anything that one carries.

use loggia_model::At;
use serde_json::{Value, json};

use super::SECOND_US;
use crate::dice::Dice;

/// Streets and squares of central Helsinki: name, longitude, latitude.
pub(super) const PLACES: [(&str, f64, f64); 14] = [
    ("Rautatientori", 24.943_4, 60.171_3),
    ("Kaivokatu", 24.941_9, 60.170_0),
    ("Kolme seppää", 24.940_8, 60.168_7),
    ("Mannerheimintie", 24.938_0, 60.171_7),
    ("Senaatintori", 24.950_4, 60.169_4),
    ("Pohjoisesplanadi", 24.945_6, 60.168_1),
    ("Narinkkatori", 24.937_4, 60.169_6),
    ("Simonkatu", 24.937_6, 60.169_0),
    ("Kaisaniemenkatu", 24.947_4, 60.172_1),
    ("Aleksanterinkatu", 24.945_2, 60.169_0),
    ("Töölönlahdenkatu", 24.938_5, 60.174_0),
    ("Unioninkatu", 24.949_6, 60.170_1),
    ("Vilhonkatu", 24.946_2, 60.171_9),
    ("Fabianinkatu", 24.948_4, 60.167_4),
];

/// Where buses go, there and back: longitude, latitude.
const ROUTE: [(f64, f64); 6] = [
    (24.938_2, 60.174_6),
    (24.938_0, 60.171_7),
    (24.940_8, 60.169_9),
    (24.944_0, 60.170_6),
    (24.947_4, 60.172_1),
    (24.949_0, 60.174_9),
];
/// From one end to the other; ten buses are spread over both ways.
const ROUTE_S: i64 = 600;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Air,
    Parking,
    Bin,
    Light,
    Street,
    Water,
    Bus,
}

/// One number that a kind measures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure {
    pub name: &'static str,
    /// UN/CEFACT.
    pub unit: Option<&'static str>,
    shape: Shape,
    /// Digits behind the point.
    digits: i32,
}

/// How a number goes over a day.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Around a mean, most at an hour of UTC, with noise.
    Wave {
        mean: f64,
        swing: f64,
        most_at_h: f64,
        noise: f64,
    },
    /// Grows from 0 to 1 in so many hours, then is emptied.
    Fills { hours: i64 },
    /// Free places of so many.
    Free,
    /// Watts from dusk to dawn, and 0 by day.
    Lamp { watts: f64 },
}

const fn wave(mean: f64, swing: f64, most_at_h: f64, noise: f64) -> Shape {
    Shape::Wave {
        mean,
        swing,
        most_at_h,
        noise,
    }
}

const fn measure(
    name: &'static str,
    unit: Option<&'static str>,
    digits: i32,
    shape: Shape,
) -> Measure {
    Measure {
        name,
        unit,
        shape,
        digits,
    }
}

const AIR: [Measure; 5] = [
    measure("NO2", Some("GQ"), 1, wave(24.0, 11.0, 15.0, 3.0)),
    measure("PM10", Some("GQ"), 1, wave(17.0, 6.0, 14.0, 2.0)),
    measure("PM25", Some("GQ"), 1, wave(8.0, 3.0, 17.0, 1.0)),
    measure("temperature", Some("CEL"), 1, wave(3.0, 3.0, 13.0, 0.3)),
    measure("relativeHumidity", Some("P1"), 0, wave(78.0, 8.0, 3.0, 1.0)),
];
const PARKING: [Measure; 1] = [measure("availableSpotNumber", None, 0, Shape::Free)];
const BIN: [Measure; 2] = [
    measure("fillingLevel", Some("C62"), 2, Shape::Fills { hours: 52 }),
    measure("temperature", Some("CEL"), 1, wave(4.0, 3.0, 13.0, 0.4)),
];
const LIGHT: [Measure; 1] = [measure(
    "powerConsumption",
    Some("WTT"),
    1,
    Shape::Lamp { watts: 62.0 },
)];
const STREET: [Measure; 2] = [
    measure(
        "averageVehicleSpeed",
        Some("KMH"),
        1,
        wave(27.0, 7.0, 1.0, 2.5),
    ),
    measure("intensity", None, 0, wave(420.0, 330.0, 14.0, 40.0)),
];
const WATER: [Measure; 1] = [measure(
    "currentLevel",
    Some("MTR"),
    2,
    wave(0.35, 0.12, 9.0, 0.01),
)];
const BUS: [Measure; 1] = [measure("speed", Some("KMH"), 0, wave(22.0, 4.0, 1.0, 6.0))];

impl Kind {
    pub(super) const ALL: [Self; 7] = [
        Self::Air,
        Self::Parking,
        Self::Bin,
        Self::Light,
        Self::Street,
        Self::Water,
        Self::Bus,
    ];

    /// How many there are.
    pub(super) const fn count(self) -> u64 {
        match self {
            Self::Air => 14,
            Self::Parking => 8,
            Self::Bin => 24,
            Self::Light => 48,
            Self::Street => 14,
            Self::Water => 4,
            Self::Bus => 10,
        }
    }

    pub(super) const fn type_name(self) -> &'static str {
        match self {
            Self::Air => "AirQualityObserved",
            Self::Parking => "OffStreetParking",
            Self::Bin => "WasteContainer",
            Self::Light => "Streetlight",
            Self::Street => "TrafficFlowObserved",
            Self::Water => "FloodMonitoring",
            Self::Bus => "Vehicle",
        }
    }

    /// How often one reads, seconds. All together some two readings a second.
    pub(super) const fn every_s(self) -> i64 {
        match self {
            Self::Bus => 10,
            Self::Air | Self::Street => 60,
            Self::Parking | Self::Water => 120,
            Self::Bin | Self::Light => 600,
        }
    }

    pub(super) const fn measures(self) -> &'static [Measure] {
        match self {
            Self::Air => &AIR,
            Self::Parking => &PARKING,
            Self::Bin => &BIN,
            Self::Light => &LIGHT,
            Self::Street => &STREET,
            Self::Water => &WATER,
            Self::Bus => &BUS,
        }
    }

    /// Its number for dice.
    pub(super) const fn word(self) -> u64 {
        self as u64 + 0x746f_776e
    }

    pub(super) fn name(self, number: u64, place: &str) -> String {
        match self {
            Self::Air => format!("Air, {place} {number}"),
            Self::Parking => format!("P-{place} {number}"),
            Self::Bin => format!("Bin {number}, {place}"),
            Self::Light => format!("Light {number}, {place}"),
            Self::Street => format!("{place}, section {number}"),
            Self::Water => format!("Water gauge {number}, Töölönlahti"),
            Self::Bus => format!("Bus {number}"),
        }
    }

    /// What it is, besides what it measures.
    pub(super) fn facts(self, number: u64) -> Vec<(&'static str, Value)> {
        match self {
            Self::Parking => vec![("totalSpotNumber", json!(spots(number)))],
            Self::Bin => {
                let kinds = ["glass", "paper", "organic", "other"];
                vec![("storedWasteKind", json!(kinds[number as usize % 4]))]
            }
            Self::Light => {
                let state = if number % 17 == 5 {
                    "defectiveLamp"
                } else {
                    "ok"
                };
                vec![("status", json!(state))]
            }
            Self::Bus => vec![("vehicleType", json!("bus"))],
            Self::Air | Self::Street | Self::Water => Vec::new(),
        }
    }

    /// Where it is: a point, a car park's area, a stretch of street.
    pub(super) fn place(self, number: u64, lon: f64, lat: f64, at: At) -> Value {
        let point = |lon: f64, lat: f64| json!([rounded(lon, 6), rounded(lat, 6)]);
        match self {
            Self::Parking => {
                let (x, y) = (0.000_55, 0.000_22);
                let corners = [(-x, -y), (x, -y), (x, y), (-x, y), (-x, -y)];
                let ring: Vec<Value> = corners
                    .iter()
                    .map(|(dx, dy)| point(lon + dx, lat + dy))
                    .collect();
                json!({"type": "Polygon", "coordinates": [ring]})
            }
            Self::Street => {
                let (x, y) = if number.is_multiple_of(2) {
                    (0.001_1, 0.000_25)
                } else {
                    (0.000_3, 0.000_7)
                };
                let ends = [point(lon - x, lat - y), point(lon + x, lat + y)];
                json!({"type": "LineString", "coordinates": ends})
            }
            Self::Water => {
                let along = number as f64 * 0.000_9;
                let at = point(24.935_6 + along, 60.175_6 + along / 4.0);
                json!({"type": "Point", "coordinates": at})
            }
            Self::Bus => {
                let (lon, lat) = on_route(number, at);
                json!({"type": "Point", "coordinates": point(lon, lat)})
            }
            Self::Air | Self::Bin | Self::Light => {
                json!({"type": "Point", "coordinates": point(lon, lat)})
            }
        }
    }
}

/// Places of a car park.
fn spots(number: u64) -> u64 {
    [40, 80, 120, 320][number as usize % 4]
}

/// Where a bus is: along the route and back, each of the ten at its own part.
fn on_route(number: u64, at: At) -> (f64, f64) {
    let round = 2 * ROUTE_S;
    let lead = number as i64 * round / Kind::Bus.count() as i64;
    let s = (at.0 / SECOND_US + lead).rem_euclid(round);
    let there = if s < ROUTE_S { s } else { round - s };
    let along = there as f64 / ROUTE_S as f64 * (ROUTE.len() - 1) as f64;
    let leg = (along.floor() as usize).min(ROUTE.len() - 2);
    let part = along - leg as f64;
    let ((a, b), (c, d)) = (ROUTE[leg], ROUTE[leg + 1]);
    (a + (c - a) * part, b + (d - b) * part)
}

fn rounded(v: f64, digits: i32) -> f64 {
    let ten = 10f64.powi(digits);
    (v * ten).round() / ten
}

impl Measure {
    /// What it reads. `words` name the series, `number` the thing.
    pub(super) fn at(&self, words: &[u64], number: u64, at: At) -> Value {
        let minute = at.0.div_euclid(60 * SECOND_US);
        let hour = minute.rem_euclid(1_440) as f64 / 60.0;
        // Each thing is a little other than the next, and each reading than the one before.
        let mut own = Dice::of(words);
        let lean = own.below(2_001) as f64 / 1_000.0 - 1.0;
        let mut now = Dice::of(&[Dice::of(words).throw(), minute as u64]);
        let noise = now.below(2_001) as f64 / 1_000.0 - 1.0;
        let value = match self.shape {
            Shape::Wave {
                mean,
                swing,
                most_at_h,
                noise: by,
            } => {
                let turn = (hour - most_at_h) / 24.0 * std::f64::consts::TAU;
                mean + swing * (turn.cos() + lean * 0.4) + noise * by
            }
            Shape::Fills { hours } => {
                let own_minutes = hours * 60 + (lean * 400.0) as i64;
                let begun = minute + own.below(10_000) as i64;
                begun.rem_euclid(own_minutes) as f64 / own_minutes as f64
            }
            Shape::Free => {
                let all = spots(number) as f64;
                let turn = (hour - 1.0) / 24.0 * std::f64::consts::TAU;
                (all * (0.5 + 0.42 * turn.cos() + 0.05 * noise)).clamp(0.0, all)
            }
            Shape::Lamp { watts } => {
                let lit = !(6.0..14.0).contains(&hour);
                if lit { watts + 5.0 * lean + noise } else { 0.0 }
            }
        };
        let value = rounded(value, self.digits);
        if self.digits == 0 {
            json!(value as i64)
        } else {
            json!(value)
        }
    }
}
