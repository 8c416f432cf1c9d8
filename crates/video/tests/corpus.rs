//! Replays the corpora of the fuzz targets: every parser of network bytes, on every file. What once
//! did harm is kept here.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;

use loggia_model::{At, MANUAL_START};
use loggia_video::onvif::{
    parse_device_information, parse_fault, parse_mask_capability, parse_masks, parse_probe_matches,
    parse_profiles, parse_services, parse_stream_uri, parse_system_time,
};
use loggia_video::{Assembler, Codec, Depacketizer, ParameterSets, fmp4};

fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(folder);
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|f| f.unwrap().path())
        .map(|p| {
            (
                p.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read(p).unwrap(),
            )
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{folder}");
    files
}

fn onvif(name: &str) -> String {
    let (_, bytes) = files("onvif").into_iter().find(|(n, _)| n == name).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn no_file_harms_a_parser() {
    for (_, bytes) in files("onvif") {
        let text = String::from_utf8_lossy(&bytes);
        let _ = parse_device_information(&text);
        let _ = parse_fault(&text);
        let _ = parse_masks(&text);
        let _ = parse_mask_capability(&text);
        let _ = parse_probe_matches(&text);
        let _ = parse_profiles(&text);
        let _ = parse_services(&text);
        let _ = parse_stream_uri(&text);
        let _ = parse_system_time(&text);
    }
    for (name, bytes) in files("fmp4") {
        assert!(fmp4::read(&bytes).is_err(), "{name}");
    }
    for (name, bytes) in files("nal") {
        for codec in [Codec::H264, Codec::H265] {
            let mut sets = ParameterSets::new(codec);
            sets.sps.clone_from(&bytes);
            assert!(sets.picture().is_err(), "{name}");
        }
    }
    for (_, bytes) in files("rtp") {
        for codec in [Codec::H264, Codec::H265] {
            let mut assembler = Assembler::new(ParameterSets::new(codec));
            let mut depacketizer = Depacketizer::new(codec);
            assembler.packet(0, At(0));
            let _ = depacketizer.push(&bytes, &mut assembler);
            assert!(assembler.finish(At(0)).is_none());
        }
    }
}

#[test]
fn real_answers_are_understood() {
    assert_eq!(parse_system_time(&onvif("time.xml")).unwrap(), MANUAL_START);
    let services = parse_services(&onvif("services.xml")).unwrap();
    assert_eq!(
        services.media2.as_deref(),
        Some("http://198.51.100.9:8080/onvif/media2")
    );
    let profiles = parse_profiles(&onvif("profiles.xml")).unwrap();
    assert_eq!(profiles[0].encoding.as_deref(), Some("H265"));
    assert_eq!(
        (profiles[0].width, profiles[0].height),
        (Some(2560), Some(1440))
    );
    assert_eq!(profiles[0].source.as_deref(), Some("src0"));
    assert_eq!(parse_masks(&onvif("masks.xml")).unwrap(), (2, 1));
    let uri = parse_stream_uri(&onvif("uri.xml")).unwrap();
    assert_eq!(uri, "rtsp://192.0.2.7:554/Streaming?ch=1&sub=0");
    assert_eq!(parse_probe_matches(&onvif("matches.xml")).unwrap().len(), 2);
    let (why, refused) = parse_fault(&onvif("fault.xml")).unwrap();
    assert_eq!((why.as_str(), refused), ("Sender not authorized", true));
    assert!(parse_profiles(&onvif("fault.xml")).is_err());
    assert!(parse_profiles(&onvif("entity.xml")).is_err());
}
