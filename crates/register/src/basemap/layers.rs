//! From OpenStreetMap's tags to the few layers that a quiet map needs.
//! Never draws a camera among the streets: found cameras have a file of their own.

use super::pbf::Tags;

/// What a shape is drawn as; the order is the order of drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// Sea, lakes, basins, rivers.
    Water,
    /// Parks, woods, lawns, playgrounds.
    Green,
    /// Everything with a roof.
    Buildings,
    /// Streets, paths and paved squares.
    Roads,
    /// Trams and trains above ground.
    Rail,
}

impl Layer {
    /// The layer's word in the file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Water => "water",
            Self::Green => "green",
            Self::Buildings => "buildings",
            Self::Roads => "roads",
            Self::Rail => "rail",
        }
    }
}

/// Whether a thing is drawn as a surface or as a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Filled.
    Surface,
    /// Stroked.
    Line,
}

/// Where a thing belongs, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The layer.
    pub layer: Layer,
    /// OpenStreetMap's value, e.g. `residential`.
    pub kind: String,
    /// Surface or line.
    pub form: Form,
}

const GREEN_LEISURE: [&str; 6] = [
    "park",
    "garden",
    "playground",
    "pitch",
    "nature_reserve",
    "dog_park",
];
const GREEN_LANDUSE: [&str; 7] = [
    "grass",
    "forest",
    "meadow",
    "recreation_ground",
    "cemetery",
    "village_green",
    "flowerbed",
];
const GREEN_NATURAL: [&str; 4] = ["wood", "scrub", "grassland", "heath"];
const WATER_LANDUSE: [&str; 2] = ["basin", "reservoir"];
const WATER_AREAS: [&str; 2] = ["riverbank", "dock"];
const RAIL: [&str; 4] = ["rail", "tram", "light_rail", "narrow_gauge"];
/// Not there yet, not there any more, or no way at all.
const NO_ROAD: [&str; 7] = [
    "proposed",
    "construction",
    "razed",
    "abandoned",
    "platform",
    "elevator",
    "corridor",
];

/// Sorts a way or an area; `None` for what the map leaves out.
pub fn sort(tags: &Tags) -> Option<Sort> {
    let tag = |key: &str| tags.get(key).map(String::as_str);
    let of = |layer, kind: &str, form| {
        Some(Sort {
            layer,
            kind: kind.to_owned(),
            form,
        })
    };
    let listed = |key: &str, list: &[&str]| tag(key).filter(|v| list.contains(v));
    if let Some(kind) = tag("building").filter(|v| *v != "no") {
        return of(Layer::Buildings, kind, Form::Surface);
    }
    // What runs in a tunnel is not seen from the street.
    if matches!(tag("tunnel"), Some("yes" | "building_passage"))
        || tag("location") == Some("underground")
    {
        return None;
    }
    if let Some(kind) = tag("highway").filter(|v| !NO_ROAD.contains(v)) {
        let square = tag("area") == Some("yes");
        return of(
            Layer::Roads,
            kind,
            if square { Form::Surface } else { Form::Line },
        );
    }
    if let Some(kind) = listed("railway", &RAIL) {
        return of(Layer::Rail, kind, Form::Line);
    }
    if tag("natural") == Some("water") {
        return of(Layer::Water, tag("water").unwrap_or("water"), Form::Surface);
    }
    if let Some(kind) = listed("waterway", &WATER_AREAS).or(listed("landuse", &WATER_LANDUSE)) {
        return of(Layer::Water, kind, Form::Surface);
    }
    if tag("natural") == Some("coastline") {
        return of(Layer::Water, "coastline", Form::Line);
    }
    if tag("place") == Some("square") {
        return of(Layer::Roads, "square", Form::Surface);
    }
    let green = listed("leisure", &GREEN_LEISURE)
        .or(listed("landuse", &GREEN_LANDUSE))
        .or(listed("natural", &GREEN_NATURAL))?;
    of(Layer::Green, green, Form::Surface)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(tags: &[(&str, &str)]) -> Option<(Layer, String, Form)> {
        let tags = tags
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        sort(&tags).map(|s| (s.layer, s.kind, s.form))
    }

    #[test]
    fn tags_find_their_layer() {
        for (tags, layer, kind, form) in [
            (
                &[("building", "yes")][..],
                Layer::Buildings,
                "yes",
                Form::Surface,
            ),
            (
                &[("highway", "residential")],
                Layer::Roads,
                "residential",
                Form::Line,
            ),
            (
                &[("highway", "pedestrian"), ("area", "yes")],
                Layer::Roads,
                "pedestrian",
                Form::Surface,
            ),
            (&[("railway", "tram")], Layer::Rail, "tram", Form::Line),
            (
                &[("natural", "water"), ("water", "pond")],
                Layer::Water,
                "pond",
                Form::Surface,
            ),
            (&[("leisure", "park")], Layer::Green, "park", Form::Surface),
        ] {
            assert_eq!(
                sorted(tags),
                Some((layer, kind.to_owned(), form)),
                "{tags:?}"
            );
        }
    }

    #[test]
    fn what_nobody_sees_is_left_out() {
        for tags in [
            &[("railway", "subway")][..],
            &[("highway", "service"), ("tunnel", "yes")],
            &[("highway", "proposed")],
            &[("building", "no")],
            &[("amenity", "cafe")],
            &[("man_made", "surveillance")],
        ] {
            assert_eq!(sorted(tags), None, "{tags:?}");
        }
    }
}
