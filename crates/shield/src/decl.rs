//! What the city declares of a camera, and what the inventory keeps of it.
//! Never carries a password out: it goes in and stays.

use core::fmt;

use loggia_model::{At, CameraId, Digest, LegalBasis};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Error, Pinned, Scheme};

/// Longest text field, bytes.
const TEXT_BYTES_MAX: usize = 200;
/// Longest retention that can be declared: 30 days.
const RETENTION_H_MAX: u32 = 720;

/// Whether the camera covers windows, gardens and doors with privacy masks. The recorder never
/// decodes, so only the camera can mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mask {
    /// At least one mask is on.
    Present,
    /// No mask is on.
    Absent,
}

impl Mask {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Absent => "absent",
        }
    }

    pub(crate) fn from_name(name: &str) -> Self {
        match name {
            "present" => Self::Present,
            _ => Self::Absent,
        }
    }
}

/// Who confirmed at enrolment what is declared of the masks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MaskCheck {
    /// Nobody: the camera was enrolled before Loggia asked.
    Nobody,
    /// The camera itself (ONVIF Media2 `GetMasks`).
    Camera,
    /// The camera could not say; a person looked at its picture, see `mask_seen_by`.
    Person,
}

impl MaskCheck {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Camera => "camera",
            Self::Person => "person",
        }
    }

    pub(crate) fn from_name(name: &str) -> Self {
        match name {
            "camera" => Self::Camera,
            "person" => Self::Person,
            _ => Self::Nobody,
        }
    }
}

/// A camera as the city declares it.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraDecl {
    /// Name on the map, e.g. `Kauppatori north`.
    pub label: String,
    /// Maker.
    pub make: String,
    /// Model.
    pub model: String,
    /// Firmware version.
    #[serde(default)]
    pub firmware: String,
    /// Where it was made and by whom, as declared.
    #[serde(default)]
    pub origin: String,
    /// Main stream, e.g. `rtsp://192.0.2.10:554/stream1`; the host is an IP address.
    pub rtsp_url: String,
    /// H.264 sub-stream of an H.265 camera.
    #[serde(default)]
    pub sub_rtsp_url: Option<String>,
    /// ONVIF device service, e.g. `http://192.0.2.10/onvif/device_service`.
    #[serde(default)]
    pub onvif_url: Option<String>,
    /// User at the camera; empty for none.
    #[serde(default)]
    pub username: String,
    /// Password at the camera; sealed at rest, never given out.
    #[serde(default)]
    pub password: String,
    /// Latitude, degrees north (WGS 84).
    pub lat: f64,
    /// Longitude, degrees east (WGS 84).
    pub lon: f64,
    /// Where it looks, degrees clockwise from north.
    pub heading_deg: f64,
    /// What it is for, in words for the public page.
    pub purpose: String,
    /// On which ground, by identifier in the city's list.
    #[schema(value_type = String)]
    pub legal_basis: LegalBasis,
    /// Who answers for it.
    pub accountable: String,
    /// Hours until its hour keys are destroyed.
    pub retention_h: u32,
    /// Where it hangs, in words.
    pub place: String,
    /// Whether it masks; the camera is asked at enrolment and must say the same.
    pub mask: Mask,
    /// Who looked at the picture and saw that `mask` is true, by name or office: for a camera that
    /// cannot say so itself.
    #[serde(default)]
    pub mask_seen_by: Option<String>,
}

impl fmt::Debug for CameraDecl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CameraDecl({} at {})", self.label, self.rtsp_url)
    }
}

/// The addresses of a declaration, checked.
pub(crate) struct Addresses {
    pub(crate) rtsp: Pinned,
    pub(crate) sub: Option<Pinned>,
    pub(crate) onvif: Option<Pinned>,
}

impl Addresses {
    pub(crate) fn parse(rtsp: &str, sub: Option<&str>, onvif: Option<&str>) -> Result<Self, Error> {
        let rtsp = Pinned::parse(rtsp, Scheme::Rtsp)?;
        let given = |text: Option<&str>, scheme| {
            text.filter(|t| !t.is_empty())
                .map(|t| Pinned::parse(t, scheme))
                .transpose()
        };
        let sub = given(sub, Scheme::Rtsp)?;
        let onvif = given(onvif, Scheme::Http)?;
        for other in [&sub, &onvif].into_iter().flatten() {
            if other.socket().ip() != rtsp.socket().ip() {
                return Err(Error::Declaration(format!(
                    "{other} is another machine than {rtsp}; a camera has one IP address"
                )));
            }
        }
        Ok(Self { rtsp, sub, onvif })
    }
}

impl CameraDecl {
    /// Checks every field.
    pub(crate) fn check(&self) -> Result<Addresses, Error> {
        let bad = |text: String| Err(Error::Declaration(text));
        let must = [
            ("label", &self.label),
            ("purpose", &self.purpose),
            ("legal_basis", &self.legal_basis.0),
            ("accountable", &self.accountable),
            ("place", &self.place),
        ];
        for (name, text) in must {
            if text.trim().is_empty() {
                return bad(format!("`{name}` is empty; the public page shows it"));
            }
        }
        let texts = [
            &self.make,
            &self.model,
            &self.firmware,
            &self.origin,
            &self.username,
            &self.password,
        ];
        let texts = texts.into_iter().chain(&self.mask_seen_by);
        for text in must.iter().map(|(_, t)| *t).chain(texts) {
            if text.len() > TEXT_BYTES_MAX {
                return bad(format!("a field has at most {TEXT_BYTES_MAX} bytes"));
            }
            if !loggia_model::is_line(text) {
                return bad("a field has line breaks or characters that are not seen".to_owned());
            }
        }
        if !(-90.0..=90.0).contains(&self.lat) || !(-180.0..=180.0).contains(&self.lon) {
            return bad("`lat` is -90 to 90 and `lon` -180 to 180, in degrees".to_owned());
        }
        if !(0.0..=360.0).contains(&self.heading_deg) {
            return bad("`heading_deg` is 0 to 360, clockwise from north".to_owned());
        }
        if !(1..=RETENTION_H_MAX).contains(&self.retention_h) {
            return bad(format!("`retention_h` is 1 to {RETENTION_H_MAX} hours"));
        }
        Addresses::parse(
            &self.rtsp_url,
            self.sub_rtsp_url.as_deref(),
            self.onvif_url.as_deref(),
        )
    }

    /// Who looked, where a person's look is what counted.
    pub(crate) fn seen_by(&self, check: MaskCheck) -> Option<&str> {
        let given = self.mask_seen_by.as_deref().map(str::trim);
        given.filter(|who| check == MaskCheck::Person && !who.is_empty())
    }

    /// What the public log's commitment binds: every declared field but the password, with the
    /// camera's number and who confirmed the masks, as JSON in this order.
    pub(crate) fn committed(&self, id: CameraId, check: MaskCheck) -> Vec<u8> {
        let fields = serde_json::json!([
            "loggia/camera/v2",
            id.0,
            self.label,
            self.make,
            self.model,
            self.firmware,
            self.origin,
            self.rtsp_url,
            self.sub_rtsp_url,
            self.onvif_url,
            self.username,
            self.lat,
            self.lon,
            self.heading_deg,
            self.purpose,
            self.legal_basis,
            self.accountable,
            self.retention_h,
            self.place,
            self.mask,
            check,
            self.seen_by(check),
        ]);
        fields.to_string().into_bytes()
    }
}

/// A camera of the inventory, without its password.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Enrolled {
    /// Its number.
    #[schema(value_type = u32)]
    pub id: CameraId,
    /// Name on the map.
    pub label: String,
    /// Maker.
    pub make: String,
    /// Model.
    pub model: String,
    /// Firmware version.
    pub firmware: String,
    /// Origin as declared.
    pub origin: String,
    /// Main stream.
    pub rtsp_url: String,
    /// H.264 sub-stream of an H.265 camera.
    pub sub_rtsp_url: Option<String>,
    /// ONVIF device service.
    pub onvif_url: Option<String>,
    /// User at the camera.
    pub username: String,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Degrees clockwise from north.
    pub heading_deg: f64,
    /// What it is for.
    pub purpose: String,
    /// On which ground.
    #[schema(value_type = String)]
    pub legal_basis: LegalBasis,
    /// Who answers for it.
    pub accountable: String,
    /// Hours until its hour keys are destroyed.
    pub retention_h: u32,
    /// Where it hangs, in words.
    pub place: String,
    /// Whether it masks.
    pub mask: Mask,
    /// Who confirmed that.
    pub mask_check: MaskCheck,
    /// Who looked at the picture, if the camera could not say.
    pub mask_seen_by: Option<String>,
    /// When it was enrolled.
    #[schema(value_type = i64)]
    pub enrolled_at: At,
    /// Its entry in the public log.
    pub log_index: u64,
    /// The commitment in that entry.
    #[schema(value_type = String)]
    pub commitment: Digest,
    /// When it was retired, if it was.
    #[schema(value_type = Option<i64>)]
    pub retired_at: Option<At>,
}
