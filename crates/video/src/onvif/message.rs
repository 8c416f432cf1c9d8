//! What ONVIF's answers say. Pure; every parser takes bytes from the network and is a fuzz target.
//! Never believes a length or a number of elements.

use loggia_model::At;
use serde::Serialize;
use utoipa::ToSchema;

use super::xml::Node;
use crate::Error;

/// Longest text taken from a device's answer, bytes; longer ones are cut.
const TEXT_BYTES_MAX: usize = 200;
/// Most profiles, matches or services taken from one answer.
const LIST_MAX: usize = 64;

fn bad(why: &str) -> Error {
    Error::Onvif(why.to_owned())
}

fn short(text: &str) -> String {
    let end = (0..=TEXT_BYTES_MAX.min(text.len()))
        .rev()
        .find(|i| text.is_char_boundary(*i));
    text.get(..end.unwrap_or(0))
        .unwrap_or_default()
        .replace(char::is_control, " ")
}

/// What a device says of itself (Device Management, `GetDeviceInformation`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct DeviceInformation {
    /// Maker.
    pub make: String,
    /// Model.
    pub model: String,
    /// Firmware version.
    pub firmware: String,
    /// Serial number.
    pub serial: String,
}

/// A media profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Profile {
    /// Its token.
    pub token: String,
    /// Token of its video source configuration, which masks belong to.
    pub source: Option<String>,
    /// Encoding as the device writes it: `H264`, `H265`, `JPEG`…
    pub encoding: Option<String>,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
}

/// Where a device's services are; only the paths are ever used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Services {
    /// Media service, version 1.
    pub media: Option<String>,
    /// Media service, version 2.
    pub media2: Option<String>,
}

fn body(xml: &str) -> Result<Node, Error> {
    let root = Node::parse(xml)?;
    if let Some(why) = fault_in(&root) {
        return Err(Error::Onvif(format!("the camera refuses: {why}")));
    }
    Ok(root)
}

fn fault_in(root: &Node) -> Option<String> {
    let fault = root.find("Fault")?;
    let why = fault.find("Text").or_else(|| fault.find("faultstring"));
    Some(why.map_or_else(|| "no reason given".to_owned(), |n| short(n.text())))
}

/// The reason in a SOAP fault, if the answer is one, and whether it says that the password is wrong
/// (`ter:NotAuthorized`, ONVIF Core 5.8.2).
#[must_use]
pub fn parse_fault(xml: &str) -> Option<(String, bool)> {
    let root = Node::parse(xml).ok()?;
    let why = fault_in(&root)?;
    let code = |name| {
        root.find("Fault")
            .and_then(|f| f.find(name))
            .map(|n| n.text().to_owned())
    };
    let codes = [
        root.find("Subcode")
            .and_then(|s| s.at(&["Value"]))
            .map(|n| n.text().to_owned()),
        code("faultcode"),
    ];
    let refused = codes
        .into_iter()
        .flatten()
        .any(|c| c.ends_with("NotAuthorized") || c.ends_with("FailedAuthentication"));
    Some((why, refused))
}

/// `GetSystemDateAndTimeResponse`: the camera's UTC time, microseconds since 1970.
///
/// # Errors
/// [`Error::Onvif`] when there is no UTC time or it is none.
pub fn parse_system_time(xml: &str) -> Result<At, Error> {
    let root = body(xml)?;
    let utc = root
        .find("UTCDateTime")
        .ok_or(bad("it states no UTC time"))?;
    let number = |path: [&str; 2], low: i64, high: i64| {
        let n = utc.at(&path).and_then(|n| n.text().parse().ok());
        n.filter(|n| (low..=high).contains(n))
            .ok_or(bad("its UTC time is none"))
    };
    let (year, month, day) = (
        number(["Date", "Year"], 1970, 9999)?,
        number(["Date", "Month"], 1, 12)?,
        number(["Date", "Day"], 1, 31)?,
    );
    let (h, m, s) = (
        number(["Time", "Hour"], 0, 23)?,
        number(["Time", "Minute"], 0, 59)?,
        number(["Time", "Second"], 0, 61)?,
    );
    // Civil date to days: H. Hinnant, "chrono-compatible low-level date algorithms".
    let y = if month <= 2 { year - 1 } else { year };
    let era = y / 400;
    let yoe = y - era * 400;
    let doy = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468;
    Ok(At((days * 86_400 + h * 3_600 + m * 60 + s) * 1_000_000))
}

/// `GetDeviceInformationResponse`.
///
/// # Errors
/// [`Error::Onvif`] on a fault or when it is something else.
pub fn parse_device_information(xml: &str) -> Result<DeviceInformation, Error> {
    let root = body(xml)?;
    let answer = root
        .find("GetDeviceInformationResponse")
        .ok_or(bad("it is another answer"))?;
    let text = |name| {
        answer
            .at(&[name])
            .map(|n| short(n.text()))
            .unwrap_or_default()
    };
    Ok(DeviceInformation {
        make: text("Manufacturer"),
        model: text("Model"),
        firmware: text("FirmwareVersion"),
        serial: text("SerialNumber"),
    })
}

/// `GetServicesResponse` or, from older cameras, `GetCapabilitiesResponse`.
///
/// # Errors
/// [`Error::Onvif`] on a fault.
pub fn parse_services(xml: &str) -> Result<Services, Error> {
    let root = body(xml)?;
    let mut services = Services::default();
    if let Some(answer) = root.find("GetServicesResponse") {
        for service in answer.all("Service").take(LIST_MAX) {
            let text = |name| {
                service
                    .at(&[name])
                    .map(|n| n.text().to_owned())
                    .unwrap_or_default()
            };
            match text("Namespace").as_str() {
                "http://www.onvif.org/ver10/media/wsdl" => services.media = Some(text("XAddr")),
                "http://www.onvif.org/ver20/media/wsdl" => services.media2 = Some(text("XAddr")),
                _ => {}
            }
        }
    } else if let Some(answer) = root.find("GetCapabilitiesResponse") {
        services.media = answer
            .find("Media")
            .and_then(|m| m.at(&["XAddr"]))
            .map(|n| n.text().to_owned());
    }
    Ok(services)
}

/// `GetProfilesResponse` of Media or Media2.
///
/// # Errors
/// [`Error::Onvif`] on a fault or when it is something else.
pub fn parse_profiles(xml: &str) -> Result<Vec<Profile>, Error> {
    let root = body(xml)?;
    let answer = root
        .find("GetProfilesResponse")
        .ok_or(bad("it is another answer"))?;
    let profiles = answer.all("Profiles").take(LIST_MAX).filter_map(|p| {
        let encoder = p
            .at(&["VideoEncoderConfiguration"])
            .or_else(|| p.at(&["Configurations", "VideoEncoder"]));
        let source = p
            .at(&["VideoSourceConfiguration"])
            .or_else(|| p.at(&["Configurations", "VideoSource"]));
        let number = |name| {
            encoder
                .and_then(|e| e.at(&["Resolution", name]))
                .and_then(|n| n.text().parse().ok())
        };
        Some(Profile {
            token: p.token().map(short)?,
            source: source.and_then(Node::token).map(short),
            encoding: encoder
                .and_then(|e| e.at(&["Encoding"]))
                .map(|n| short(n.text())),
            width: number("Width"),
            height: number("Height"),
        })
    });
    Ok(profiles.collect())
}

/// `GetStreamUriResponse` of Media or Media2.
///
/// # Errors
/// [`Error::Onvif`] on a fault or when it names no address.
pub fn parse_stream_uri(xml: &str) -> Result<String, Error> {
    let root = body(xml)?;
    let answer = root
        .find("GetStreamUriResponse")
        .ok_or(bad("it is another answer"))?;
    let uri = answer
        .at(&["MediaUri", "Uri"])
        .or_else(|| answer.at(&["Uri"]));
    uri.map(|n| n.text().to_owned())
        .filter(|u| !u.is_empty())
        .ok_or(bad("it names no address"))
}

/// `GetServiceCapabilitiesResponse` of Media2: whether the device can mask; none if it is silent on
/// that.
///
/// # Errors
/// [`Error::Onvif`] on a fault or when it is something else.
pub fn parse_mask_capability(xml: &str) -> Result<Option<bool>, Error> {
    let root = body(xml)?;
    let answer = root
        .find("GetServiceCapabilitiesResponse")
        .ok_or(bad("it is another answer"))?;
    let said = answer.at(&["Capabilities"]).and_then(Node::mask);
    Ok(said.map(|s| matches!(s, "true" | "1")))
}

/// `GetMasksResponse` of Media2 (section 5.14): how many masks are there, and how many are on.
///
/// # Errors
/// [`Error::Onvif`] on a fault or when it is something else.
pub fn parse_masks(xml: &str) -> Result<(usize, usize), Error> {
    let root = body(xml)?;
    let answer = root
        .find("GetMasksResponse")
        .ok_or(bad("it is another answer"))?;
    let on = |m: &&Node| {
        m.at(&["Enabled"])
            .is_none_or(|e| matches!(e.text(), "true" | "1"))
    };
    let masks: Vec<_> = answer.all("Masks").take(LIST_MAX).collect();
    Ok((masks.len(), masks.iter().filter(|m| on(m)).count()))
}

/// `ProbeMatches` of WS-Discovery: the device service addresses that it names.
///
/// # Errors
/// [`Error::Onvif`] when it is something else.
pub fn parse_probe_matches(xml: &str) -> Result<Vec<String>, Error> {
    let root = Node::parse(xml)?;
    let matches = root
        .find("ProbeMatches")
        .ok_or(bad("it is another answer"))?;
    let addresses = matches
        .all("ProbeMatch")
        .filter_map(|m| m.at(&["XAddrs"]))
        .flat_map(|x| x.text().split_ascii_whitespace())
        .map(ToOwned::to_owned);
    Ok(addresses.take(LIST_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_own_entity_or_doctype_is_refused() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><x>&a;</x>";
        assert!(Node::parse(bomb).is_err());
        assert!(Node::parse("<x>&a;</x>").is_err());
        assert_eq!(Node::parse("<x>a&amp;&#66;</x>").unwrap().text(), "a&B");
        let deep = "<a>".repeat(40);
        assert!(Node::parse(&deep).is_err());
    }

    proptest! {
        #[test]
        fn noise_is_refused_without_harm(text in "[<>/a-zA-Z&;:=\" ]{0,400}") {
            let _ = parse_profiles(&text);
            let _ = parse_masks(&text);
            let _ = parse_mask_capability(&text);
            let _ = parse_probe_matches(&text);
            let _ = parse_system_time(&text);
            let _ = parse_fault(&text);
        }
    }
}
