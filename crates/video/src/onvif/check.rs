//! Looks at a camera as a technician would and says what to do. Records nothing, changes nothing.

use loggia_model::Clock;
use loggia_shield::{Admitted, MaskAnswer, Probe};
use serde::Serialize;
use utoipa::ToSchema;

use super::client::{Client, Device};
use crate::Error;
use crate::session::{Offer, describe_probe};

/// A camera's clock may differ by so much before it is a finding: an NTP client in a LAN holds 0.1
/// s.
const CLOCK_US_MAX: i64 = 2_000_000;

/// One thing to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The camera does not answer.
    Unreachable {
        /// What the network said.
        detail: String,
    },
    /// The camera refuses user or password.
    WrongPassword,
    /// The camera offers nothing that can be recorded.
    UnsupportedCodec {
        /// What it offers.
        offers: Vec<String>,
    },
    /// The camera's clock is wrong.
    TimeWrong {
        /// Its clock minus ours, seconds.
        by_s: i64,
    },
    /// The camera has no privacy mask that is on.
    NoPrivacyMask,
    /// The camera cannot say whether it masks (no ONVIF Media2).
    MaskUnknown,
    /// H.265 without a sub-stream address: this footage plays in a browser only after export.
    NoBrowserStream,
    /// The camera breaks a protocol.
    Fault {
        /// How.
        detail: String,
    },
}

impl Finding {
    /// What a technician reads.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Unreachable { detail } => {
                format!("unreachable ({detail}): check cable, PoE, VLAN, address and port")
            }
            Self::WrongPassword => {
                "wrong user or password: set them in the camera and in the declaration".to_owned()
            }
            Self::UnsupportedCodec { offers } => {
                format!(
                    "unsupported codec: offers {}; set H.264 or H.265",
                    offers.join(", ")
                )
            }
            Self::TimeWrong { by_s } => {
                format!("time wrong by {by_s} s: set the camera's NTP server to the recorder")
            }
            Self::NoPrivacyMask => {
                "no privacy mask is on: if windows or gardens are in view, set one in the camera"
                    .to_owned()
            }
            Self::MaskUnknown => {
                "cannot say whether privacy masks are set: look at the picture".to_owned()
            }
            Self::NoBrowserStream => {
                "H.265 without an H.264 sub-stream: plays only after export; declare sub_rtsp_url"
                    .to_owned()
            }
            Self::Fault { detail } => format!("the camera breaks the protocol: {detail}"),
        }
    }

    fn of(e: Error) -> Self {
        match e {
            Error::Unreachable(detail) => Self::Unreachable { detail },
            Error::WrongPassword => Self::WrongPassword,
            Error::UnsupportedCodec(offers) => Self::UnsupportedCodec {
                offers: vec![offers],
            },
            other => Self::Fault {
                detail: other.to_string(),
            },
        }
    }
}

/// What a look at a camera found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Report {
    /// What ONVIF said, if it was asked and answered.
    pub device: Option<Device>,
    /// Codec of the main stream.
    pub codec: Option<String>,
    /// Pixels.
    pub width: Option<u16>,
    /// Pixels.
    pub height: Option<u16>,
    /// What is to be done; empty when all is well.
    pub findings: Vec<Finding>,
}

impl Report {
    fn device(&mut self, looked: Result<Device, Error>) {
        match looked {
            Ok(device) => {
                if device.clock_offset_us.abs() > CLOCK_US_MAX {
                    let by_s = device.clock_offset_us / 1_000_000;
                    self.findings.push(Finding::TimeWrong { by_s });
                }
                match device.masks {
                    Some((_, 0)) => self.findings.push(Finding::NoPrivacyMask),
                    Some(_) => {}
                    None => self.findings.push(Finding::MaskUnknown),
                }
                self.device = Some(device);
            }
            Err(e) => self.add(Finding::of(e)),
        }
    }

    fn stream(&mut self, offer: Result<Offer, Error>) {
        match offer {
            Ok(offer) => {
                if offer.codec.is_none() {
                    self.add(Finding::UnsupportedCodec {
                        offers: offer.encodings,
                    });
                }
                self.codec = offer.codec.map(|c| c.name().to_owned());
                self.width = offer.size.map(|s| s.0);
                self.height = offer.size.map(|s| s.1);
            }
            Err(e) => self.add(Finding::of(e)),
        }
    }

    fn add(&mut self, finding: Finding) {
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }
}

/// Asks a device before it is enrolled whether it masks the stream of this address: what enrolment
/// holds against the declaration. Blocks for as long as the probe lives at most.
pub fn masks_of(probe: &Probe, rtsp_url: &str, clock: &dyn Clock) -> MaskAnswer {
    let asked = Client::probed(probe, clock).and_then(|mut c| c.masks_on(rtsp_url));
    match asked {
        Ok(on) => MaskAnswer::On(on),
        Err(Error::Onvif(why)) => MaskAnswer::CannotSay(why),
        Err(e) => MaskAnswer::Failed(Finding::of(e).text()),
    }
}

/// Looks at a device before it is enrolled: its stream and, if given, its ONVIF service.
pub async fn check_probe(
    stream: Option<&Probe>,
    onvif: Option<Probe>,
    clock: std::sync::Arc<dyn Clock>,
) -> Report {
    let mut report = Report::default();
    if let Some(probe) = onvif {
        let at = std::sync::Arc::clone(&clock);
        let looked = tokio::task::spawn_blocking(move || {
            Client::probed(&probe, at.as_ref()).and_then(|mut c| c.look())
        });
        report.device(looked.await.unwrap_or(Err(Error::Stopped)));
    }
    if let Some(probe) = stream {
        report.stream(describe_probe(probe, clock.as_ref()).await);
    }
    report
}

/// Looks at an enrolled camera.
pub async fn check_admitted(camera: Admitted, clock: std::sync::Arc<dyn Clock>) -> Report {
    let mut report = Report::default();
    report.stream(crate::session::describe_admitted(&camera).await);
    let no_browser = report.codec.as_deref() == Some("H.265") && camera.sub().is_none();
    if no_browser {
        report.add(Finding::NoBrowserStream);
    }
    if camera.onvif().is_some() {
        let looked = tokio::task::spawn_blocking(move || {
            let client = Client::admitted(&camera, clock.as_ref());
            client.ok_or(Error::Stopped).and_then(|mut c| c.look())
        });
        report.device(looked.await.unwrap_or(Err(Error::Stopped)));
    } else {
        report.add(Finding::MaskUnknown);
    }
    report
}
