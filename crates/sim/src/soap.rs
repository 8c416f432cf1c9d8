//! SOAP 1.2 calls of the ONVIF device, media and media2 services: read, answered (ONVIF Core 24.06,
//! Media, Media2; WS-UsernameToken profile 1.1). Never touches a socket.

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use loggia_model::Clock;
use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::Event;

use crate::Error;
use crate::camera::{Camera, Enabled, Mask, MaskService, Stream, Track};
use crate::digest::Credentials;
use crate::fault::CameraFault;
use crate::nal::Codec;

/// Token of the one video source configuration, which all profiles and masks belong to.
const SOURCE: &str = "vs";
/// Deepest element that is read.
const DEPTH_MAX: usize = 32;

/// A call as read from the wire.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Call {
    /// Local name of the first element in the body, or `Probe` in discovery.
    pub name: String,
    /// `wsa:MessageID`.
    pub message_id: String,
    /// `wsdd:Types` of a probe.
    pub types: String,
    /// The profile asked for.
    pub profile: String,
    /// The configuration whose masks are asked for; empty for all.
    pub configuration: String,
    /// The mask asked for; empty for all.
    pub token: String,
    /// WS-UsernameToken: user name, password digest, nonce, created.
    user: [String; 4],
}

impl Call {
    /// Reads an envelope.
    pub(crate) fn read(xml: &str) -> Result<Self, Error> {
        let wrong = |why: String| Error::Request(format!("SOAP: {why}"));
        let mut reader = Reader::from_str(xml);
        let mut call = Self::default();
        let mut path: Vec<String> = Vec::new();
        loop {
            match reader.read_event().map_err(|e| wrong(e.to_string()))? {
                Event::Start(e) => {
                    let name = e.local_name().as_ref().to_owned();
                    call.enter(&path, &name);
                    path.push(name);
                    if path.len() > DEPTH_MAX {
                        return Err(wrong("too deep".into()));
                    }
                }
                Event::Empty(e) => call.enter(&path, e.local_name().as_ref()),
                Event::End(_) => {
                    path.pop();
                }
                Event::Text(text) => call.hear(&path, &text),
                Event::CData(text) => call.hear(&path, &text),
                Event::GeneralRef(name) => {
                    let meant = quick_xml::escape::unescape(&format!("&{};", &*name))
                        .map_err(|e| wrong(e.to_string()))?
                        .into_owned();
                    call.hear(&path, &meant);
                }
                Event::DocType(_) => return Err(wrong("a document type is not accepted".into())),
                Event::Eof => break,
                _ => {}
            }
        }
        for text in [
            &mut call.message_id,
            &mut call.types,
            &mut call.profile,
            &mut call.configuration,
            &mut call.token,
        ] {
            *text = text.trim().to_owned();
        }
        for text in &mut call.user {
            *text = text.trim().to_owned();
        }
        if call.name.is_empty() {
            Err(wrong("nothing in the body".into()))
        } else {
            Ok(call)
        }
    }

    fn hear(&mut self, path: &[String], text: &str) {
        if let Some(place) = path.last().and_then(|n| self.place(n)) {
            place.push_str(text);
        }
    }

    fn enter(&mut self, path: &[String], name: &str) {
        if self.name.is_empty() && path.last().is_some_and(|p| p == "Body") {
            name.clone_into(&mut self.name);
        }
    }

    fn place(&mut self, element: &str) -> Option<&mut String> {
        let [username, password, nonce, created] = &mut self.user;
        Some(match element {
            "MessageID" => &mut self.message_id,
            "Types" => &mut self.types,
            "ProfileToken" => &mut self.profile,
            "ConfigurationToken" => &mut self.configuration,
            "Token" => &mut self.token,
            "Username" => username,
            "Password" => password,
            "Nonce" => nonce,
            "Created" => created,
            _ => return None,
        })
    }

    /// Whether its WS-UsernameToken proves `known`: Base64(SHA-1(nonce + created + password)).
    fn proves(&self, known: &Credentials) -> bool {
        let [username, password, nonce, created] = &self.user;
        let Ok(nonce) = BASE64.decode(nonce) else {
            return false;
        };
        let mut hash = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
        hash.update(&nonce);
        hash.update(created.as_bytes());
        hash.update(known.password.as_bytes());
        *username == known.username && *password == BASE64.encode(hash.finish())
    }
}

/// Which service a call was posted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    Device,
    Media,
    Media2,
}

/// Where this camera's services are.
pub(crate) struct Addresses {
    pub device: String,
    pub media: String,
    pub media2: String,
    pub main: String,
    pub sub: String,
}

/// HTTP status and envelope.
pub(crate) type Answer = (u16, String);

/// Answers a call.
pub(crate) fn answer(
    camera: &Camera,
    clock: &dyn Clock,
    port: Port,
    call: &Call,
    at: &Addresses,
) -> Answer {
    // The one call that ONVIF Core §5.9.4 lets in before authentication, besides capabilities,
    // which most cameras guard.
    let open = port == Port::Device && call.name == "GetSystemDateAndTime";
    if !open && !admitted(camera, call) {
        return fault(
            401,
            "ter:NotAuthorized",
            "The password or the user name is wrong",
        );
    }
    if port == Port::Media2 && camera.config.mask_service == MaskService::NoMedia2 {
        return unknown_call();
    }
    let body = match (port, call.name.as_str()) {
        (Port::Device, "GetSystemDateAndTime") => date_and_time(camera, clock),
        (Port::Device, "GetDeviceInformation") => information(camera),
        (Port::Device, "GetCapabilities") => capabilities(at),
        (Port::Device, "GetServices") => services(camera, at),
        (Port::Device, "GetScopes") => {
            let scopes = scopes(camera).into_iter().map(|s| {
                format!(
                    "<tds:Scopes><tt:ScopeDef>Fixed</tt:ScopeDef><tt:ScopeItem>{s}</tt:ScopeItem>\
                     </tds:Scopes>"
                )
            });
            wrap("tds:GetScopesResponse", &scopes.collect::<String>())
        }
        (Port::Media, "GetProfiles") => profiles(camera),
        (Port::Media2, "GetProfiles") => profiles2(camera),
        (Port::Media | Port::Media2, "GetStreamUri") => {
            let uri = match call.profile.as_str() {
                "main" => &at.main,
                "sub" if camera.sub.is_some() => &at.sub,
                _ => return fault(400, "ter:NoProfile", "There is no profile of this token"),
            };
            if port == Port::Media2 {
                wrap(
                    "tr2:GetStreamUriResponse",
                    &format!("<tr2:Uri>{uri}</tr2:Uri>"),
                )
            } else {
                let uri = format!(
                    "<trt:MediaUri><tt:Uri>{uri}</tt:Uri><tt:InvalidAfterConnect>false\
                     </tt:InvalidAfterConnect><tt:InvalidAfterReboot>false\
                     </tt:InvalidAfterReboot><tt:Timeout>PT60S</tt:Timeout></trt:MediaUri>"
                );
                wrap("trt:GetStreamUriResponse", &uri)
            }
        }
        (Port::Media2, "GetServiceCapabilities") => capabilities2(camera),
        (Port::Media2, "GetMasks") if camera.config.mask_service == MaskService::Media2 => {
            match masks(camera, call) {
                Some(all) => all,
                None => return fault(400, "ter:NoConfig", "There is no such configuration"),
            }
        }
        _ => return unknown_call(),
    };
    (200, envelope("", &body))
}

fn admitted(camera: &Camera, call: &Call) -> bool {
    !camera.suffers(&CameraFault::WrongCredentials)
        && camera
            .config
            .credentials
            .as_ref()
            .is_none_or(|known| call.proves(known))
}

/// An envelope with ONVIF's usual prefixes.
pub(crate) fn envelope(header: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<s:Envelope \
         xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" \
         xmlns:d=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\" \
         xmlns:dn=\"http://www.onvif.org/ver10/network/wsdl\" \
         xmlns:tds=\"http://www.onvif.org/ver10/device/wsdl\" \
         xmlns:trt=\"http://www.onvif.org/ver10/media/wsdl\" \
         xmlns:tr2=\"http://www.onvif.org/ver20/media/wsdl\" \
         xmlns:ter=\"http://www.onvif.org/ver10/error\" \
         xmlns:tt=\"http://www.onvif.org/ver10/schema\">\
         <s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )
}

/// A SOAP fault as ONVIF Core §5.8.2 shapes it.
pub(crate) fn fault(status: u16, subcode: &str, reason: &str) -> Answer {
    let reason = escape(reason);
    let body = format!(
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{subcode}</s:Value>\
         </s:Subcode></s:Code><s:Reason><s:Text xml:lang=\"en\">{reason}</s:Text></s:Reason>\
         </s:Fault>"
    );
    (status, envelope("", &body))
}

fn wrap(element: &str, inside: &str) -> String {
    format!("<{element}>{inside}</{element}>")
}

fn date_and_time(camera: &Camera, clock: &dyn Clock) -> String {
    // `At` writes RFC 3339 in UTC: 2026-11-23T14:05:09Z.
    let text = camera.now(clock).to_string();
    let number = |i: usize| {
        let parts = text.trim_end_matches('Z').split(['-', 'T', ':']).nth(i);
        parts.and_then(|p| p.parse::<u32>().ok()).unwrap_or(0)
    };
    let (y, mo, d, h, mi, s) = (
        number(0),
        number(1),
        number(2),
        number(3),
        number(4),
        number(5),
    );
    let utc = format!(
        "<tt:UTCDateTime><tt:Time><tt:Hour>{h}</tt:Hour><tt:Minute>{mi}</tt:Minute><tt:Second>{s}\
         </tt:Second></tt:Time><tt:Date><tt:Year>{y}</tt:Year><tt:Month>{mo}</tt:Month><tt:Day>{d}\
         </tt:Day></tt:Date></tt:UTCDateTime>"
    );
    let all = format!(
        "<tds:SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType><tt:DaylightSavings>false\
         </tt:DaylightSavings><tt:TimeZone><tt:TZ>UTC0</tt:TZ></tt:TimeZone>{utc}\
         </tds:SystemDateAndTime>"
    );
    wrap("tds:GetSystemDateAndTimeResponse", &all)
}

fn information(camera: &Camera) -> String {
    let d = &camera.config.device;
    let fields = [
        ("Manufacturer", &d.make),
        ("Model", &d.model),
        ("FirmwareVersion", &d.firmware),
        ("SerialNumber", &d.serial),
        ("HardwareId", &d.hardware),
    ];
    let fields = fields.map(|(n, v)| format!("<tds:{n}>{}</tds:{n}>", escape(v.as_str())));
    wrap("tds:GetDeviceInformationResponse", &fields.concat())
}

fn capabilities(at: &Addresses) -> String {
    let (device, media) = (&at.device, &at.media);
    let all = format!(
        "<tds:Capabilities><tt:Device><tt:XAddr>{device}</tt:XAddr></tt:Device><tt:Media><tt:XAddr>\
         {media}</tt:XAddr><tt:StreamingCapabilities><tt:RTPMulticast>false</tt:RTPMulticast>\
         <tt:RTP_TCP>true</tt:RTP_TCP><tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP>\
         </tt:StreamingCapabilities></tt:Media></tds:Capabilities>"
    );
    wrap("tds:GetCapabilitiesResponse", &all)
}

fn services(camera: &Camera, at: &Addresses) -> String {
    let mut all = vec![
        ("http://www.onvif.org/ver10/device/wsdl", &at.device),
        ("http://www.onvif.org/ver10/media/wsdl", &at.media),
    ];
    if camera.config.mask_service != MaskService::NoMedia2 {
        all.push(("http://www.onvif.org/ver20/media/wsdl", &at.media2));
    }
    let all = all.into_iter().map(|(namespace, address)| {
        format!(
            "<tds:Service><tds:Namespace>{namespace}</tds:Namespace><tds:XAddr>{address}\
             </tds:XAddr><tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version>\
             </tds:Service>"
        )
    });
    wrap("tds:GetServicesResponse", &all.collect::<String>())
}

/// What the camera says of itself in discovery (ONVIF Core §7.3.2.2).
pub(crate) fn scopes(camera: &Camera) -> Vec<String> {
    let coded = |text: &str| {
        let code = |b: u8| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(b).into(),
            b => format!("%{b:02X}"),
        };
        text.bytes().map(code).collect::<String>()
    };
    let device = &camera.config.device;
    vec![
        "onvif://www.onvif.org/type/video_encoder".into(),
        "onvif://www.onvif.org/Profile/Streaming".into(),
        "onvif://www.onvif.org/Profile/T".into(),
        format!("onvif://www.onvif.org/hardware/{}", coded(&device.model)),
        format!("onvif://www.onvif.org/name/{}", coded(&device.make)),
        format!(
            "onvif://www.onvif.org/location/cam/{}",
            coded(&camera.config.name)
        ),
    ]
}

fn streams(camera: &Camera) -> impl Iterator<Item = (&'static str, &Stream)> {
    let named = [("main", Track::Main), ("sub", Track::Sub)];
    named
        .into_iter()
        .filter_map(|(name, track)| Some((name, camera.stream(track)?)))
}

/// What stands in a video source configuration: both streams show the whole picture.
fn source_configuration(camera: &Camera) -> String {
    let film = &camera.config.film;
    let (w, h) = (film.width, film.height);
    format!(
        "<tt:Name>{SOURCE}</tt:Name><tt:UseCount>2</tt:UseCount><tt:SourceToken>s1</tt:SourceToken>\
         <tt:Bounds x=\"0\" y=\"0\" width=\"{w}\" height=\"{h}\"/>"
    )
}

fn profiles(camera: &Camera) -> String {
    let all = streams(camera).map(|(token, stream)| {
        let film = &stream.packed.film;
        let (w, h, fps) = (film.width, film.height, film.fps());
        // The schema of Media 1 has no H.265: such a profile carries no encoder configuration.
        let encoder = if film.codec == Codec::H264 {
            format!(
                "<tt:VideoEncoderConfiguration token=\"ve-{token}\"><tt:Name>{token}</tt:Name>\
                 <tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding><tt:Resolution>\
                 <tt:Width>{w}</tt:Width><tt:Height>{h}</tt:Height></tt:Resolution>\
                 <tt:Quality>4</tt:Quality><tt:RateControl><tt:FrameRateLimit>{fps}\
                 </tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval>\
                 <tt:BitrateLimit>4096</tt:BitrateLimit></tt:RateControl>\
                 </tt:VideoEncoderConfiguration>"
            )
        } else {
            String::new()
        };
        format!(
            "<trt:Profiles token=\"{token}\" fixed=\"true\"><tt:Name>{token}</tt:Name>\
             <tt:VideoSourceConfiguration token=\"{SOURCE}\">{picture}\
             </tt:VideoSourceConfiguration>{encoder}</trt:Profiles>",
            picture = source_configuration(camera)
        )
    });
    wrap("trt:GetProfilesResponse", &all.collect::<String>())
}

fn profiles2(camera: &Camera) -> String {
    let all = streams(camera).map(|(token, stream)| {
        let film = &stream.packed.film;
        let (w, h, fps, codec) = (film.width, film.height, film.fps(), film.codec.name());
        format!(
            "<tr2:Profiles token=\"{token}\" fixed=\"true\"><tr2:Name>{token}</tr2:Name>\
             <tr2:Configurations><tr2:VideoSource token=\"{SOURCE}\">{picture}</tr2:VideoSource>\
             <tr2:VideoEncoder token=\"ve-{token}\"><tt:Name>{token}</tt:Name>\
             <tt:UseCount>1</tt:UseCount><tt:Encoding>{codec}</tt:Encoding><tt:Resolution>\
             <tt:Width>{w}</tt:Width><tt:Height>{h}</tt:Height></tt:Resolution><tt:RateControl>\
             <tt:FrameRateLimit>{fps}</tt:FrameRateLimit><tt:BitrateLimit>4096</tt:BitrateLimit>\
             </tt:RateControl><tt:Quality>4</tt:Quality></tr2:VideoEncoder></tr2:Configurations>\
             </tr2:Profiles>",
            picture = source_configuration(camera)
        )
    });
    wrap("tr2:GetProfilesResponse", &all.collect::<String>())
}

fn unknown_call() -> Answer {
    fault(
        400,
        "ter:ActionNotSupported",
        "This camera does not know this call",
    )
}

/// Media2's own capabilities; the attribute `Mask` says whether it can mask.
fn capabilities2(camera: &Camera) -> String {
    let can = camera.config.mask_service == MaskService::Media2;
    let all = format!(
        "<tr2:Capabilities SnapshotUri=\"false\" Rotation=\"false\" OSD=\"false\" Mask=\"{can}\">\
         <tr2:ProfileCapabilities MaximumNumberOfProfiles=\"2\"/><tr2:StreamingCapabilities \
         RTSPStreaming=\"true\" RTP_RTSP_TCP=\"true\"/></tr2:Capabilities>"
    );
    wrap("tr2:GetServiceCapabilitiesResponse", &all)
}

/// The masks asked for; none for a configuration that is not there.
fn masks(camera: &Camera, call: &Call) -> Option<String> {
    if !["", SOURCE].contains(&call.configuration.as_str()) {
        return None;
    }
    let asked = |m: &&Mask| call.token.is_empty() || m.token == call.token;
    let all = camera.config.masks.iter().filter(asked).map(mask);
    Some(wrap("tr2:GetMasksResponse", &all.collect::<String>()))
}

fn mask(mask: &Mask) -> String {
    let corners = mask.corners.iter();
    let corners = corners.map(|(x, y)| format!("<tt:Point x=\"{x}\" y=\"{y}\"/>"));
    format!(
        "<tr2:Masks token=\"{}\"><tr2:ConfigurationToken>{SOURCE}</tr2:ConfigurationToken>\
         <tr2:Polygon>{}\
         </tr2:Polygon><tr2:Type>Color</tr2:Type><tr2:Color X=\"0\" Y=\"0\" Z=\"0\"/>\
         <tr2:Enabled>{}</tr2:Enabled></tr2:Masks>",
        escape(mask.token.as_str()),
        corners.collect::<String>(),
        mask.enabled == Enabled::Yes,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_password_digest_of_the_onvif_programmers_guide() {
        let call = Call::read(
            "<s:Envelope xmlns:s='x'><s:Header><w:Security xmlns:w='y'><w:UsernameToken>\
             <w:Username>user</w:Username><w:Password>tuOSpGlFlIXsozq4HFNeeGeFLEI=</w:Password>\
             <w:Nonce>LKqI6G/AikKCQrN0zqZFlg==</w:Nonce>\
             <u:Created xmlns:u='z'>2010-09-16T07:50:45Z</u:Created></w:UsernameToken></w:Security>\
             </s:Header><s:Body><GetProfiles xmlns='t'/></s:Body></s:Envelope>",
        )
        .unwrap();
        assert_eq!(call.name, "GetProfiles");
        let known = |password: &str| Credentials {
            username: "user".into(),
            password: password.into(),
        };
        assert!(call.proves(&known("userpassword")));
        assert!(!call.proves(&known("userpasswore")));
    }

    #[test]
    fn document_types_and_endless_depth_are_refused() {
        assert!(Call::read("<!DOCTYPE x [<!ENTITY a 'b'>]><x/>").is_err());
        assert!(Call::read(&"<a>".repeat(10_000)).is_err());
        assert!(Call::read("").is_err());
    }

    proptest! {
        #[test]
        fn noise_is_refused_without_harm(noise in "[<>/a-zA-Z&;!\\[ '\"=-]{0,200}") {
            let _ = Call::read(&noise);
        }
    }
}
