//! Reads an OpenStreetMap extract in PBF form (wiki "PBF Format", version 1.x): tags and shapes.
//! Never keeps editors' names or histories, and never expands more than the format allows.

use std::collections::HashMap;

use super::Error;
use super::wire::{self, Value};

/// The format's own limits: a blob's header has at most 64 KiB, a blob 32 MiB.
const HEADER_BYTES_MAX: usize = 64 * 1024;
const BLOB_BYTES_MAX: usize = 32 * 1024 * 1024;
/// A city of millions has some 10⁷ nodes; at 24 bytes each this is half a gigabyte.
const NODES_MAX: usize = 20_000_000;
/// What a reader must be able to do for a file to be read here.
const KNOWN_FEATURES: [&str; 2] = ["OsmSchema-V0.6", "DenseNodes"];

/// A place in units of 10⁻⁷ degree, which is OpenStreetMap's own grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Longitude.
    pub lon: i32,
    /// Latitude.
    pub lat: i32,
}

/// Tags of one thing.
pub type Tags = HashMap<String, String>;

/// A way: its nodes by number and its tags.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// Node numbers in order; first = last for a ring.
    pub nodes: Vec<i64>,
    /// Tags.
    pub tags: Tags,
}

/// A multipolygon: ways that together are rings.
#[derive(Debug, Clone, Default)]
pub struct Area {
    /// Way number, and whether it is an inner ring's.
    pub ways: Vec<(i64, Ring)>,
    /// Tags.
    pub tags: Tags,
}

/// Which side of an area a way belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ring {
    /// The outline.
    Outer,
    /// A hole.
    Inner,
}

/// Everything of an extract that a base map can use.
#[derive(Debug, Default)]
pub struct Extract {
    /// Where each node is.
    pub nodes: HashMap<i64, Place>,
    /// Nodes that carry tags.
    pub tagged: Vec<(i64, Tags)>,
    /// Ways by number.
    pub ways: HashMap<i64, Way>,
    /// Multipolygons.
    pub areas: Vec<Area>,
    /// South-west and north-east corner, if the extract states them.
    pub bounds: Option<[Place; 2]>,
    /// Newest change in the extract, Unix seconds; 0 if it says nothing.
    pub newest_s: i64,
}

/// Reads a whole file.
pub fn read(mut file: &[u8]) -> Result<Extract, Error> {
    let mut extract = Extract::default();
    while !file.is_empty() {
        let (len, rest) = file
            .split_first_chunk::<4>()
            .ok_or(Error::Malformed("its end"))?;
        let len = usize::try_from(u32::from_be_bytes(*len)).unwrap_or(usize::MAX);
        if len > HEADER_BYTES_MAX {
            return Err(Error::Malformed("a blob header's length"));
        }
        let (header, rest) = rest
            .split_at_checked(len)
            .ok_or(Error::Malformed("its end"))?;
        let (kind, size) = blob_header(header)?;
        let (blob, rest) = rest
            .split_at_checked(size)
            .ok_or(Error::Malformed("its end"))?;
        file = rest;
        match kind {
            b"OSMHeader" => head(&contents(blob)?, &mut extract)?,
            b"OSMData" => block(&contents(blob)?, &mut extract)?,
            // The format asks readers to skip kinds that they do not know.
            _ => {}
        }
    }
    Ok(extract)
}

fn blob_header(header: &[u8]) -> Result<(&[u8], usize), Error> {
    let (mut kind, mut size) = (&header[..0], 0);
    for field in wire::fields(header) {
        match field? {
            (1, Value::Bytes(b)) => kind = b,
            (3, Value::Number(n)) => size = usize::try_from(n).unwrap_or(usize::MAX),
            _ => {}
        }
    }
    if size > BLOB_BYTES_MAX {
        return Err(Error::Malformed("a blob's length"));
    }
    Ok((kind, size))
}

/// A blob's contents, inflated where needed.
fn contents(blob: &[u8]) -> Result<Vec<u8>, Error> {
    for field in wire::fields(blob) {
        match field? {
            (1, Value::Bytes(raw)) => return Ok(raw.to_vec()),
            (3, Value::Bytes(zlib)) => {
                return miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(
                    zlib,
                    BLOB_BYTES_MAX,
                )
                .map_err(|_| Error::Malformed("a compressed blob"));
            }
            (2, _) => {}
            _ => return Err(Error::Malformed("a blob neither raw nor zlib")),
        }
    }
    Err(Error::Malformed("an empty blob"))
}

fn head(header: &[u8], extract: &mut Extract) -> Result<(), Error> {
    for field in wire::fields(header) {
        match field? {
            (1, Value::Bytes(bounds)) => extract.bounds = Some(corners(bounds)?),
            (4, Value::Bytes(name)) => {
                let name = String::from_utf8_lossy(name).into_owned();
                if !KNOWN_FEATURES.contains(&name.as_str()) {
                    return Err(Error::Feature(name));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Left, right, top and bottom in nanodegrees.
fn corners(bounds: &[u8]) -> Result<[Place; 2], Error> {
    let mut sides = [0_i32; 5];
    for field in wire::fields(bounds) {
        if let (side @ 1..=4, Value::Number(n)) = field? {
            let grid = i32::try_from(wire::zigzag(n) / 100);
            sides[side as usize] = grid.map_err(|_| Error::Malformed("a boundary"))?;
        }
    }
    let [_, left, right, top, bottom] = sides;
    if left > right || bottom > top {
        return Err(Error::Malformed("a boundary"));
    }
    Ok([
        Place {
            lon: left,
            lat: bottom,
        },
        Place {
            lon: right,
            lat: top,
        },
    ])
}

/// What holds for all of one block.
struct Block<'a> {
    texts: Vec<&'a [u8]>,
    granularity: i64,
    lat_offset: i64,
    lon_offset: i64,
    date_ms: i64,
}

fn block(bytes: &[u8], extract: &mut Extract) -> Result<(), Error> {
    let mut b = Block {
        texts: Vec::new(),
        granularity: 100,
        lat_offset: 0,
        lon_offset: 0,
        date_ms: 1000,
    };
    let mut groups = Vec::new();
    for field in wire::fields(bytes) {
        match field? {
            (1, Value::Bytes(table)) => {
                for text in wire::fields(table) {
                    b.texts.push(text?.1.bytes());
                }
            }
            (2, Value::Bytes(group)) => groups.push(group),
            (17, Value::Number(n)) => b.granularity = n.cast_signed(),
            (18, Value::Number(n)) => b.date_ms = n.cast_signed(),
            (19, Value::Number(n)) => b.lat_offset = n.cast_signed(),
            (20, Value::Number(n)) => b.lon_offset = n.cast_signed(),
            _ => {}
        }
    }
    for group in groups {
        for field in wire::fields(group) {
            match field? {
                (1, Value::Bytes(node)) => b.node(node, extract)?,
                (2, Value::Bytes(dense)) => b.dense(dense, extract)?,
                (3, Value::Bytes(way)) => b.way(way, extract)?,
                (4, Value::Bytes(relation)) => b.relation(relation, extract)?,
                _ => {}
            }
        }
    }
    Ok(())
}

impl Block<'_> {
    fn text(&self, n: u64) -> Result<String, Error> {
        let i = usize::try_from(n).unwrap_or(usize::MAX);
        let text = self
            .texts
            .get(i)
            .ok_or(Error::Malformed("a text's number"))?;
        Ok(String::from_utf8_lossy(text).into_owned())
    }

    fn tags(&self, keys: &[u8], values: &[u8]) -> Result<Tags, Error> {
        let (keys, values) = (wire::packed(keys)?, wire::packed(values)?);
        keys.into_iter()
            .zip(values)
            .map(|(k, v)| Ok((self.text(k)?, self.text(v)?)))
            .collect()
    }

    fn place(&self, lat: i64, lon: i64) -> Result<Place, Error> {
        // The format counts in nanodegrees; OpenStreetMap's grid is a hundred times coarser.
        let grid = |offset: i64, n: i64| {
            let nano = self
                .granularity
                .checked_mul(n)
                .and_then(|n| n.checked_add(offset))?;
            i32::try_from(nano / 100).ok()
        };
        match (grid(self.lat_offset, lat), grid(self.lon_offset, lon)) {
            (Some(lat), Some(lon)) => Ok(Place { lon, lat }),
            _ => Err(Error::Malformed("a coordinate")),
        }
    }

    fn seen(&self, stamp: i64, extract: &mut Extract) {
        let at_s = stamp.saturating_mul(self.date_ms) / 1000;
        extract.newest_s = extract.newest_s.max(at_s);
    }

    fn info(&self, info: &[u8], extract: &mut Extract) -> Result<(), Error> {
        for field in wire::fields(info) {
            if let (2, Value::Number(n)) = field? {
                self.seen(n.cast_signed(), extract);
            }
        }
        Ok(())
    }

    fn node(&self, bytes: &[u8], extract: &mut Extract) -> Result<(), Error> {
        let (mut id, mut lat, mut lon) = (0, 0, 0);
        let (mut keys, mut values) = (&bytes[..0], &bytes[..0]);
        for field in wire::fields(bytes) {
            match field? {
                (1, Value::Number(n)) => id = wire::zigzag(n),
                (2, Value::Bytes(b)) => keys = b,
                (3, Value::Bytes(b)) => values = b,
                (4, Value::Bytes(b)) => self.info(b, extract)?,
                (8, Value::Number(n)) => lat = wire::zigzag(n),
                (9, Value::Number(n)) => lon = wire::zigzag(n),
                _ => {}
            }
        }
        keep(extract, id, self.place(lat, lon)?, self.tags(keys, values)?)
    }

    fn dense(&self, bytes: &[u8], extract: &mut Extract) -> Result<(), Error> {
        let (mut ids, mut lats, mut lons, mut words) = (vec![], vec![], vec![], vec![]);
        for field in wire::fields(bytes) {
            match field? {
                (1, v) => ids = wire::deltas(v.bytes())?,
                (5, Value::Bytes(info)) => {
                    for field in wire::fields(info) {
                        if let (2, Value::Bytes(stamps)) = field? {
                            let newest = wire::deltas(stamps)?.into_iter().max().unwrap_or(0);
                            self.seen(newest, extract);
                        }
                    }
                }
                (8, v) => lats = wire::deltas(v.bytes())?,
                (9, v) => lons = wire::deltas(v.bytes())?,
                (10, v) => words = wire::packed(v.bytes())?,
                _ => {}
            }
        }
        if ids.len() != lats.len() || ids.len() != lons.len() {
            return Err(Error::Malformed("nodes of unequal number"));
        }
        // One run of key, value, key, value, … 0 for each node; no run at all if none has tags.
        let mut words = words.into_iter();
        for ((id, lat), lon) in ids.into_iter().zip(lats).zip(lons) {
            let mut tags = Tags::new();
            while let Some(key) = words.next().filter(|k| *k != 0) {
                let value = words
                    .next()
                    .ok_or(Error::Malformed("a tag without a value"))?;
                tags.insert(self.text(key)?, self.text(value)?);
            }
            keep(extract, id, self.place(lat, lon)?, tags)?;
        }
        Ok(())
    }

    fn way(&self, bytes: &[u8], extract: &mut Extract) -> Result<(), Error> {
        let (mut id, mut nodes) = (0, Vec::new());
        let (mut keys, mut values) = (&bytes[..0], &bytes[..0]);
        for field in wire::fields(bytes) {
            match field? {
                (1, Value::Number(n)) => id = n.cast_signed(),
                (2, Value::Bytes(b)) => keys = b,
                (3, Value::Bytes(b)) => values = b,
                (4, Value::Bytes(b)) => self.info(b, extract)?,
                (8, v) => nodes = wire::deltas(v.bytes())?,
                _ => {}
            }
        }
        extract.ways.insert(
            id,
            Way {
                nodes,
                tags: self.tags(keys, values)?,
            },
        );
        Ok(())
    }

    fn relation(&self, bytes: &[u8], extract: &mut Extract) -> Result<(), Error> {
        let (mut roles, mut members, mut kinds) = (vec![], vec![], vec![]);
        let (mut keys, mut values) = (&bytes[..0], &bytes[..0]);
        for field in wire::fields(bytes) {
            match field? {
                (2, Value::Bytes(b)) => keys = b,
                (3, Value::Bytes(b)) => values = b,
                (4, Value::Bytes(b)) => self.info(b, extract)?,
                (8, v) => roles = wire::packed(v.bytes())?,
                (9, v) => members = wire::deltas(v.bytes())?,
                (10, v) => kinds = wire::packed(v.bytes())?,
                _ => {}
            }
        }
        let tags = self.tags(keys, values)?;
        if tags.get("type").is_none_or(|t| t != "multipolygon") {
            return Ok(());
        }
        let mut area = Area {
            ways: Vec::new(),
            tags,
        };
        for ((id, role), _) in members
            .into_iter()
            .zip(roles)
            .zip(kinds)
            .filter(|(_, kind)| *kind == 1)
        {
            let inner = self.text(role)? == "inner";
            area.ways
                .push((id, if inner { Ring::Inner } else { Ring::Outer }));
        }
        extract.areas.push(area);
        Ok(())
    }
}

fn keep(extract: &mut Extract, id: i64, place: Place, tags: Tags) -> Result<(), Error> {
    if extract.nodes.len() >= NODES_MAX {
        return Err(Error::TooLarge);
    }
    extract.nodes.insert(id, place);
    if !tags.is_empty() {
        extract.tagged.push((id, tags));
    }
    Ok(())
}
