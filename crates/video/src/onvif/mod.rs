//! ONVIF, as far as a recorder needs it: who is there, what it is, where its streams are, whether
//! it masks. Never configures a camera, never follows an address that a device names.

mod ask;
mod check;
mod client;
mod discover;
mod message;
mod xml;

pub use check::{Finding, Report, check_admitted, check_probe, masks_of};
pub use client::{Client, Device};
pub use discover::{Found, GROUP, discover};
pub use message::{
    DeviceInformation, Profile, Services, parse_device_information, parse_fault,
    parse_mask_capability, parse_masks, parse_probe_matches, parse_profiles, parse_services,
    parse_stream_uri, parse_system_time,
};
