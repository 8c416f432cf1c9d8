//! One playing session: which frame is next, when, and how its packets leave.
//! Never waits; the pacer asks it what it wants next.

use core::time::Duration;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tokio::time::Instant;

use crate::camera::{AUDIO_MARK, Camera, Stream, Track};
use crate::city::{Stage, WriteMode};
use crate::fault::{CameraFault, Fate, fate};
use crate::film::TICKS_PER_S;
use crate::outlet::{Backlog, Outlet};
use crate::packet::{PackedFilm, Stamp};
use crate::rtcp;
use crate::sdp::PCMA_PAYLOAD_TYPE;

/// Seconds between sender reports (RFC 3550 §6.2 recommends at least 5).
const REPORT_S: u64 = 5;
/// How soon a backlog is tried again.
const RETRY: Duration = Duration::from_millis(4);
/// Most frames sent at once when the pacer is late, before other cameras get their turn.
const CATCH_UP_MAX: usize = 8;

/// How one track's packets travel.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    /// In the RTSP connection, on these channels (RFC 2326 §10.12).
    Interleaved { rtp: u8, rtcp: u8 },
    /// As datagrams to these ports.
    Udp { rtp: SocketAddr, rtcp: SocketAddr },
}

/// One track of a session: its way and its RTP identity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sending {
    pub way: Way,
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
    pub packets: u32,
    pub octets: u32,
}

#[derive(Debug)]
pub(crate) struct Flow {
    pub camera: Arc<Camera>,
    pub track: Track,
    pub stage: Arc<Stage>,
    pub outlet: Arc<Outlet>,
    pub video: Option<Sending>,
    pub audio: Option<Sending>,
    /// Set by TEARDOWN.
    pub stop: Arc<AtomicBool>,
    playing: Arc<PackedFilm>,
    /// The next frame's place in the film, and its number since PLAY.
    next: usize,
    number: u64,
    /// When tick 0 of the session was, and which tick the film's present round began at.
    begin: Instant,
    round_ticks: u64,
    reports: u64,
    behind: bool,
    scratch: Vec<u8>,
}

impl Flow {
    /// A flow whose first frame, frame `first` of the film, is due `at` once.
    #[expect(
        clippy::too_many_arguments,
        reason = "everything a session has agreed on"
    )]
    pub(crate) fn new(
        camera: Arc<Camera>,
        track: Track,
        stage: Arc<Stage>,
        outlet: Arc<Outlet>,
        (video, audio): (Option<Sending>, Option<Sending>),
        stop: Arc<AtomicBool>,
        playing: Arc<PackedFilm>,
        (first, at): (usize, Instant),
    ) -> Self {
        let first_ticks = playing
            .frames()
            .get(first)
            .map_or(0, |f| u64::from(f.send_ticks));
        Self {
            camera,
            track,
            stage,
            outlet,
            video,
            audio,
            stop,
            playing,
            next: first,
            number: 0,
            begin: at.checked_sub(ticks(first_ticks)).unwrap_or(at),
            round_ticks: 0,
            reports: 0,
            behind: false,
            scratch: Vec::new(),
        }
    }

    fn stream(&self) -> &Stream {
        self.camera.stream(self.track).unwrap_or(&self.camera.main)
    }

    fn due(&self) -> Instant {
        let frame = self
            .playing
            .frames()
            .get(self.next)
            .map_or(0, |f| f.send_ticks);
        self.begin + ticks(self.round_ticks + u64::from(frame))
    }

    /// Sends what is due; says when it wants to be asked again, or nothing when it has ended.
    pub(crate) fn step(&mut self, now: Instant) -> Option<Instant> {
        if self.stop.load(Relaxed) || self.outlet.closed() {
            return None;
        }
        let mut backlog = self.outlet.flush();
        for _ in 0..CATCH_UP_MAX {
            if self.due() > now {
                break;
            }
            let key = self.playing.frames().get(self.next).is_some_and(|f| f.key);
            if key && self.stage.finishing.load(Relaxed) {
                return self.finish(backlog, now);
            }
            self.frame(backlog, key);
            backlog = self.outlet.flush();
        }
        let due = self.due();
        Some(if backlog == Backlog::Empty {
            due
        } else {
            due.min(now + RETRY)
        })
    }

    /// At a key frame, when the city finishes: end once the client has everything.
    fn finish(&self, backlog: Backlog, now: Instant) -> Option<Instant> {
        if backlog != Backlog::Empty {
            return Some(now + RETRY);
        }
        self.outlet.end();
        None
    }

    fn frame(&mut self, backlog: Backlog, key: bool) {
        let faults = self.camera.faults();
        if key {
            self.behind = false;
            self.change_film(&faults);
        }
        self.behind |= backlog == Backlog::Full;
        if self.behind {
            self.stream().counters.skipped.fetch_add(1, Relaxed);
        } else if faults.contains(&CameraFault::Stall) {
            self.stream().counters.harmed.fetch_add(1, Relaxed);
        } else {
            self.report_if_due();
            self.send_audio();
            self.send_video(&faults);
        }
        self.advance();
    }

    /// At a key frame: to the other film or back, on an unbroken time line.
    fn change_film(&mut self, faults: &[CameraFault]) {
        let stream = self.camera.stream(self.track).unwrap_or(&self.camera.main);
        let wanted = match &stream.other {
            Some(other) if faults.contains(&CameraFault::OtherFilm) => other,
            _ => &stream.packed,
        };
        if !Arc::ptr_eq(wanted, &self.playing) {
            let frame = self
                .playing
                .frames()
                .get(self.next)
                .map_or(0, |f| f.send_ticks);
            self.round_ticks += u64::from(frame);
            self.playing = wanted.clone();
            self.next = 0;
        }
    }

    fn advance(&mut self) {
        self.number += 1;
        self.next += 1;
        if self.next >= self.playing.frames().len() {
            self.next = 0;
            self.round_ticks += u64::from(self.playing.film.length_ticks.max(1));
        }
    }

    fn report_if_due(&mut self) {
        let frame = self
            .playing
            .frames()
            .get(self.next)
            .map_or(0, |f| f.send_ticks);
        let at = self.round_ticks + u64::from(frame);
        if at < self.reports * REPORT_S * u64::from(TICKS_PER_S) {
            return;
        }
        self.reports = at / (REPORT_S * u64::from(TICKS_PER_S)) + 1;
        let now = self.camera.now(&*self.stage.clock);
        // The frame that leaves now was taken now: its sending time is its sampling time.
        if let Some(v) = self.video {
            let sr = rtcp::report(
                v.ssrc,
                now,
                v.timestamp.wrapping_add(at as u32),
                v.packets,
                v.octets,
            );
            self.send_report(v.way, &sr);
        }
        if let Some(a) = self.audio {
            let sr = rtcp::report(a.ssrc, now, a.timestamp, a.packets, a.octets);
            self.send_report(a.way, &sr);
        }
    }

    fn send_report(&self, way: Way, report: &[u8]) {
        match way {
            Way::Interleaved { rtcp, .. } => {
                let mut framed = vec![b'$', rtcp, 0, report.len() as u8];
                framed.extend_from_slice(report);
                self.outlet.write(&framed);
            }
            Way::Udp { rtcp, .. } => self.datagram(&self.stage.rtcp, report, rtcp),
        }
        self.stream()
            .counters
            .wire_bytes
            .fetch_add(report.len() as u64, Relaxed);
    }

    /// A datagram that the kernel does not take is lost, as on any network.
    fn datagram(&self, socket: &tokio::net::UdpSocket, bytes: &[u8], to: SocketAddr) {
        let _ = socket.try_send_to(bytes, to);
    }

    fn send_video(&mut self, faults: &[CameraFault]) {
        let Some(mut video) = self.video else { return };
        let playing = self.playing.clone();
        let Some(frame) = playing.frames().get(self.next) else {
            return;
        };
        let (template, starts) = playing.template(self.next);
        let mut stamp = Stamp {
            channel: if let Way::Interleaved { rtp, .. } = video.way {
                rtp
            } else {
                0
            },
            sequence: video.sequence,
            timestamp: video
                .timestamp
                .wrapping_add((self.round_ticks + u64::from(frame.show_ticks)) as u32),
            ssrc: video.ssrc,
        };
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        scratch.extend_from_slice(template);
        for packet in bounds(starts, template.len()) {
            stamp.press(&mut scratch[packet]);
        }
        video.sequence = stamp.sequence;
        video.packets = video.packets.wrapping_add(starts.len() as u32);
        video.octets = video.octets.wrapping_add(template.len() as u32);
        self.video = Some(video);
        let harmed = self.send_packets(&scratch, starts, video.way, faults);
        let counters = &self.stream().counters;
        counters.wire_bytes.fetch_add(scratch.len() as u64, Relaxed);
        if harmed {
            counters.harmed.fetch_add(1, Relaxed);
        } else {
            counters.frames.fetch_add(1, Relaxed);
            counters.gops.fetch_add(u64::from(frame.key), Relaxed);
            counters.nal_bytes.fetch_add(frame.nal_bytes, Relaxed);
        }
        // Thousands of idle buffers of key-frame size would be the largest thing in memory.
        scratch.clear();
        scratch.shrink_to(16 * 1024);
        self.scratch = scratch;
    }

    /// Sends a stamped frame; says whether a fault harmed it.
    fn send_packets(&self, frame: &[u8], starts: &[u32], way: Way, f: &[CameraFault]) -> bool {
        let burst = self.stage.write_mode == WriteMode::Burst;
        if f.is_empty() && burst && matches!(way, Way::Interleaved { .. }) {
            self.outlet.write(frame);
            return false;
        }
        let mut harmed = false;
        let mut burst_bytes = Vec::new();
        for (number, bounds) in (0u64..).zip(bounds(starts, frame.len())) {
            let packet = &frame[bounds];
            let words = [self.stage.seed, self.camera.number, self.number, number];
            let fate = fate(f, words, packet.len() - 4);
            harmed |= fate != Fate::Sent;
            match way {
                Way::Interleaved { .. } if burst => interleave(&mut burst_bytes, packet, &fate),
                Way::Interleaved { .. } => {
                    burst_bytes.clear();
                    interleave(&mut burst_bytes, packet, &fate);
                    self.outlet.write(&burst_bytes);
                }
                Way::Udp { rtp, .. } => {
                    let socket = &self.stage.rtp;
                    match &fate {
                        Fate::Lost => {}
                        Fate::Sent => self.datagram(socket, &packet[4..], rtp),
                        Fate::Cut(n) => self.datagram(socket, &packet[4..4 + n], rtp),
                        Fate::After(noise) => {
                            self.datagram(socket, noise, rtp);
                            self.datagram(socket, &packet[4..], rtp);
                        }
                    }
                }
            }
        }
        if burst && !burst_bytes.is_empty() {
            self.outlet.write(&burst_bytes);
        }
        harmed
    }

    /// As much sound as one frame of video lasts.
    fn send_audio(&mut self) {
        let Some(mut audio) = self.audio else { return };
        let samples = 8_000 / self.playing.film.fps().clamp(10, 100);
        let channel = if let Way::Interleaved { rtp, .. } = audio.way {
            rtp
        } else {
            0
        };
        let length = 12 + samples as u16;
        let [hi, lo] = length.to_be_bytes();
        let mut packet = vec![b'$', channel, hi, lo, 0x80, PCMA_PAYLOAD_TYPE];
        packet.extend([0; 10]);
        packet.extend(AUDIO_MARK.iter().cycle().take(samples as usize));
        let mut stamp = Stamp {
            channel,
            sequence: audio.sequence,
            timestamp: audio.timestamp,
            ssrc: audio.ssrc,
        };
        stamp.press(&mut packet);
        match audio.way {
            Way::Interleaved { .. } => self.outlet.write(&packet),
            Way::Udp { rtp, .. } => self.datagram(&self.stage.rtp, &packet[4..], rtp),
        }
        audio.sequence = stamp.sequence;
        audio.timestamp = audio.timestamp.wrapping_add(samples);
        audio.packets = audio.packets.wrapping_add(1);
        audio.octets = audio.octets.wrapping_add(samples);
        self.audio = Some(audio);
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        self.stage.playing.fetch_sub(1, Relaxed);
    }
}

fn ticks(n: u64) -> Duration {
    let nanos = u128::from(n) * 1_000_000_000 / u128::from(TICKS_PER_S);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

fn bounds(starts: &[u32], end: usize) -> impl Iterator<Item = core::ops::Range<usize>> + '_ {
    let ends = starts
        .iter()
        .skip(1)
        .map(|s| *s as usize)
        .chain(core::iter::once(end));
    starts
        .iter()
        .map(|s| *s as usize)
        .zip(ends)
        .map(|(s, e)| s..e)
}

fn interleave(out: &mut Vec<u8>, packet: &[u8], fate: &Fate) {
    match fate {
        Fate::Lost => {}
        Fate::Sent => out.extend_from_slice(packet),
        Fate::Cut(n) => {
            let [hi, lo] = (*n as u16).to_be_bytes();
            out.extend([packet[0], packet[1], hi, lo]);
            out.extend_from_slice(&packet[4..4 + n]);
        }
        Fate::After(noise) => {
            out.extend_from_slice(noise);
            out.extend_from_slice(packet);
        }
    }
}
