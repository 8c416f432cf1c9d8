//! One client at the door: its RTSP requests, from OPTIONS to TEARDOWN (RFC 2326 §10).
//! Never sends media: a granted PLAY is handed to the pacer.

use core::time::Duration;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::camera::{Audio, Camera, Track};
use crate::city::{Join, Stage};
use crate::dice::Dice;
use crate::digest;
use crate::fault::CameraFault;
use crate::film::TICKS_PER_S;
use crate::flow::{Flow, Sending, Way};
use crate::outlet::{Backlog, Outlet};
use crate::packet::PackedFilm;
use crate::rtsp::{BODY_MAX, HEAD_MAX, Heard, Request, answer, hear};
use crate::sdp;

/// Told in the `Session` header; clients keep alive within it.
const SESSION_TIMEOUT_S: u64 = 60;
/// A connection without a word for so long is closed: twice the session's time, and a client that
/// receives over TCP sends receiver reports far more often.
const SILENCE_MAX: Duration = Duration::from_secs(2 * SESSION_TIMEOUT_S);
/// Read from the socket at once.
const READ_CHUNK: usize = 2 * 1024;

struct Connection {
    stage: Arc<Stage>,
    outlet: Arc<Outlet>,
    peer: SocketAddr,
    local: SocketAddr,
    dice: Dice,
    nonce: String,
    session: String,
    /// The stream that was set up, its tracks, and how to stop its playing.
    set_up: Option<SetUp>,
}

struct SetUp {
    camera: Arc<Camera>,
    track: Track,
    video: Option<Sending>,
    audio: Option<Sending>,
    stop: Arc<AtomicBool>,
    playing: bool,
}

/// What becomes of the connection after a request.
enum Then {
    Reply(Vec<u8>),
    HangUp,
}

/// Serves one connection until it ends.
pub(crate) async fn serve(
    stage: Arc<Stage>,
    tcp: TcpStream,
    peer: SocketAddr,
    number: u64,
    mut stopping: watch::Receiver<bool>,
) {
    let Ok(local) = tcp.local_addr() else { return };
    let _ = tcp.set_nodelay(true);
    let mut dice = Dice::of(&[stage.seed, number, 0xc0_99]);
    let outlet = Arc::new(Outlet::new(tcp));
    let mut connection = Connection {
        nonce: format!("{:016x}{:016x}", dice.throw(), dice.throw()),
        session: format!("{:016x}", dice.throw()),
        dice,
        stage,
        outlet: outlet.clone(),
        peer,
        local,
        set_up: None,
    };
    tokio::select! {
        () = connection.listen() => {}
        _ = stopping.changed() => {}
    }
    outlet.close();
    if let Some(set_up) = &connection.set_up {
        set_up.stop.store(true, Relaxed);
    }
}

/// Waits until the camera reboots; forever if there is none yet.
async fn rebooted(reboots: &mut Option<watch::Receiver<u64>>) {
    match reboots {
        Some(reboots) => {
            let _ = reboots.changed().await;
        }
        None => std::future::pending().await,
    }
}

impl Connection {
    async fn listen(&mut self) {
        let mut buffer = Vec::new();
        let mut reboots: Option<watch::Receiver<u64>> = None;
        loop {
            let more = tokio::select! {
                more = self.read(&mut buffer) => more,
                () = rebooted(&mut reboots) => false,
            };
            if !more {
                return;
            }
            let mut at = 0;
            loop {
                match hear(&buffer[at..]) {
                    Ok(Heard::More) => break,
                    Ok(Heard::Interleaved(n)) => at += n,
                    Ok(Heard::Asked(request, n)) => {
                        at += n;
                        let Then::Reply(reply) = self.ask(&request).await else {
                            return;
                        };
                        self.outlet.write(&reply);
                    }
                    Err(e) => {
                        tracing::debug!(peer = %self.peer, "closing: {e}");
                        return;
                    }
                }
            }
            buffer.drain(..at);
            buffer.shrink_to(READ_CHUNK);
            if !self.drain().await {
                return;
            }
            if reboots.is_none() {
                reboots = self.set_up.as_ref().map(|s| s.camera.reboots.subscribe());
            }
        }
    }

    /// Reads some more; false at the end.
    async fn read(&self, buffer: &mut Vec<u8>) -> bool {
        if buffer.len() > HEAD_MAX + BODY_MAX + u16::MAX as usize {
            return false;
        }
        let mut chunk = [0; READ_CHUNK];
        loop {
            match timeout(SILENCE_MAX, self.outlet.tcp.readable()).await {
                Ok(Ok(())) => {}
                _ => return false,
            }
            match self.outlet.tcp.try_read(&mut chunk) {
                Ok(0) => return false,
                Ok(n) => {
                    buffer.extend_from_slice(&chunk[..n]);
                    return true;
                }
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return false,
            }
        }
    }

    /// Gets replies out; a playing session's backlog is the pacer's.
    async fn drain(&self) -> bool {
        while self.set_up.as_ref().is_none_or(|s| !s.playing)
            && self.outlet.flush() != Backlog::Empty
        {
            match timeout(SILENCE_MAX, self.outlet.tcp.writable()).await {
                Ok(Ok(())) if !self.outlet.closed() => {}
                _ => return false,
            }
        }
        !self.outlet.closed()
    }

    async fn ask(&mut self, request: &Request) -> Then {
        let reply = |status: &str| Then::Reply(answer(status, request, &[], ""));
        if request.method == "OPTIONS" && request.url == "*" {
            return self.options(request);
        }
        let (path, medium) = request.place();
        let found = self.stage.paths.get(&path).cloned();
        let Some((camera, track)) = found else {
            return reply("404 Not Found");
        };
        if camera.suffers(&CameraFault::Reboot) {
            return Then::HangUp;
        }
        if request.method == "OPTIONS" {
            return self.options(request);
        }
        if !self.proven(&camera, request) {
            if let Some(stream) = camera.stream(track) {
                stream.counters.refused.fetch_add(1, Relaxed);
            }
            let challenge = format!("WWW-Authenticate: {}", digest::challenge(&self.nonce));
            return Then::Reply(answer("401 Unauthorized", request, &[challenge], ""));
        }
        match request.method.as_str() {
            "DESCRIBE" => self.describe(request, &camera, track),
            "SETUP" => self.set_up(request, camera, track, medium),
            "PLAY" => self.play(request, &camera, track).await,
            "GET_PARAMETER" | "SET_PARAMETER" => {
                let session = self.session_header();
                Then::Reply(answer("200 OK", request, &[session], ""))
            }
            "TEARDOWN" => {
                if let Some(set_up) = self.set_up.take() {
                    set_up.stop.store(true, Relaxed);
                }
                reply("200 OK")
            }
            _ => reply("501 Not Implemented"),
        }
    }

    fn options(&self, request: &Request) -> Then {
        let public =
            "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, SET_PARAMETER, TEARDOWN";
        Then::Reply(answer("200 OK", request, &[public.into()], ""))
    }

    fn proven(&self, camera: &Camera, request: &Request) -> bool {
        if camera.suffers(&CameraFault::WrongCredentials) {
            return false;
        }
        let Some(known) = &camera.config.credentials else {
            return true;
        };
        let Request { method, url, .. } = request;
        request
            .header("Authorization")
            .is_some_and(|h| digest::proves(h, known, method, url, &self.nonce))
    }

    fn session_header(&self) -> String {
        format!("Session: {};timeout={SESSION_TIMEOUT_S}", self.session)
    }

    fn describe(&mut self, request: &Request, camera: &Camera, track: Track) -> Then {
        let Some(stream) = camera.stream(track) else {
            return Then::Reply(answer("404 Not Found", request, &[], ""));
        };
        let body = sdp::describe(&stream.packed, camera.config.audio, self.dice.throw() >> 1);
        let headers = [
            format!("Content-Base: {}/", request.url.trim_end_matches('/')),
            "Content-Type: application/sdp".into(),
        ];
        Then::Reply(answer("200 OK", request, &headers, &body))
    }

    fn set_up(&mut self, request: &Request, camera: Arc<Camera>, track: Track, medium: u8) -> Then {
        let reply = |status: &str| Then::Reply(answer(status, request, &[], ""));
        if medium == 2 && camera.config.audio == Audio::None {
            return reply("404 Not Found");
        }
        if self
            .set_up
            .as_ref()
            .is_some_and(|s| s.playing || s.track != track || s.camera.number != camera.number)
        {
            return reply("455 Method Not Valid in This State");
        }
        let offer = request.header("Transport").unwrap_or("");
        let ssrc = self.dice.throw32();
        let Some((way, told)) = self.way(offer, medium, ssrc) else {
            return reply("461 Unsupported Transport");
        };
        let sending = Sending {
            way,
            ssrc,
            sequence: self.dice.throw32() as u16,
            timestamp: self.dice.throw32(),
            packets: 0,
            octets: 0,
        };
        let set_up = self.set_up.get_or_insert_with(|| SetUp {
            camera,
            track,
            video: None,
            audio: None,
            stop: Arc::default(),
            playing: false,
        });
        if medium == 2 {
            set_up.audio = Some(sending);
            if let Some(stream) = set_up.camera.stream(track) {
                stream.counters.audio_setups.fetch_add(1, Relaxed);
            }
        } else {
            set_up.video = Some(sending);
        }
        let headers = [self.session_header(), format!("Transport: {told}")];
        Then::Reply(answer("200 OK", request, &headers, ""))
    }

    /// The first transport offered that is served (RFC 2326 §12.39), and how the reply names it.
    fn way(&self, offers: &str, medium: u8, ssrc: u32) -> Option<(Way, String)> {
        offers.split(',').find_map(|offer| {
            let mut parts = offer.trim().split(';').map(str::trim);
            let profile = parts.next()?.to_ascii_uppercase();
            let parts: Vec<_> = parts.collect();
            let pair = |name: &str| {
                let value = parts.iter().find_map(|p| p.strip_prefix(name))?;
                let (a, b) = value.split_once('-').unwrap_or((value, ""));
                let a: u16 = a.parse().ok()?;
                Some((a, b.parse().unwrap_or(a.wrapping_add(1))))
            };
            if parts.iter().any(|p| p.eq_ignore_ascii_case("multicast")) {
                return None;
            }
            match profile.as_str() {
                "RTP/AVP/TCP" => {
                    let own = u16::from(medium.saturating_sub(1)) * 2;
                    let (a, b) = pair("interleaved=").unwrap_or((own, own + 1));
                    let (rtp, rtcp) = (u8::try_from(a).ok()?, u8::try_from(b).ok()?);
                    let told =
                        format!("RTP/AVP/TCP;unicast;interleaved={rtp}-{rtcp};ssrc={ssrc:08X}");
                    Some((Way::Interleaved { rtp, rtcp }, told))
                }
                "RTP/AVP" | "RTP/AVP/UDP" => {
                    let (a, b) = pair("client_port=")?;
                    let ip = self.peer.ip();
                    let (rtp, rtcp) = (SocketAddr::new(ip, a), SocketAddr::new(ip, b));
                    let (s, t) = self.stage.udp_ports;
                    let told = format!(
                        "RTP/AVP;unicast;client_port={a}-{b};server_port={s}-{t};source={};\
                         ssrc={ssrc:08X}",
                        self.local.ip()
                    );
                    Some((Way::Udp { rtp, rtcp }, told))
                }
                _ => None,
            }
        })
    }

    async fn play(&mut self, request: &Request, camera: &Camera, track: Track) -> Then {
        let reply = |status: &str| Then::Reply(answer(status, request, &[], ""));
        let session = self.session_header();
        let Some(set_up) = self
            .set_up
            .as_mut()
            .filter(|s| !s.playing && s.track == track && s.camera.number == camera.number)
        else {
            return reply("455 Method Not Valid in This State");
        };
        let Some(stream) = camera.stream(track) else {
            return reply("404 Not Found");
        };
        let playing = stream.packed.clone();
        let now = Instant::now();
        let first = first_frame(&self.stage, &playing, now);
        let ticks = playing.frames().get(first).map_or(0, |f| f.show_ticks);
        let base = request.url.trim_end_matches('/');
        let mut info = Vec::new();
        for (sending, id, from) in [(set_up.video, 1, ticks), (set_up.audio, 2, 0)] {
            if let Some(s) = sending {
                let time = s.timestamp.wrapping_add(from);
                info.push(format!(
                    "url={base}/trackID={id};seq={};rtptime={time}",
                    s.sequence
                ));
            }
        }
        let headers = [
            session,
            "Range: npt=now-".into(),
            format!("RTP-Info: {}", info.join(",")),
        ];
        // The reply goes out before the first packet, as RFC 2326 §10.5 orders it.
        self.outlet.write(&answer("200 OK", request, &headers, ""));
        set_up.playing = true;
        self.stage.playing.fetch_add(1, Relaxed);
        let flow = Flow::new(
            set_up.camera.clone(),
            track,
            self.stage.clone(),
            self.outlet.clone(),
            (set_up.video, set_up.audio),
            set_up.stop.clone(),
            playing,
            (first, now),
        );
        stream.counters.plays.fetch_add(1, Relaxed);
        if self.stage.joining.send(flow).await.is_err() {
            return Then::HangUp;
        }
        Then::Reply(Vec::new())
    }
}

/// The frame a session starts with.
fn first_frame(stage: &Stage, playing: &PackedFilm, now: Instant) -> usize {
    let length = u128::from(playing.film.length_ticks.max(1));
    let since = now.saturating_duration_since(stage.started).as_nanos();
    let at = (since * u128::from(TICKS_PER_S) / 1_000_000_000 % length) as u32;
    match stage.join {
        Join::FilmStart => 0,
        Join::LastKeyFrame => {
            let frames = playing.frames();
            frames
                .iter()
                .rposition(|f| f.key && f.send_ticks <= at)
                .unwrap_or(0)
        }
    }
}
