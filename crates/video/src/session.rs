//! One RTSP session with one camera stream: DESCRIBE, SETUP of the video and of nothing else, PLAY,
//! then GOPs. Connects to what was admitted and to nothing else; never sets audio up, never
//! decodes.

use core::time::Duration;
use std::time::Instant;

use futures_util::StreamExt;
use loggia_model::At;
use loggia_seal::Track;
use loggia_shield::{Admitted, Credentials, Pinned, Probe};
use retina::client::{
    Credentials as RtspCredentials, Described, PacketItem, PlayOptions, Playing, SessionOptions,
    SetupOptions, TcpTransportOptions, Transport as RtspTransport, UdpTransportOptions,
};
use retina::codec::{ParametersRef, VideoParametersCodec};
use retina::rtcp::TypedPacketRef;

use crate::Error;
use crate::codec::{Codec, ParameterSets};
use crate::depacketize::Depacketizer;
use crate::gop::{Assembler, Gop, RTP_HZ};
use crate::time::RecorderClock;

/// Longest wait for DESCRIBE, SETUP and PLAY together: a slow camera takes 2 s.
const OPEN_TIME_MAX: Duration = Duration::from_secs(10);
/// A session without a packet for so long has died: the slowest cameras send one picture a second.
const SILENCE_MAX: Duration = Duration::from_secs(8);
/// Malformed packets in a row after which the session is given up.
const BAD_PACKETS_MAX: u32 = 200;
/// Seconds between 1900 (NTP, RFC 5905) and 1970.
const NTP_TO_UNIX_S: i64 = 2_208_988_800;

/// How RTP comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// Interleaved in the RTSP connection (RFC 2326 10.12): nothing is lost, one pinned address.
    #[default]
    Tcp,
    /// Own UDP ports: for cameras that stall on TCP. Lost packets cost pictures.
    Udp,
}

/// What a stream offers, as DESCRIBE says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Encoding names of all media, e.g. `h264`, `pcma`.
    pub encodings: Vec<String>,
    /// The codec that would be recorded.
    pub codec: Option<Codec>,
    /// Width and height, if the SDP carries the parameter sets.
    pub size: Option<(u16, u16)>,
}

/// A GOP and when it began by the camera's own clock.
#[derive(Debug)]
pub struct Timed {
    /// The GOP.
    pub gop: Gop,
    /// Begin by the camera's clock (RTCP sender report, RFC 3550 6.4.1), if it told.
    pub camera_begin: Option<At>,
    /// Camera's clock minus the recorder's at the last report, microseconds.
    pub clock_offset_us: Option<i64>,
    /// RTP packets lost since the last GOP.
    pub lost: u32,
}

/// A playing session.
pub struct Session {
    inner: Box<retina::client::Session<Playing>>,
    depacketizer: Depacketizer,
    assembler: Assembler,
    /// Camera's clock at an RTP time: (ticks, microseconds).
    report: Option<(i64, i64)>,
    clock_offset_us: Option<i64>,
    lost: u32,
    bad: u32,
    heard: Instant,
    last_at: At,
}

impl core::fmt::Debug for Session {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Session")
    }
}

impl Session {
    /// Opens the stream of an admitted camera.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::WrongPassword`], [`Error::UnsupportedCodec`],
    /// [`Error::Protocol`].
    pub async fn open(
        camera: &Admitted,
        track: Track,
        transport: Transport,
    ) -> Result<Self, Error> {
        let address = match track {
            Track::Main => Some(camera.rtsp()),
            Track::Sub => camera.sub(),
        };
        let address = address.ok_or(Error::NotFound("the camera has no sub-stream".to_owned()))?;
        let opening = Self::begin(address, camera.credentials(), track, transport);
        match tokio::time::timeout(OPEN_TIME_MAX, opening).await {
            Ok(opened) => opened,
            Err(_) => Err(Error::Unreachable(format!(
                "no answer in {OPEN_TIME_MAX:?}"
            ))),
        }
    }

    async fn begin(
        address: &Pinned,
        credentials: &Credentials,
        track: Track,
        transport: Transport,
    ) -> Result<Self, Error> {
        let mut session = describe(address, credentials).await?;
        let (stream, codec) = choose(&session, track)?;
        let sets = sets_of(&session, stream, codec);
        let options = SetupOptions::default().transport(match transport {
            Transport::Tcp => RtspTransport::Tcp(TcpTransportOptions::default()),
            Transport::Udp => RtspTransport::Udp(UdpTransportOptions::default()),
        });
        // The only SETUP: audio and metadata are never asked for.
        session.setup(stream, options).await.map_err(from_rtsp)?;
        if transport == Transport::Udp {
            refuse_foreign_source(&session, stream, address)?;
        }
        let playing = session
            .play(PlayOptions::default())
            .await
            .map_err(from_rtsp)?;
        Ok(Self {
            inner: Box::new(playing),
            depacketizer: Depacketizer::new(codec),
            assembler: Assembler::new(sets),
            report: None,
            clock_offset_us: None,
            lost: 0,
            bad: 0,
            heard: Instant::now(),
            last_at: At(0),
        })
    }

    /// The next whole GOP.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when the camera falls silent, else as the camera breaks the protocol.
    pub async fn next(&mut self, clock: &RecorderClock) -> Result<Timed, Error> {
        let mut look = tokio::time::interval(SILENCE_MAX / 4);
        look.reset();
        loop {
            let item = tokio::select! {
                biased;
                item = self.inner.next() => item,
                _ = look.tick() => {
                    if self.heard.elapsed() > SILENCE_MAX {
                        return Err(Error::Unreachable(format!("nothing came for {SILENCE_MAX:?}")));
                    }
                    continue;
                }
            };
            match item {
                Some(Ok(PacketItem::Rtp(packet))) => self.rtp(&packet, clock)?,
                Some(Ok(PacketItem::Rtcp(packet))) => self.rtcp(&packet, clock),
                Some(Ok(_)) => {}
                Some(Err(e)) => return Err(from_rtsp(e)),
                None => {
                    return Err(Error::Unreachable(
                        "the camera ended the session".to_owned(),
                    ));
                }
            }
            if let Some(gop) = self.assembler.take() {
                return Ok(self.timed(gop));
            }
        }
    }

    /// What is complete when the session ends: the last pictures, without the GOP's rest.
    pub fn finish(&mut self) -> Option<Timed> {
        let gop = self.assembler.finish(self.last_at)?;
        Some(self.timed(gop))
    }

    fn timed(&mut self, gop: Gop) -> Timed {
        let camera_begin = self.report.map(|(ticks, us)| {
            At(us.saturating_add(gop.ticks.saturating_sub(ticks).saturating_mul(100) / 9))
        });
        let lost = core::mem::take(&mut self.lost);
        Timed {
            gop,
            camera_begin,
            clock_offset_us: self.clock_offset_us,
            lost,
        }
    }

    fn rtp(
        &mut self,
        packet: &retina::rtp::ReceivedPacket,
        clock: &RecorderClock,
    ) -> Result<(), Error> {
        self.heard = packet.ctx().received();
        if packet.loss() > 0 {
            self.lost = self.lost.saturating_add(u32::from(packet.loss()));
            self.depacketizer.lost();
            self.assembler.give_up_unit();
        }
        let ticks = packet.timestamp().elapsed();
        if self.assembler.begins_unit(ticks) {
            self.last_at = clock.now();
            self.assembler.packet(ticks, self.last_at);
        }
        match self
            .depacketizer
            .push(packet.payload(), &mut self.assembler)
        {
            Ok(()) => self.bad = 0,
            Err(e) => {
                self.bad += 1;
                self.assembler.give_up_unit();
                if self.bad > BAD_PACKETS_MAX {
                    return Err(e);
                }
            }
        }
        if packet.mark() {
            self.assembler.mark();
        }
        Ok(())
    }

    fn rtcp(&mut self, packet: &retina::rtcp::ReceivedCompoundPacket, clock: &RecorderClock) {
        let Some(rtp) = packet.rtp_timestamp() else {
            return;
        };
        for part in packet.pkts() {
            if let Ok(Some(TypedPacketRef::SenderReport(report))) = part.as_typed() {
                let us = unix_us(report.ntp_timestamp().0);
                self.report = Some((rtp.elapsed(), us));
                self.clock_offset_us = Some(us.saturating_sub(clock.now().0));
            }
        }
    }
}

/// NTP time (32.32 fixed point since 1900) as microseconds since 1970.
fn unix_us(ntp: u64) -> i64 {
    let seconds = i64::try_from(ntp >> 32).unwrap_or(0) - NTP_TO_UNIX_S;
    let fraction_us = ((ntp & 0xffff_ffff) * 1_000_000) >> 32;
    seconds * 1_000_000 + i64::try_from(fraction_us).unwrap_or(0)
}

type DescribedSession = retina::client::Session<Described>;

async fn describe(address: &Pinned, credentials: &Credentials) -> Result<DescribedSession, Error> {
    let creds = (!credentials.username().is_empty()).then(|| RtspCredentials {
        username: credentials.username().to_owned(),
        password: credentials.password().to_owned(),
    });
    let options = SessionOptions::default()
        .creds(creds)
        .user_agent("Loggia".to_owned());
    retina::client::Session::describe(address.url().clone(), options)
        .await
        .map_err(from_rtsp)
}

/// The stream to record: the first video that can be; the sub-stream must be H.264, for browsers.
fn choose(session: &DescribedSession, track: Track) -> Result<(usize, Codec), Error> {
    let streams = session.streams();
    let found = streams
        .iter()
        .enumerate()
        .filter(|(_, s)| s.media() == "video")
        .find_map(|(i, s)| {
            let codec = Codec::from_encoding_name(s.encoding_name())?;
            let right = track == Track::Main || codec == Codec::H264;
            (right && i64::from(s.clock_rate_hz()) == RTP_HZ).then_some((i, codec))
        });
    found.ok_or_else(|| {
        let names: Vec<_> = streams
            .iter()
            .map(|s| format!("{} {}", s.media(), s.encoding_name()))
            .collect();
        let names = if names.is_empty() {
            "nothing".to_owned()
        } else {
            names.join(", ")
        };
        Error::UnsupportedCodec(names)
    })
}

/// The parameter sets in the SDP (RFC 6184 8.1, RFC 7798 7.1), if they are there.
fn sets_of(session: &DescribedSession, stream: usize, codec: Codec) -> ParameterSets {
    let mut sets = ParameterSets::new(codec);
    let parameters = session.streams().get(stream).and_then(|s| s.parameters());
    if let Some(ParametersRef::Video(video)) = parameters {
        match video.codec_params() {
            VideoParametersCodec::H264 { sps, pps } => {
                sets.sps = sps.to_vec();
                sets.pps = pps.to_vec();
            }
            VideoParametersCodec::H265 { vps, sps, pps } => {
                sets.vps = vps.to_vec();
                sets.sps = sps.to_vec();
                sets.pps = pps.to_vec();
            }
            _ => {}
        }
    }
    sets
}

/// A camera may name another source for its UDP packets (RFC 2326 12.39): that is not the admitted
/// address. retina tells the peer in the stream's description only.
fn refuse_foreign_source(
    session: &DescribedSession,
    stream: usize,
    address: &Pinned,
) -> Result<(), Error> {
    let peer = session
        .streams()
        .get(stream)
        .and_then(|s| s.ctx())
        .map(ToString::to_string);
    let wanted = format!("-> {}:", address.socket().ip());
    if peer.is_some_and(|p| p.contains(&wanted)) {
        return Ok(());
    }
    Err(Error::Protocol(
        "the camera wants to send from another address than its own".to_owned(),
    ))
}

/// retina's errors are opaque but for the status: what they are is read from the front of their
/// text. The rest of the text names packets and addresses for whoever holds a capture: it goes to
/// the log.
fn from_rtsp(e: retina::Error) -> Error {
    let text = e.to_string();
    tracing::debug!(error = %text, "RTSP");
    let line = text.lines().next().unwrap_or_default().to_owned();
    match e.status_code() {
        Some(401 | 403) => Error::WrongPassword,
        Some(_) => Error::Protocol(line),
        None if [
            "Unable to connect",
            "Error reading",
            "Error writing",
            "Error receiving",
            "Timeout",
        ]
        .iter()
        .any(|front| line.starts_with(front)) =>
        {
            Error::Unreachable(line)
        }
        None => Error::Protocol(line),
    }
}

/// Asks a device what it offers, with a probe: DESCRIBE and nothing more.
///
/// # Errors
/// As [`Session::open`]; [`Error::Shield`] when the probe has expired.
pub(crate) async fn describe_probe(
    probe: &Probe,
    clock: &dyn loggia_model::Clock,
) -> Result<Offer, Error> {
    offer(probe.address(clock)?, probe.credentials()).await
}

/// Asks an enrolled camera what its main stream offers.
pub(crate) async fn describe_admitted(camera: &Admitted) -> Result<Offer, Error> {
    offer(camera.rtsp(), camera.credentials()).await
}

async fn offer(address: &Pinned, credentials: &Credentials) -> Result<Offer, Error> {
    let session = match tokio::time::timeout(OPEN_TIME_MAX, describe(address, credentials)).await {
        Ok(session) => session?,
        Err(_) => {
            return Err(Error::Unreachable(format!(
                "no answer in {OPEN_TIME_MAX:?}"
            )));
        }
    };
    let encodings = session
        .streams()
        .iter()
        .map(|s| s.encoding_name().to_owned())
        .collect();
    let Ok((stream, codec)) = choose(&session, Track::Main) else {
        return Ok(Offer {
            encodings,
            codec: None,
            size: None,
        });
    };
    let picture = sets_of(&session, stream, codec).picture().ok();
    Ok(Offer {
        encodings,
        codec: Some(codec),
        size: picture.map(|p| (p.width, p.height)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ntp_counts_from_1900() {
        assert_eq!(unix_us((2_208_988_800u64 << 32) | 0x8000_0000), 500_000);
        assert_eq!(unix_us(0), -2_208_988_800_000_000);
    }
}
