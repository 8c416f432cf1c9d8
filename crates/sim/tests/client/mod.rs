//! The tests' client: pulls a stream with retina and takes frames apart into NAL units.
//! Never judges what it got.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use loggia_model::ManualClock;
use loggia_sim::{CameraConfig, Film, Join, SimCity, SimConfig};
use retina::client::{
    Credentials, PlayOptions, Session, SessionOptions, SetupOptions, TcpTransportOptions, Transport,
};
use retina::codec::{CodecItem, FrameFormat, ParametersRef};

pub type City = SimCity;

/// Nothing in these tests takes this long; a test that hangs must end.
pub const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub nals: Vec<Bytes>,
    pub key: bool,
    pub loss: u16,
    /// Since the stream's start as PLAY announced it.
    pub ticks: i64,
}

#[derive(Debug, Default)]
pub struct Pull {
    pub frames: Vec<Frame>,
    pub media: Vec<String>,
    pub size: Option<(u32, u32)>,
    pub sizes: Vec<(u32, u32)>,
    /// NTP times of sender reports.
    pub reports: Vec<u64>,
    /// Why it ended before all frames were there.
    pub ended: Option<String>,
}

pub fn fixture(name: &str) -> Arc<Film> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name);
    Arc::new(Film::load(&path, 25).unwrap())
}

pub fn account() -> loggia_sim::Credentials {
    loggia_sim::Credentials {
        username: "admin".into(),
        password: "correct horse".into(),
    }
}

pub fn login() -> Credentials {
    Credentials {
        username: "admin".into(),
        password: "correct horse".into(),
    }
}

pub async fn city(cameras: Vec<CameraConfig>, change: impl FnOnce(&mut SimConfig)) -> City {
    let mut config = SimConfig::new(1, Arc::new(ManualClock::default()), cameras);
    config.join = Join::FilmStart;
    change(&mut config);
    SimCity::start(config).await.unwrap()
}

pub fn url(city: &City, camera: &str) -> String {
    format!("rtsp://{}/cam/{camera}", city.rtsp_addr())
}

/// Pulls the video of `url`: all `frames`, or as many as came before the stream ended.
pub async fn pull(
    url: &str,
    transport: Transport,
    login: Option<Credentials>,
    frames: usize,
) -> Result<Pull, String> {
    let work = pull_untimed(url, transport, login, frames);
    tokio::time::timeout(PATIENCE, work)
        .await
        .map_err(|_| "no end".to_owned())?
}

async fn pull_untimed(
    url: &str,
    transport: Transport,
    login: Option<Credentials>,
    frames: usize,
) -> Result<Pull, String> {
    let text = |e: retina::Error| e.to_string();
    let url = url::Url::parse(url).unwrap();
    let options = SessionOptions::default().creds(login);
    let mut session = Session::describe(url, options).await.map_err(text)?;
    let media: Vec<_> = session
        .streams()
        .iter()
        .map(|s| s.media().to_owned())
        .collect();
    let video = media.iter().position(|m| m == "video").ok_or("no video")?;
    let setup = SetupOptions::default()
        .transport(transport)
        .frame_format(FrameFormat::MP4);
    session.setup(video, setup).await.map_err(text)?;
    let playing = session.play(PlayOptions::default()).await.map_err(text)?;
    let mut demuxed = playing.demuxed().map_err(text)?;
    let mut pull = Pull {
        media,
        ..Pull::default()
    };
    while pull.frames.len() < frames {
        match demuxed.next().await {
            Some(Ok(CodecItem::VideoFrame(frame))) => {
                if let Some(ParametersRef::Video(p)) = demuxed.streams()[video].parameters() {
                    let size = p.pixel_dimensions();
                    pull.size = Some(size);
                    if pull.sizes.last() != Some(&size) {
                        pull.sizes.push(size);
                    }
                }
                pull.frames.push(Frame {
                    nals: nals(frame.data()),
                    key: frame.is_random_access_point(),
                    loss: frame.loss(),
                    ticks: frame.timestamp().elapsed(),
                });
            }
            Some(Ok(CodecItem::Rtcp(rtcp))) => {
                for packet in rtcp.pkts() {
                    if let Ok(Some(sr)) = packet.as_typed().map(|p| match p {
                        Some(retina::rtcp::TypedPacketRef::SenderReport(sr)) => Some(sr),
                        _ => None,
                    }) {
                        pull.reports.push(sr.ntp_timestamp().0);
                    }
                }
            }
            Some(Ok(_)) => {}
            Some(Err(e)) => {
                pull.ended = Some(e.to_string());
                break;
            }
            None => {
                pull.ended = Some("end of stream".into());
                break;
            }
        }
    }
    Ok(pull)
}

/// Sets up sound too, against all rules, and returns its first second.
pub async fn pull_sound(url: &str) -> Result<Vec<u8>, String> {
    let text = |e: retina::Error| e.to_string();
    let url = url::Url::parse(url).unwrap();
    let mut session = Session::describe(url, SessionOptions::default())
        .await
        .map_err(text)?;
    let tcp = || Transport::Tcp(TcpTransportOptions::default());
    for i in 0..session.streams().len() {
        session
            .setup(i, SetupOptions::default().transport(tcp()))
            .await
            .map_err(text)?;
    }
    let playing = session.play(PlayOptions::default()).await.map_err(text)?;
    let mut demuxed = playing.demuxed().map_err(text)?;
    let mut sound = Vec::new();
    while sound.len() < 8_000 {
        match demuxed.next().await {
            Some(Ok(CodecItem::AudioFrame(frame))) => sound.extend_from_slice(frame.data()),
            Some(Ok(_)) => {}
            Some(Err(e)) => return Err(e.to_string()),
            None => return Err("end of stream".into()),
        }
    }
    Ok(sound)
}

fn nals(mut data: &[u8]) -> Vec<Bytes> {
    let mut nals = Vec::new();
    while let Some((length, rest)) = data.split_first_chunk() {
        let (nal, after) = rest.split_at(u32::from_be_bytes(*length) as usize);
        nals.push(Bytes::copy_from_slice(nal));
        data = after;
    }
    nals
}
