//! Which cameras are at a place, and which are called so: the one search of the public pages.
//! Never looks into what a camera sees.

use crate::declared::Declared;
use crate::gazetteer::{Gazetteer, Spot};
use crate::words::fold;

/// A camera this near to a street or square is said to be there, metres.
pub(crate) const NEAR_M: u64 = 150;
/// How many are named where none is near.
const NEAREST: usize = 3;
/// Other places of the same name that are offered.
const ALSO_MAX: usize = 6;
/// Longest question, characters: the longest street names have some fifty.
pub(crate) const QUESTION_MAX: usize = 100;

/// A camera and how far away it is, metres.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'a> {
    pub camera: &'a Declared,
    pub metres: u64,
}

/// Cameras at a place of the map.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub name: String,
    /// Within [`NEAR_M`], or else the nearest few; nearest first.
    pub cameras: Vec<At<'a>>,
    /// Whether these are within [`NEAR_M`].
    pub near: bool,
    /// Other places that the question may have meant.
    pub also: Vec<String>,
}

/// What a question found.
#[derive(Debug, Default)]
pub(crate) struct Found<'a> {
    pub place: Option<Place<'a>>,
    /// Cameras with these words in label, place or office, not named under the place already.
    pub named: Vec<&'a Declared>,
}

impl Found<'_> {
    pub fn is_empty(&self) -> bool {
        self.place.is_none() && self.named.is_empty()
    }
}

fn spot(camera: &Declared) -> Spot {
    Spot {
        lat: camera.lat,
        lon: camera.lon,
    }
}

/// All cameras by distance, nearest first.
fn by_distance(cameras: &[Declared], metres: impl Fn(Spot) -> f64) -> Vec<At<'_>> {
    let mut all: Vec<At<'_>> = cameras
        .iter()
        .map(|camera| {
            let metres = metres(spot(camera)).round();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a distance on Earth, not negative; `as` takes the bounds for the rest"
            )]
            let metres = metres as u64;
            At { camera, metres }
        })
        .collect();
    all.sort_by_key(|a| (a.metres, a.camera.id));
    all
}

/// Answers a question. Every word of it must stand in a camera's text.
pub(crate) fn find<'a>(cameras: &'a [Declared], map: &Gazetteer, question: &str) -> Found<'a> {
    let folded = fold(question);
    let words: Vec<&str> = folded.split_whitespace().collect();
    if words.is_empty() {
        return Found::default();
    }
    let mut places = map.find(&words.join(" "), 1 + ALSO_MAX).into_iter();
    let place = places.next().map(|best| {
        let mut all = by_distance(cameras, |s| best.metres_from(s));
        let within = all.iter().take_while(|a| a.metres <= NEAR_M).count();
        all.truncate(if within > 0 { within } else { NEAREST });
        Place {
            name: best.name.clone(),
            cameras: all,
            near: within > 0,
            also: places.map(|n| n.name.clone()).collect(),
        }
    });
    let there = |c: &Declared| {
        let listed = place.as_ref().map(|p| &p.cameras);
        listed.is_some_and(|l| l.iter().any(|a| a.camera.id == c.id))
    };
    let number = question.trim().parse::<u32>().ok();
    let named = cameras
        .iter()
        .filter(|c| {
            let text = fold(&format!("{} {} {}", c.label, c.place, c.accountable));
            number == Some(c.id.0) || words.iter().all(|w| text.contains(w))
        })
        .filter(|c| !there(c))
        .collect();
    Found { place, named }
}

/// The nearest other cameras.
pub(crate) fn neighbours<'a>(cameras: &'a [Declared], of: &Declared, most: usize) -> Vec<At<'a>> {
    let here = spot(of);
    by_distance(cameras, |s| here.metres_to(s))
        .into_iter()
        .filter(|a| a.camera.id != of.id)
        .take(most)
        .collect()
}

#[cfg(test)]
mod tests {
    use loggia_model::{CameraId, LegalBasis};

    use super::*;

    fn camera(id: u32, label: &str, lat: f64, lon: f64) -> Declared {
        Declared {
            id: CameraId(id),
            label: label.to_owned(),
            place: "Трг".to_owned(),
            lat,
            lon,
            heading_deg: None,
            purpose: String::new(),
            legal_basis: LegalBasis("gdpr-15".to_owned()),
            accountable: "Safety Office".to_owned(),
            retention_h: 72,
            analysed: Vec::new(),
            openings: None,
            make: String::new(),
            model: String::new(),
            origin: String::new(),
            codec: None,
            plays_in_browser: None,
        }
    }

    fn street() -> Gazetteer {
        Gazetteer::of_map(
            br#"{"features":[{"properties":{"name":"Long Street"},
            "geometry":{"type":"LineString","coordinates":[[24.94,60.17],[24.95,60.17]]}}]}"#,
        )
    }

    fn ids(found: &[At<'_>]) -> Vec<u32> {
        found.iter().map(|a| a.camera.id.0).collect()
    }

    #[test]
    fn a_street_tells_its_cameras_nearest_first() {
        let cameras = [
            camera(1, "A", 60.171, 24.945),
            camera(2, "B", 60.1701, 24.948),
            camera(3, "Long Street, far end", 60.18, 24.945),
        ];
        let found = find(&cameras, &street(), "long street 5");
        let place = found.place.unwrap();
        assert!(place.near);
        assert_eq!(ids(&place.cameras), [2, 1]);
        assert_eq!(place.cameras[1].metres, 111);
        // The house number stands in no camera's text.
        assert!(found.named.is_empty());
        let found = find(&cameras, &street(), "Long  STREET");
        assert_eq!(found.named[0].id.0, 3);
        let far = [camera(4, "D", 60.2, 24.945)];
        let place = find(&far, &street(), "long").place.unwrap();
        assert!(!place.near && ids(&place.cameras) == [4]);
    }

    #[test]
    fn words_fold_and_all_must_stand() {
        let cameras = [
            camera(7, "Kneza Miloša", 0.0, 0.0),
            camera(8, "Other", 0.0, 1.0),
        ];
        let none = Gazetteer::default();
        let named = |q: &str| {
            let found = find(&cameras, &none, q);
            found.named.iter().map(|c| c.id.0).collect::<Vec<_>>()
        };
        assert_eq!(named("кнеза милоша"), [7]);
        assert_eq!(named("trg other"), [8]);
        assert_eq!(named("8"), [8]);
        assert!(named("kneza other").is_empty() && find(&cameras, &none, " ").is_empty());
        let of = &cameras[0];
        assert_eq!(ids(&neighbours(&cameras, of, 3)), [8]);
    }

    #[test]
    fn eight_thousand_cameras_are_searched_whole() {
        let place = |id: u32| (f64::from(id % 100), f64::from(id / 100));
        let cameras: Vec<Declared> = (1..=8_000)
            .map(|id| {
                let (x, y) = place(id);
                let (lat, lon) = (60.1 + x / 1_000.0, 24.9 + y / 1_000.0);
                camera(id, &format!("Крст {id} Ђорђа"), lat, lon)
            })
            .collect();
        let found = find(&cameras, &street(), "krst djordja");
        assert_eq!(found.named.len(), 8_000);
        let found = find(&cameras, &street(), "long street");
        assert!(found.place.is_some_and(|p| p.near && p.cameras.len() > 10));
    }
}
