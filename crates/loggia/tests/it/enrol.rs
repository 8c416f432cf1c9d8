//! `loggia camera add` as a technician meets it: the running city asks the camera for its privacy
//! masks and says in plain words what does not fit.

use std::sync::Arc;

use loggia_model::MANUAL_START;
use loggia_sim::{CameraConfig, Codec, Enabled, Film, Mask, MaskService, SimCity, SimConfig};

use crate::city::{City, Ground, loggia, said, until};

struct Still;

impl loggia_model::Clock for Still {
    fn now(&self) -> loggia_model::At {
        MANUAL_START
    }
    fn mono(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

fn film(codec: Codec) -> Arc<Film> {
    let bytes: &[u8] = match codec {
        Codec::H264 => include_bytes!("../../../sim/fixtures/small.h264"),
        Codec::H265 => include_bytes!("../../../sim/fixtures/main.h265"),
    };
    Arc::new(Film::from_annex_b("film".into(), codec, bytes.into(), 25).unwrap())
}

/// An H.265 camera, with a sub-stream or without.
fn hevc(name: &str, sub: Option<Codec>) -> CameraConfig {
    let mut camera = CameraConfig::new(name, film(Codec::H265));
    camera.sub = sub.map(film);
    camera
}

async fn cameras() -> SimCity {
    let film = film(Codec::H264);
    let camera = |name: &str, service, masks| {
        let mut camera = CameraConfig::new(name, Arc::clone(&film));
        camera.mask_service = service;
        camera.masks = masks;
        camera
    };
    let mask = Mask {
        token: "m1".into(),
        corners: vec![(-1.0, 1.0), (0.0, 1.0), (0.0, 0.0)],
        enabled: Enabled::Yes,
    };
    let cameras = vec![
        camera("masked", MaskService::Media2, vec![mask]),
        camera("bare", MaskService::Media2, Vec::new()),
        camera("old", MaskService::NoMedia2, Vec::new()),
        hevc("alone", None),
        hevc("same", Some(Codec::H265)),
        hevc("beside", Some(Codec::H264)),
    ];
    let mut config = SimConfig::new(1, Arc::new(Still), cameras);
    config.onvif = Some("127.0.0.1:0".parse().unwrap());
    SimCity::start(config).await.unwrap()
}

/// Writes the declaration of a simulated camera and enrols it; whether it went well, and the words.
fn add(ground: &Ground, city: &City, sim: &SimCity, name: &str, masks: &str) -> (bool, String) {
    let at = sim.cameras().into_iter().find(|c| c.name == name).unwrap();
    let sub = at.sub_url.map(|u| format!("sub_rtsp_url = \"{u}\"\n"));
    let declaration = format!(
        "{}label = \"{name}\"\nmake = \"Loggia\"\nmodel = \"Simulated camera\"\n\
         rtsp_url = \"{}\"\nonvif_url = \"{}\"\nlat = 60.17\nlon = 24.94\nheading_deg = 0.0\n\
         purpose = \"a test\"\nlegal_basis = \"fi-poll-4-3\"\naccountable = \"nobody\"\n\
         retention_h = 72\nplace = \"here\"\n{masks}\n",
        sub.unwrap_or_default(),
        at.rtsp_url,
        at.onvif_url.unwrap(),
    );
    let path = ground.root().join("camera.toml");
    std::fs::write(&path, declaration).unwrap();
    let mut command = loggia();
    command.args(["camera", "add"]).arg(&path);
    command.args(["--server", &city.console(""), "--person", "t.laine"]);
    said(&command.env("LOGGIA_PASSWORD", "demo").output().unwrap())
}

#[test]
fn a_camera_is_added_when_it_bears_its_declaration_out() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sim = runtime.block_on(cameras());
    let ground = Ground::new();
    let city = ground.start();
    let add = |name: &str, masks: &str| add(&ground, &city, &sim, name, masks);

    let (added, words) = add("bare", "mask = \"present\"");
    assert!(
        !added && words.contains("says that none is on: set them in the camera"),
        "{words}"
    );
    let (added, words) = add("bare", "");
    assert!(!added && words.contains("`mask`"), "{words}");
    let (added, words) = add("old", "mask = \"absent\"");
    assert!(
        !added && words.contains("declare what you see as `mask`"),
        "{words}"
    );

    let (added, words) = add("masked", "mask = \"present\"");
    assert!(added && words.contains("the camera confirms"), "{words}");
    let (added, words) = add("old", "mask = \"absent\"\nmask_seen_by = \"A. Berg\"");
    assert!(
        added && words.contains("that A. Berg looked is recorded"),
        "{words}"
    );

    let operator = city.become_person("o.saarinen");
    let all = city.get(&operator, "/api/v1/inventory").json();
    let of = |label: &str| {
        let all = all.as_array().unwrap().iter();
        all.filter(|c| c["label"] == label).collect::<Vec<_>>()
    };
    assert!(of("bare").is_empty());
    assert_eq!(of("masked")[0]["mask_check"], "camera");
    assert_eq!(of("old")[0]["mask_seen_by"], "A. Berg");
    // The demo's own cameras were asked as well.
    let asked = all
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["mask_check"] == "camera");
    assert_eq!(asked.count(), 15);
    city.stop();
    runtime.block_on(sim.stop());
}

#[test]
fn h265_without_an_h264_sub_stream_is_said_to_play_only_after_export() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sim = runtime.block_on(cameras());
    let ground = Ground::new();
    let city = ground.start();
    for name in ["alone", "same", "beside"] {
        let (added, words) = add(&ground, &city, &sim, name, "mask = \"absent\"");
        assert!(added, "{words}");
    }
    let operator = city.become_person("o.saarinen");
    let of = |path: &str, label: &str| {
        let all = city.get(&operator, path).json();
        let found = all.as_array().unwrap().iter().find(|c| c["label"] == label);
        found.cloned()
    };
    // What the square and the evidence room say, and what the operator's room says.
    for (name, plays) in [("beside", true), ("alone", false), ("same", false)] {
        until(name, || {
            let health = of("/api/v1/cameras", name)?;
            let told = health["codec"] == "H.265" && health["sub_stream"] == plays;
            told.then_some(())
        });
        let public = of("/api/v1/public/cameras", name).unwrap();
        assert_eq!(public["codec"], "H.265");
        assert_eq!(public["plays_in_browser"], plays, "{name}");
    }
    city.stop();
    runtime.block_on(sim.stop());
}
