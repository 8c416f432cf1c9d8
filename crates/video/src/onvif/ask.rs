//! What we ask a camera: SOAP envelopes with a WS-UsernameToken, and the WS-Discovery probe. Pure.
//! Never puts a password on the wire, only its digest.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use loggia_model::At;

/// Text safe between XML tags and in attributes.
fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

/// A WS-UsernameToken with a password digest (WSS UsernameToken Profile 1.0, section 3.1):
/// Base64(SHA-1(nonce ‖ created ‖ password)). SHA-1 is what the standard says.
pub(super) fn username_token(user: &str, password: &str, nonce: &[u8], at: At) -> String {
    let created = at.to_string();
    let hashed = [nonce, created.as_bytes(), password.as_bytes()].concat();
    let hashed = digest(&SHA1_FOR_LEGACY_USE_ONLY, &hashed);
    format!(
        "<Security xmlns=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\" \
         s:mustUnderstand=\"1\"><UsernameToken><Username>{}</Username><Password \
         Type=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest\">{}</Password>\
         <Nonce EncodingType=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary\">{}</Nonce>\
         <Created xmlns=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\">{created}</Created>\
         </UsernameToken></Security>",
        escaped(user),
        BASE64.encode(hashed.as_ref()),
        BASE64.encode(nonce),
    )
}

/// A SOAP 1.2 envelope.
pub(super) fn envelope(header: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\">\
         <s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )
}

/// What we ask.
#[derive(Debug, Clone, Copy)]
pub(super) enum Call<'a> {
    SystemTime,
    DeviceInformation,
    Services,
    Capabilities,
    Profiles1,
    Profiles2,
    StreamUri1(&'a str),
    StreamUri2(&'a str),
    Capabilities2,
    /// Masks of a video source configuration, or all.
    Masks(Option<&'a str>),
}

impl Call<'_> {
    pub(super) fn body(self) -> String {
        const DEVICE: &str = "http://www.onvif.org/ver10/device/wsdl";
        const MEDIA: &str = "http://www.onvif.org/ver10/media/wsdl";
        const MEDIA2: &str = "http://www.onvif.org/ver20/media/wsdl";
        match self {
            Self::SystemTime => format!("<GetSystemDateAndTime xmlns=\"{DEVICE}\"/>"),
            Self::DeviceInformation => format!("<GetDeviceInformation xmlns=\"{DEVICE}\"/>"),
            Self::Services => format!(
                "<GetServices xmlns=\"{DEVICE}\"><IncludeCapability>false</IncludeCapability></GetServices>"
            ),
            Self::Capabilities => {
                format!(
                    "<GetCapabilities xmlns=\"{DEVICE}\"><Category>Media</Category></GetCapabilities>"
                )
            }
            Self::Profiles1 => format!("<GetProfiles xmlns=\"{MEDIA}\"/>"),
            Self::Profiles2 => {
                format!("<GetProfiles xmlns=\"{MEDIA2}\"><Type>All</Type></GetProfiles>")
            }
            Self::StreamUri1(token) => format!(
                "<GetStreamUri xmlns=\"{MEDIA}\"><StreamSetup>\
                 <Stream xmlns=\"http://www.onvif.org/ver10/schema\">RTP-Unicast</Stream>\
                 <Transport xmlns=\"http://www.onvif.org/ver10/schema\"><Protocol>RTSP</Protocol></Transport>\
                 </StreamSetup><ProfileToken>{}</ProfileToken></GetStreamUri>",
                escaped(token)
            ),
            Self::StreamUri2(token) => format!(
                "<GetStreamUri xmlns=\"{MEDIA2}\"><Protocol>RtspUnicast</Protocol>\
                 <ProfileToken>{}</ProfileToken></GetStreamUri>",
                escaped(token)
            ),
            Self::Capabilities2 => format!("<GetServiceCapabilities xmlns=\"{MEDIA2}\"/>"),
            Self::Masks(None) => format!("<GetMasks xmlns=\"{MEDIA2}\"/>"),
            Self::Masks(Some(source)) => format!(
                "<GetMasks xmlns=\"{MEDIA2}\"><ConfigurationToken>{}</ConfigurationToken></GetMasks>",
                escaped(source)
            ),
        }
    }
}

/// A WS-Discovery probe for video transmitters (ONVIF Core 7.3; WS-Discovery 2005/04).
pub(super) fn discovery_probe(message_id: &str) -> String {
    const WSD: &str = "http://schemas.xmlsoap.org/ws/2005/04/discovery";
    const WSA: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
    let header = format!(
        "<a:MessageID xmlns:a=\"{WSA}\">uuid:{message_id}</a:MessageID>\
         <a:To xmlns:a=\"{WSA}\">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>\
         <a:Action xmlns:a=\"{WSA}\">{WSD}/Probe</a:Action>"
    );
    let body = format!(
        "<d:Probe xmlns:d=\"{WSD}\"><d:Types \
         xmlns:dn=\"http://www.onvif.org/ver10/network/wsdl\">dn:NetworkVideoTransmitter</d:Types></d:Probe>"
    );
    envelope(&header, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_the_standards_example() {
        // ONVIF Application Programmer's Guide 6.1.1.3.
        let nonce = BASE64.decode("LKqI6G/AikKCQrN0zqZFlg==").unwrap();
        let created = At(1_284_621_867_000_000);
        assert_eq!(created.to_string(), "2010-09-16T07:24:27Z");
        let hashed = [
            &nonce,
            "2010-09-16T07:50:45Z".as_bytes(),
            b"userpassword".as_slice(),
        ]
        .concat();
        let hashed = digest(&SHA1_FOR_LEGACY_USE_ONLY, &hashed);
        assert_eq!(
            BASE64.encode(hashed.as_ref()),
            "tuOSpGlFlIXsozq4HFNeeGeFLEI="
        );
        let token = username_token("a<b", "p", &nonce, created);
        assert!(token.contains("<Username>a&lt;b</Username>"), "{token}");
    }
}
