//! The offline base map: an OpenStreetMap extract in, two small GeoJSON files out.
//! Never fetches anything: the extract is a file that somebody chose, and pages draw no other map.

mod geojson;
mod layers;
mod pbf;
mod rings;
mod sea;
mod wire;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use geojson::{Feature, Shape};
use layers::{Form, Layer};
use loggia_model::{At, Fault};
use pbf::{Area, Extract, Place, Ring, Tags};
use serde_json::json;

/// The map's file name in the output folder.
pub const MAP_FILE: &str = "basemap.geojson";
/// The file of cameras that OpenStreetMap knows: a layer of its own, because it is ODbL data that
/// must not be mixed with the city's declarations, and because found is not declared.
pub const FOUND_FILE: &str = "osm-cameras.geojson";
/// What every page that shows the map shows with it (ODbL 1.0 §4.3).
pub const ATTRIBUTION: &str = "© OpenStreetMap contributors";
/// The licence of the data in both files.
pub const LICENCE: &str = "ODbL-1.0";

/// A city's extract is some megabytes; a country's does not belong in memory at once.
const EXTRACT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Why no base map could be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error("{}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the machine said.
        why: std::io::Error,
    },
    /// The extract is not what the format says.
    #[error("not a readable OpenStreetMap extract (.osm.pbf): {0} is wrong")]
    Malformed(&'static str),
    /// The extract asks for something that this reader cannot do.
    #[error("the extract needs `{0}`, which is not known here: convert it to plain PBF first")]
    Feature(String),
    /// Larger than a city.
    #[error("the extract is too large: cut out the city first")]
    TooLarge,
    /// Nothing in it can be drawn.
    #[error("the extract holds nothing that the map draws")]
    Empty,
}

impl From<Error> for Fault {
    fn from(e: Error) -> Self {
        match e {
            Error::File { .. } => Self::Broken(e.to_string()),
            _ => Self::Invalid(e.to_string()),
        }
    }
}

/// What was built, for one line on the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// Shapes on the map.
    pub shapes: usize,
    /// Cameras that OpenStreetMap knows.
    pub found_cameras: usize,
    /// Size of the map file.
    pub map_bytes: usize,
    /// Newest change in the extract, `2019-04-07`; empty if it says nothing.
    pub date: String,
}

/// Reads the extract and writes [`MAP_FILE`] and [`FOUND_FILE`] into `out`.
///
/// # Errors
/// [`Error`]: the extract cannot be read, or the folder cannot be written.
pub fn build(extract: &Path, out: &Path) -> Result<Built, Error> {
    let file = |path: &Path| {
        let path = path.to_owned();
        move |why| Error::File { path, why }
    };
    if fs::metadata(extract).map_err(file(extract))?.len() > EXTRACT_BYTES_MAX {
        return Err(Error::TooLarge);
    }
    let map = draw(&fs::read(extract).map_err(file(extract))?)?;
    fs::create_dir_all(out).map_err(file(out))?;
    for (name, text) in [(MAP_FILE, &map.map), (FOUND_FILE, &map.found)] {
        let path = out.join(name);
        fs::write(&path, text).map_err(file(&path))?;
    }
    Ok(map.built)
}

/// Both files' texts.
#[derive(Debug)]
struct Drawn {
    map: String,
    found: String,
    built: Built,
}

fn draw(bytes: &[u8]) -> Result<Drawn, Error> {
    let extract = pbf::read(bytes)?;
    let mut shapes = surfaces_and_lines(&extract);
    if shapes.is_empty() {
        return Err(Error::Empty);
    }
    // A fixed order makes the same extract give the same bytes.
    shapes.sort_by(|a, b| {
        (a.0, &a.1.properties)
            .cmp(&(b.0, &b.1.properties))
            .then_with(|| first(a).cmp(&first(b)))
    });
    let shapes: Vec<Feature> = shapes.into_iter().map(|(_, f)| f).collect();
    let mut found = found_cameras(&extract);
    found.sort_by(|a, b| a.properties.cmp(&b.properties));
    let date = day(extract.newest_s);
    let mut members = vec![
        ("attribution", json!(ATTRIBUTION)),
        ("licence", json!(LICENCE)),
        ("date", json!(date)),
    ];
    if let Some(bbox) = bbox(&extract) {
        members.push(("bbox", bbox));
    }
    let map = geojson::collection(&members, &shapes);
    let built = Built {
        shapes: shapes.len(),
        found_cameras: found.len(),
        map_bytes: map.len(),
        date,
    };
    Ok(Drawn {
        found: geojson::collection(&members, &found),
        map,
        built,
    })
}

fn first(shape: &(Layer, Feature)) -> Option<Place> {
    match &shape.1.shape {
        Shape::Point(place) => Some(*place),
        Shape::Line(line) => line.first().copied(),
        Shape::Surface(rings) => rings.first().and_then(|r| r.first()).copied(),
    }
}

/// `2019-04-07`; empty for no date.
fn day(unix_s: i64) -> String {
    if unix_s <= 0 {
        return String::new();
    }
    At(unix_s.saturating_mul(1_000_000))
        .to_string()
        .chars()
        .take(10)
        .collect()
}

/// West, south, east, north in degrees (RFC 7946 §5).
fn bbox(extract: &Extract) -> Option<serde_json::Value> {
    let [low, high] = extract.bounds?;
    let degrees = |grid: i32| f64::from(grid) / 1e7;
    Some(json!([
        degrees(low.lon),
        degrees(low.lat),
        degrees(high.lon),
        degrees(high.lat)
    ]))
}

fn surfaces_and_lines(extract: &Extract) -> Vec<(Layer, Feature)> {
    let mut shapes = sea(extract);
    for way in extract.ways.values() {
        let Some(sort) = layers::sort(&way.tags) else {
            continue;
        };
        match sort.form {
            Form::Surface => {
                let line = places(extract, &way.nodes);
                if rings::is_ring(&line) {
                    let shape = Shape::Surface(vec![rings::outer(line)]);
                    shapes.push((sort.layer, feature(&sort, &way.tags, shape)));
                }
            }
            Form::Line => {
                for run in runs(extract, &way.nodes) {
                    shapes.push((sort.layer, feature(&sort, &way.tags, Shape::Line(run))));
                }
            }
        }
    }
    for area in &extract.areas {
        let Some(sort) = layers::sort(&area.tags).filter(|s| s.form == Form::Surface) else {
            continue;
        };
        for surface in surfaces(extract, area) {
            shapes.push((
                sort.layer,
                feature(&sort, &area.tags, Shape::Surface(surface)),
            ));
        }
    }
    shapes
}

fn feature(sort: &layers::Sort, tags: &Tags, shape: Shape) -> Feature {
    let name = tags.get("name").cloned().unwrap_or_default();
    // Five hundred nameless house names would only weigh; streets, parks and water are labelled.
    let name = if sort.layer == Layer::Buildings {
        String::new()
    } else {
        name
    };
    let properties = vec![
        ("layer", sort.layer.word().to_owned()),
        ("kind", sort.kind.clone()),
        ("name", name),
    ];
    Feature { shape, properties }
}

/// The places of a way's nodes; nodes that the extract cut off are left out.
fn places(extract: &Extract, nodes: &[i64]) -> Vec<Place> {
    let mut line: Vec<Place> = nodes
        .iter()
        .filter_map(|id| extract.nodes.get(id))
        .copied()
        .collect();
    line.dedup();
    line
}

/// Stretches of a way without a node that the extract cut off: no line is drawn across a gap.
fn runs(extract: &Extract, nodes: &[i64]) -> Vec<Vec<Place>> {
    let known = nodes
        .iter()
        .map(|id| extract.nodes.get(id).copied())
        .collect::<Vec<_>>();
    let stretches = known.split(Option::is_none);
    let mut runs: Vec<Vec<Place>> = stretches
        .map(|s| s.iter().flatten().copied().collect())
        .collect();
    runs.iter_mut().for_each(Vec::dedup);
    runs.retain(|run| run.len() > 1);
    runs
}

/// The sea; nothing where the extract states no bounds or the coast does not close.
fn sea(extract: &Extract) -> Vec<(Layer, Feature)> {
    let Some(bounds) = extract.bounds else {
        return Vec::new();
    };
    let coast = |way: &&pbf::Way| way.tags.get("natural").is_some_and(|v| v == "coastline");
    let mut ways: Vec<_> = extract.ways.iter().filter(|(_, way)| coast(way)).collect();
    ways.sort_by_key(|(id, _)| **id);
    let lines = ways
        .into_iter()
        .flat_map(|(_, way)| runs(extract, &way.nodes))
        .collect();
    let sort = layers::Sort {
        layer: Layer::Water,
        kind: "sea".to_owned(),
        form: Form::Surface,
    };
    let surfaces = sea::surfaces(lines, bounds).unwrap_or_default();
    let shape = |s| {
        (
            Layer::Water,
            feature(&sort, &Tags::new(), Shape::Surface(s)),
        )
    };
    surfaces.into_iter().map(shape).collect()
}

/// Each outline of an area with the holes that lie in it.
fn surfaces(extract: &Extract, area: &Area) -> Vec<Vec<Vec<Place>>> {
    let lines = |ring: Ring| {
        let of = area.ways.iter().filter(|(_, r)| *r == ring);
        of.filter_map(|(id, _)| extract.ways.get(id))
            .map(|way| places(extract, &way.nodes))
            .filter(|line| line.len() >= 2)
            .collect()
    };
    rings::with_holes(
        rings::join(lines(Ring::Outer)),
        rings::join(lines(Ring::Inner)),
    )
}

/// Nodes tagged `man_made=surveillance`: where somebody saw a camera.
fn found_cameras(extract: &Extract) -> Vec<Feature> {
    let mut found = Vec::new();
    for (id, tags) in &extract.tagged {
        if tags.get("man_made").is_none_or(|v| v != "surveillance") {
            continue;
        }
        let Some(place) = extract.nodes.get(id) else {
            continue;
        };
        let tag = |key: &str| tags.get(key).cloned().unwrap_or_default();
        found.push(Feature {
            shape: Shape::Point(*place),
            properties: vec![
                ("id", format!("node/{id}")),
                ("surveillance", tag("surveillance")),
                ("type", tag("surveillance:type")),
                ("zone", tag("surveillance:zone")),
                ("direction", tag("camera:direction")),
                ("operator", tag("operator")),
            ],
        });
    }
    found
}
