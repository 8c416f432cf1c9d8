//! Everything that a camera can answer over ONVIF: never a panic.
#![no_main]

use loggia_video::onvif;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let xml = String::from_utf8_lossy(bytes);
    let _ = onvif::parse_fault(&xml);
    let _ = onvif::parse_system_time(&xml);
    let _ = onvif::parse_device_information(&xml);
    let _ = onvif::parse_services(&xml);
    let _ = onvif::parse_profiles(&xml);
    let _ = onvif::parse_stream_uri(&xml);
    let _ = onvif::parse_mask_capability(&xml);
    let _ = onvif::parse_masks(&xml);
    let _ = onvif::parse_probe_matches(&xml);
});
