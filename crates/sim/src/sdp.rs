//! The session description a camera answers DESCRIBE with (RFC 8866; RFC 6184 §8.2.1; RFC 7798
//! §7.1). Never describes what the camera does not send.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;

use crate::city::Audio;
use crate::nal::{Codec, Kind};
use crate::packet::{PackedFilm, ParameterSets, VIDEO_PAYLOAD_TYPE};

/// RTP payload type of G.711 A-law (RFC 3551 table 4).
pub(crate) const PCMA_PAYLOAD_TYPE: u8 = 8;

/// The SDP of one stream.
pub(crate) fn describe(packed: &PackedFilm, audio: Audio, session: u64) -> String {
    let film = &packed.film;
    let pt = VIDEO_PAYLOAD_TYPE;
    let codec = film.codec.name();
    let fps = film.fps();
    let format = format_parameters(packed);
    let mut sdp = format!(
        "v=0\r\no=- {session} 1 IN IP4 127.0.0.1\r\ns=Loggia camera\r\nt=0 0\r\na=control:*\r\n\
         a=range:npt=now-\r\nm=video 0 RTP/AVP {pt}\r\nc=IN IP4 0.0.0.0\r\n\
         a=rtpmap:{pt} {codec}/90000\r\n{format}a=framerate:{fps}\r\na=control:trackID=1\r\n"
    );
    if audio == Audio::Pcma {
        sdp.push_str(
            "m=audio 0 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:8 PCMA/8000\r\n\
             a=control:trackID=2\r\n",
        );
    }
    sdp
}

fn format_parameters(packed: &PackedFilm) -> String {
    let film = &packed.film;
    let pt = VIDEO_PAYLOAD_TYPE;
    let told = packed.sets != ParameterSets::InBand;
    let coded = |kind| film.parameter_set(kind).map(|n: &Bytes| BASE64.encode(n));
    match film.codec {
        Codec::H264 => {
            let mut line = format!("a=fmtp:{pt} packetization-mode=1");
            if let Some(sps) = film.parameter_set(Kind::Sps).filter(|s| s.len() >= 4) {
                line += &format!(";profile-level-id={}", hex::encode_upper(&sps[1..4]));
            }
            if let (true, Some(sps), Some(pps)) = (told, coded(Kind::Sps), coded(Kind::Pps)) {
                line += &format!(";sprop-parameter-sets={sps},{pps}");
            }
            line + "\r\n"
        }
        Codec::H265 => match (told, coded(Kind::Vps), coded(Kind::Sps), coded(Kind::Pps)) {
            (true, Some(vps), Some(sps), Some(pps)) => {
                format!("a=fmtp:{pt} sprop-vps={vps};sprop-sps={sps};sprop-pps={pps}\r\n")
            }
            _ => String::new(),
        },
    }
}
