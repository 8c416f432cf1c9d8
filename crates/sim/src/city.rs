//! The city of cameras: configuration, start, faults by plan, counters, stop.
//! Never draws on chance that is not seeded.

use core::time::Duration;
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use loggia_model::Clock;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

pub use crate::camera::{
    AUDIO_MARK, Audio, CameraConfig, Device, Enabled, FaultId, Mask, MaskService, Sent, Track,
};
use crate::camera::{Camera, Counters, Stream};
use crate::fault::{CameraFault, FaultPlan};
use crate::film::Film;
use crate::flow::Flow;
use crate::packet::{PackedFilm, ParameterSets, SmallNals};
use crate::{Error, connection, discovery, onvif, pacer};

/// Most cameras of one city: file descriptors and names of four digits.
pub const CAMERAS_MAX: usize = 9_999;
/// Most connections at once, RTSP and ONVIF each; more are closed at the door.
const CONNECTIONS_MAX: usize = 4 * CAMERAS_MAX;

/// How frames are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WriteMode {
    /// All packets of a frame in one write.
    #[default]
    Burst,
    /// Each RTP packet in its own write.
    PerPacket,
}

/// Where a session starts in the film.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Join {
    /// At the newest key frame of the camera's own running time, as a live camera does.
    #[default]
    LastKeyFrame,
    /// At the film's first frame: what a test of exact bytes wants.
    FilmStart,
}

/// Whether the cameras can be found by WS-Discovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Discovery {
    /// They cannot.
    #[default]
    Off,
    /// Probes are answered at this address (port 0 takes a free one).
    Unicast(SocketAddr),
    /// Probes are answered at 239.255.255.250:3702 on this interface's address.
    Multicast(Ipv4Addr),
}

/// How a city is set up.
#[derive(Clone)]
pub struct SimConfig {
    /// From which all chance is drawn.
    pub seed: u64,
    /// The cameras' time (RTCP, ONVIF). Pacing follows tokio's monotonic time.
    pub clock: Arc<dyn Clock>,
    /// Where RTSP is served for all cameras; port 0 takes a free one.
    pub rtsp: SocketAddr,
    /// Where ONVIF is served for all cameras, if at all.
    pub onvif: Option<SocketAddr>,
    /// Whether the cameras can be found.
    pub discovery: Discovery,
    /// How frames are written.
    pub write_mode: WriteMode,
    /// Where sessions start.
    pub join: Join,
    /// The cameras.
    pub cameras: Vec<CameraConfig>,
    /// What goes wrong, and when.
    pub plan: FaultPlan,
}

impl SimConfig {
    /// Cameras on a free loopback port, RTSP only.
    #[must_use]
    pub fn new(seed: u64, clock: Arc<dyn Clock>, cameras: Vec<CameraConfig>) -> Self {
        Self {
            seed,
            clock,
            rtsp: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            onvif: None,
            discovery: Discovery::default(),
            write_mode: WriteMode::default(),
            join: Join::default(),
            cameras,
            plan: FaultPlan::default(),
        }
    }
}

/// What all parts of a running city share.
pub(crate) struct Stage {
    pub seed: u64,
    pub clock: Arc<dyn Clock>,
    pub write_mode: WriteMode,
    pub join: Join,
    pub started: Instant,
    pub cameras: Vec<Arc<Camera>>,
    /// Streams by path of their URL.
    pub paths: HashMap<String, (Arc<Camera>, Track)>,
    pub rtsp: SocketAddr,
    pub rtp: UdpSocket,
    pub rtcp: UdpSocket,
    pub udp_ports: (u16, u16),
    pub joining: mpsc::Sender<Flow>,
    pub playing: AtomicUsize,
    pub connections: AtomicUsize,
    pub finishing: AtomicBool,
}

impl core::fmt::Debug for Stage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "Stage {{ {} cameras at {} }}",
            self.cameras.len(),
            self.rtsp
        )
    }
}

/// Where a camera is to be reached.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CameraAddress {
    /// Its name.
    pub name: String,
    /// Its main stream.
    pub rtsp_url: String,
    /// Its sub-stream.
    pub sub_url: Option<String>,
    /// Its ONVIF device service.
    pub onvif_url: Option<String>,
}

/// A running city. Dropping it stops it.
#[derive(Debug)]
pub struct SimCity {
    stage: Arc<Stage>,
    onvif: Option<SocketAddr>,
    discovery: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    tasks: tokio::task::JoinSet<()>,
}

impl SimCity {
    /// Starts a city on the present tokio runtime.
    ///
    /// # Errors
    /// [`Error::Config`] names the camera and what is wrong; [`Error::Bind`] names the address that
    /// cannot be had.
    pub async fn start(config: SimConfig) -> Result<Self, Error> {
        let cameras = make_cameras(&config.cameras)?;
        if let Some(step) = config
            .plan
            .steps
            .iter()
            .find(|s| !cameras.iter().any(|c| c.config.name == s.camera))
        {
            let why = "named in the fault plan, but not in the city".into();
            return Err(Error::Config {
                camera: step.camera.clone(),
                why,
            });
        }
        let bind = |address: SocketAddr| move |why| Error::Bind { address, why };
        let listener = TcpListener::bind(config.rtsp)
            .await
            .map_err(bind(config.rtsp))?;
        let rtsp = listener.local_addr().map_err(bind(config.rtsp))?;
        let (rtp, rtcp, udp_ports) = bind_pair(rtsp).await.map_err(bind(rtsp))?;
        let (joining, joined) = mpsc::channel(pacer::JOINING_MAX);
        let stage = Arc::new(Stage {
            seed: config.seed,
            clock: config.clock,
            write_mode: config.write_mode,
            join: config.join,
            started: Instant::now(),
            paths: paths(&cameras),
            cameras,
            rtsp,
            rtp,
            rtcp,
            udp_ports,
            joining,
            playing: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            finishing: AtomicBool::new(false),
        });
        let (stop, stopping) = watch::channel(false);
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(pacer::run(joined));
        tasks.spawn(accept(stage.clone(), listener, stopping));
        tasks.spawn(discard(stage.clone()));
        tasks.spawn(follow(stage.clone(), config.plan));
        let onvif = match config.onvif {
            Some(at) => Some(
                onvif::start(&mut tasks, stage.clone(), at)
                    .await
                    .map_err(bind(at))?,
            ),
            None => None,
        };
        let discovery = discovery::start(&mut tasks, stage.clone(), config.discovery, onvif)?;
        Ok(Self {
            stage,
            onvif,
            discovery,
            stop,
            tasks,
        })
    }

    /// Where RTSP is served.
    #[must_use]
    pub fn rtsp_addr(&self) -> SocketAddr {
        self.stage.rtsp
    }

    /// Where ONVIF is served.
    #[must_use]
    pub fn onvif_addr(&self) -> Option<SocketAddr> {
        self.onvif
    }

    /// Where WS-Discovery probes are answered.
    #[must_use]
    pub fn discovery_addr(&self) -> Option<SocketAddr> {
        self.discovery
    }

    /// All cameras' addresses, in the order of the configuration.
    #[must_use]
    pub fn cameras(&self) -> Vec<CameraAddress> {
        let of = |camera: &Arc<Camera>| {
            let rtsp_url = rtsp_url(self.stage.rtsp, camera, Track::Main);
            CameraAddress {
                name: camera.config.name.clone(),
                sub_url: camera.sub.as_ref().map(|_| format!("{rtsp_url}/sub")),
                rtsp_url,
                onvif_url: self.onvif.map(|at| onvif::device_url(at, camera)),
            }
        };
        self.stage.cameras.iter().map(of).collect()
    }

    /// What a stream has sent so far.
    ///
    /// # Errors
    /// [`Error::NoCamera`] if there is no such stream.
    pub fn sent(&self, camera: &str, track: Track) -> Result<Sent, Error> {
        Ok(self.stream(camera, track)?.1.counters.read())
    }

    /// The exact NAL units of frame `n` of the stream's endless loop, counted from the film's
    /// first frame.
    ///
    /// # Errors
    /// [`Error::NoCamera`] if there is no such stream.
    pub fn nals(&self, camera: &str, track: Track, n: u64) -> Result<Vec<Bytes>, Error> {
        Ok(self.stream(camera, track)?.1.packed.nals(n).to_vec())
    }

    /// How many sessions are playing.
    #[must_use]
    pub fn playing(&self) -> usize {
        self.stage.playing.load(Relaxed)
    }

    /// Makes a camera fail until it is lifted.
    ///
    /// # Errors
    /// [`Error::NoCamera`] if there is no such camera.
    pub fn set_fault(&self, camera: &str, fault: CameraFault) -> Result<FaultId, Error> {
        Ok(self.camera(camera)?.set_fault(fault))
    }

    /// Lifts one fault, or all with `None`.
    ///
    /// # Errors
    /// [`Error::NoCamera`] if there is no such camera.
    pub fn lift(&self, camera: &str, fault: Option<FaultId>) -> Result<(), Error> {
        self.camera(camera)?.lift(fault);
        Ok(())
    }

    /// Lets every session end before its next key frame, after its client has taken all bytes, so
    /// that what was sent is whole GOPs and [`Sent`] is exact. Waits for at most `patience`; says
    /// how many sessions had not ended by then. No session starts playing media afterwards.
    pub async fn finish_gops(&self, patience: Duration) -> usize {
        self.stage.finishing.store(true, Relaxed);
        let until = Instant::now() + patience;
        while self.playing() > 0 && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.playing()
    }

    /// Stops at once and waits until all tasks have ended.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        self.tasks.shutdown().await;
    }

    fn camera(&self, name: &str) -> Result<&Arc<Camera>, Error> {
        let found = self.stage.cameras.iter().find(|c| c.config.name == name);
        found.ok_or_else(|| Error::NoCamera(name.to_owned()))
    }

    fn stream(&self, name: &str, track: Track) -> Result<(&Arc<Camera>, &Stream), Error> {
        let camera = self.camera(name)?;
        let stream = camera.stream(track);
        Ok((
            camera,
            stream.ok_or_else(|| Error::NoCamera(format!("{name}/sub")))?,
        ))
    }
}

/// A stream's address.
pub(crate) fn rtsp_url(at: SocketAddr, camera: &Camera, track: Track) -> String {
    let sub = if track == Track::Sub { "/sub" } else { "" };
    format!("rtsp://{at}/cam/{}{sub}", camera.config.name)
}

fn paths(cameras: &[Arc<Camera>]) -> HashMap<String, (Arc<Camera>, Track)> {
    let mut paths = HashMap::new();
    for camera in cameras {
        let main = format!("/cam/{}", camera.config.name);
        if camera.sub.is_some() {
            paths.insert(format!("{main}/sub"), (camera.clone(), Track::Sub));
        }
        paths.insert(main, (camera.clone(), Track::Main));
    }
    paths
}

/// Packs each film once for each way of packing it.
fn make_cameras(configs: &[CameraConfig]) -> Result<Vec<Arc<Camera>>, Error> {
    if configs.len() > CAMERAS_MAX {
        let why = format!("{} cameras; at most {CAMERAS_MAX}", configs.len());
        return Err(Error::Config {
            camera: "all".into(),
            why,
        });
    }
    type Key = (*const Film, ParameterSets, SmallNals);
    let mut packed: HashMap<Key, Arc<PackedFilm>> = HashMap::new();
    let mut pack = |film: &Arc<Film>, sets, small| {
        let key = (Arc::as_ptr(film), sets, small);
        let make = || Arc::new(PackedFilm::new(film.clone(), sets, small));
        packed.entry(key).or_insert_with(make).clone()
    };
    let mut names = std::collections::HashSet::new();
    let mut cameras = Vec::with_capacity(configs.len());
    for (number, c) in (1u64..).zip(configs) {
        let wrong = |why: &str| Error::Config {
            camera: c.name.clone(),
            why: why.into(),
        };
        if c.name.is_empty()
            || !c
                .name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-')
        {
            return Err(wrong("a name is made of letters, digits and `-`"));
        }
        if !names.insert(&c.name) {
            return Err(wrong("two cameras of this name"));
        }
        if c.other.as_ref().is_some_and(|o| o.codec != c.film.codec) {
            return Err(wrong("its other film has another codec"));
        }
        let counters = Counters::default;
        let main = Stream {
            packed: pack(&c.film, c.sets, c.small),
            // A change of resolution in mid-stream has to travel in band.
            other: c
                .other
                .as_ref()
                .map(|o| pack(o, ParameterSets::Both, c.small)),
            counters: counters(),
        };
        let sub = c.sub.as_ref().map(|film| Stream {
            packed: pack(film, c.sets, c.small),
            other: None,
            counters: counters(),
        });
        cameras.push(Arc::new(Camera::new(number, c.clone(), main, sub)));
    }
    Ok(cameras)
}

/// An even port and the next one (RFC 3550 §11).
async fn bind_pair(rtsp: SocketAddr) -> std::io::Result<(UdpSocket, UdpSocket, (u16, u16))> {
    const TRIES: usize = 64;
    let mut last = None;
    for _ in 0..TRIES {
        let rtp = UdpSocket::bind(SocketAddr::new(rtsp.ip(), 0)).await?;
        let port = rtp.local_addr()?.port();
        if port % 2 == 1 {
            continue;
        }
        match UdpSocket::bind(SocketAddr::new(rtsp.ip(), port + 1)).await {
            Ok(rtcp) => return Ok((rtp, rtcp, (port, port + 1))),
            Err(e) => last = Some(e),
        }
    }
    Err(last.unwrap_or_else(|| std::io::Error::other("no pair of UDP ports is free")))
}

async fn accept(stage: Arc<Stage>, listener: TcpListener, stopping: watch::Receiver<bool>) {
    let mut connections = tokio::task::JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            // Reaps what has ended, so that the set stays as small as the number of clients.
            Some(_) = connections.join_next() => {
                stage.connections.fetch_sub(1, Relaxed);
            }
            accepted = listener.accept() => match accepted {
                Ok((tcp, peer)) if stage.connections.load(Relaxed) < CONNECTIONS_MAX => {
                    number += 1;
                    stage.connections.fetch_add(1, Relaxed);
                    let stopping = stopping.clone();
                    connections.spawn(connection::serve(stage.clone(), tcp, peer, number, stopping));
                }
                Ok(_) => {}
                Err(e) => {
                    tracing::warn!("cannot accept: {e}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
}

/// Reads and forgets what clients send to the media ports (receiver reports, hole punching).
async fn discard(stage: Arc<Stage>) {
    let (mut a, mut b) = ([0; 2_048], [0; 2_048]);
    loop {
        let got = tokio::select! {
            got = stage.rtp.recv_from(&mut a) => got,
            got = stage.rtcp.recv_from(&mut b) => got,
        };
        if got.is_err() {
            // A client that has gone shows as ECONNREFUSED on some systems: go on, but not in a
            // spin.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Sets and lifts the faults of the plan at their times.
async fn follow(stage: Arc<Stage>, plan: FaultPlan) {
    let mut lifting: Vec<(Instant, Arc<Camera>, FaultId)> = Vec::new();
    let mut steps = plan.steps.into_iter().peekable();
    loop {
        let next_set = steps
            .peek()
            .map(|s| stage.started + Duration::from_millis(s.at_ms));
        let next_lift = lifting.iter().map(|l| l.0).min();
        let Some(at) = next_set.into_iter().chain(next_lift).min() else {
            return;
        };
        tokio::time::sleep_until(at).await;
        let now = Instant::now();
        lifting.retain(|(until, camera, id)| {
            let over = *until <= now;
            if over {
                camera.lift(Some(*id));
            }
            !over
        });
        while let Some(step) =
            steps.next_if(|s| stage.started + Duration::from_millis(s.at_ms) <= now)
        {
            let found = stage.cameras.iter().find(|c| c.config.name == step.camera);
            if let Some(camera) = found {
                let id = camera.set_fault(step.what);
                lifting.push((now + Duration::from_millis(step.for_ms), camera.clone(), id));
            }
        }
    }
}
