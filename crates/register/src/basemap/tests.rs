//! The base map from an extract that the test writes itself, field by field.
//! Never reads a real extract: that needs a network, and set-up does it.

use proptest::prelude::*;

use super::*;

/// Writes Protocol Buffers' wire form.
#[derive(Default, Clone)]
struct Message(Vec<u8>);

fn varint(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn zigzag(n: i64) -> u64 {
    ((n << 1) ^ (n >> 63)) as u64
}

impl Message {
    fn number(mut self, field: u64, n: u64) -> Self {
        varint(field << 3, &mut self.0);
        varint(n, &mut self.0);
        self
    }

    fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        varint(field << 3 | 2, &mut self.0);
        varint(bytes.len() as u64, &mut self.0);
        self.0.extend_from_slice(bytes);
        self
    }

    fn packed(self, field: u64, numbers: impl IntoIterator<Item = u64>) -> Self {
        let mut bytes = Vec::new();
        numbers.into_iter().for_each(|n| varint(n, &mut bytes));
        self.bytes(field, &bytes)
    }

    fn deltas(self, field: u64, numbers: &[i64]) -> Self {
        let before = std::iter::once(0).chain(numbers.iter().copied());
        let steps: Vec<u64> = numbers
            .iter()
            .zip(before)
            .map(|(n, b)| zigzag(n - b))
            .collect();
        self.packed(field, steps)
    }
}

fn blob(kind: &str, contents: &[u8]) -> Vec<u8> {
    let zlib = miniz_oxide::deflate::compress_to_vec_zlib(contents, 6);
    let body = Message::default()
        .number(2, contents.len() as u64)
        .bytes(3, &zlib)
        .0;
    let head = Message::default()
        .bytes(1, kind.as_bytes())
        .number(3, body.len() as u64)
        .0;
    [(head.len() as u32).to_be_bytes().as_slice(), &head, &body].concat()
}

fn header() -> Vec<u8> {
    let bounds = [249_350_000, 249_530_000, 601_790_000, 601_640_000];
    let sides = (1..)
        .zip(bounds)
        .fold(Message::default(), |m, (field, side)| {
            m.number(field, zigzag(side * 100))
        });
    let head = Message::default()
        .bytes(1, &sides.0)
        .bytes(4, b"OsmSchema-V0.6");
    blob("OSMHeader", &head.bytes(4, b"DenseNodes").0)
}

/// Texts of the block: number 0 is empty by the format.
const TEXTS: [&str; 19] = [
    "",
    "building",
    "yes",
    "highway",
    "residential",
    "name",
    "Testikatu",
    "man_made",
    "surveillance",
    "type",
    "multipolygon",
    "natural",
    "water",
    "outer",
    "inner",
    "surveillance:type",
    "camera",
    "leisure",
    "park",
];

fn text(t: &str) -> u64 {
    TEXTS.iter().position(|x| *x == t).unwrap() as u64
}

fn way(id: u64, tags: &[(&str, &str)], nodes: &[i64]) -> Vec<u8> {
    Message::default()
        .number(1, id)
        .packed(2, tags.iter().map(|(k, _)| text(k)))
        .packed(3, tags.iter().map(|(_, v)| text(v)))
        .deltas(8, nodes)
        .0
}

/// A house, a street, a pond with an island made of three ways, a park cut off, and a camera.
fn town() -> Vec<u8> {
    // Nodes 1 to 4: a square of 10; 5 to 8: a square of 4 within; 9: the camera.
    let lons: [i64; 9] = [0, 10, 10, 0, 3, 7, 7, 3, 5];
    let lats: [i64; 9] = [0, 0, 10, 10, 3, 3, 7, 7, 5];
    let camera = ["man_made", "surveillance", "surveillance:type", "camera"].map(text);
    let words = [0; 8].into_iter().chain(camera).chain([0]);
    let info = Message::default().deltas(2, &[1_554_600_000; 9]);
    let dense = Message::default()
        .deltas(1, &[1, 2, 3, 4, 5, 6, 7, 8, 9])
        .bytes(5, &info.0)
        .deltas(8, &lats.map(|n| 601_700_000 + n))
        .deltas(9, &lons.map(|n| 249_400_000 + n))
        .packed(10, words);
    let pond = Message::default()
        .number(1, 1)
        .packed(2, ["type", "natural"].map(text))
        .packed(3, ["multipolygon", "water"].map(text))
        .packed(8, ["outer", "outer", "inner"].map(text))
        .deltas(9, &[30, 31, 32])
        .packed(10, [1, 1, 1]);
    let group = Message::default()
        .bytes(2, &dense.0)
        .bytes(
            3,
            &way(
                10,
                &[("building", "yes"), ("name", "Testikatu")],
                &[5, 6, 7, 8, 5],
            ),
        )
        .bytes(
            3,
            &way(
                20,
                &[("highway", "residential"), ("name", "Testikatu")],
                &[1, 3],
            ),
        )
        .bytes(3, &way(30, &[], &[1, 2, 3]))
        .bytes(3, &way(31, &[], &[1, 4, 3]))
        .bytes(3, &way(32, &[], &[5, 6, 7, 8, 5]))
        .bytes(3, &way(40, &[("leisure", "park")], &[1, 2, 77]))
        .bytes(4, &pond.0);
    let table = TEXTS
        .iter()
        .fold(Message::default(), |m, t| m.bytes(1, t.as_bytes()));
    let block = Message::default().bytes(1, &table.0).bytes(2, &group.0);
    [header(), blob("OSMData", &block.0)].concat()
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_town_is_drawn_in_layers() {
    let drawn = draw(&town()).unwrap();
    let map = json(&drawn.map);
    assert_eq!(map["attribution"], ATTRIBUTION);
    assert_eq!(map["date"], "2019-04-07");
    assert_eq!(
        map["bbox"],
        serde_json::json!([24.935, 60.164, 24.953, 60.179])
    );
    let layers: Vec<_> = map["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            (
                f["properties"]["layer"].as_str().unwrap(),
                f["geometry"]["type"].clone(),
            )
        })
        .collect();
    assert_eq!(
        layers,
        [
            ("water", "Polygon".into()),
            ("buildings", "Polygon".into()),
            ("roads", "LineString".into())
        ]
    );
    let pond = &map["features"][0]["geometry"]["coordinates"];
    assert_eq!(pond.as_array().unwrap().len(), 2, "the island is a hole");
    assert_eq!(map["features"][2]["properties"]["name"], "Testikatu");
    assert_eq!(
        map["features"][1]["properties"].get("name"),
        None,
        "houses carry no name"
    );
}

#[test]
fn found_cameras_stay_in_their_own_file() {
    let drawn = draw(&town()).unwrap();
    assert!(!drawn.map.contains("surveillance"));
    let found = json(&drawn.found);
    assert_eq!(found["features"].as_array().unwrap().len(), 1);
    assert_eq!(found["features"][0]["properties"]["id"], "node/9");
    assert_eq!(found["features"][0]["properties"]["type"], "camera");
    assert_eq!(drawn.built.found_cameras, 1);
}

#[test]
fn the_same_extract_gives_the_same_bytes() {
    let (a, b) = (draw(&town()).unwrap(), draw(&town()).unwrap());
    assert_eq!((a.map, a.found), (b.map, b.found));
}

#[test]
fn files_are_written_and_faults_say_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let extract = dir.path().join("town.osm.pbf");
    assert!(
        build(&extract, dir.path())
            .unwrap_err()
            .to_string()
            .contains("town.osm.pbf")
    );
    fs::write(&extract, town()).unwrap();
    let built = build(&extract, &dir.path().join("out")).unwrap();
    assert_eq!(built.shapes, 3);
    assert_eq!(
        fs::read(dir.path().join("out").join(MAP_FILE))
            .unwrap()
            .len(),
        built.map_bytes
    );
    let history = Message::default().bytes(4, b"HistoricalInformation").0;
    let error = draw(&blob("OSMHeader", &history)).unwrap_err();
    assert!(error.to_string().contains("HistoricalInformation"));
    assert!(matches!(draw(&header()), Err(Error::Empty)));
}

proptest! {
    #[test]
    fn a_damaged_extract_never_panics(at in 0usize..1_000, byte: u8, cut in 0usize..1_000) {
        let mut bytes = town();
        let at = at % bytes.len();
        bytes[at] ^= byte;
        let _ = draw(&bytes);
        bytes.truncate(cut % bytes.len());
        let _ = draw(&bytes);
    }
}
