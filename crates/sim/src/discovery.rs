//! WS-Discovery (ONVIF Core §7; WS-Discovery 2005/04): answers probes, one ProbeMatches datagram
//! for each camera. Never announces a camera unasked.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with, sockopt};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use crate::Error;
use crate::camera::Camera;
use crate::city::{Discovery, Stage};
use crate::dice::Dice;
use crate::fault::CameraFault;
use crate::onvif::device_url;
use crate::soap::{Call, envelope, scopes};

/// The group and port of WS-Discovery over IPv4 (WS-Discovery §2.4).
const GROUP: (Ipv4Addr, u16) = (Ipv4Addr::new(239, 255, 255, 250), 3702);
/// Longest probe that is read; a UDP datagram is never longer.
const PROBE_MAX: usize = 65_535;

/// Starts answering, if asked to; says where.
pub(crate) fn start(
    tasks: &mut JoinSet<()>,
    stage: Arc<Stage>,
    discovery: Discovery,
    onvif: Option<SocketAddr>,
) -> Result<Option<SocketAddr>, Error> {
    let (address, socket) = match discovery {
        Discovery::Off => return Ok(None),
        Discovery::Unicast(address) => (address, std::net::UdpSocket::bind(address)),
        Discovery::Multicast(interface) => (SocketAddr::from(GROUP), multicast(interface)),
    };
    let Some(onvif) = onvif else {
        let why = "discovery needs ONVIF to be served".into();
        return Err(Error::Config {
            camera: "all".into(),
            why,
        });
    };
    let bound = socket.and_then(|s| {
        s.set_nonblocking(true)?;
        let s = UdpSocket::from_std(s)?;
        Ok((s.local_addr()?, s))
    });
    let (at, socket) = bound.map_err(|why| Error::Bind { address, why })?;
    tasks.spawn(async move {
        let mut buffer = vec![0; PROBE_MAX];
        loop {
            let Ok((n, from)) = socket.recv_from(&mut buffer).await else {
                tokio::time::sleep(core::time::Duration::from_millis(50)).await;
                continue;
            };
            let call = core::str::from_utf8(&buffer[..n])
                .ok()
                .and_then(|x| Call::read(x).ok());
            let Some(call) = call.filter(asks_for_cameras) else {
                continue;
            };
            for camera in &stage.cameras {
                if !camera.suffers(&CameraFault::Reboot) {
                    let matches = probe_matches(stage.seed, camera, onvif, &call);
                    let _ = socket.send_to(matches.as_bytes(), from).await;
                }
            }
        }
    });
    Ok(Some(at))
}

/// A socket of the group, which other programs on this machine may share.
fn multicast(interface: Ipv4Addr) -> std::io::Result<std::net::UdpSocket> {
    let socket = socket_with(
        AddressFamily::INET,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &SocketAddr::from((Ipv4Addr::UNSPECIFIED, GROUP.1)))?;
    let socket = std::net::UdpSocket::from(socket);
    socket.join_multicast_v4(&GROUP.0, &interface)?;
    Ok(socket)
}

fn asks_for_cameras(call: &Call) -> bool {
    let types = call.types.as_str();
    call.name == "Probe"
        && (types.is_empty()
            || types.contains("NetworkVideoTransmitter")
            || types.contains("Device"))
}

/// The camera's name for ever: a version-8 UUID (RFC 9562 §5.8) drawn from the seed.
fn endpoint(seed: u64, camera: u64) -> String {
    uuid(&mut Dice::of(&[seed, camera, 0x00d1]))
}

fn uuid(dice: &mut Dice) -> String {
    let mut b = [0; 16];
    dice.fill(&mut b);
    b[6] = b[6] & 0x0f | 0x80;
    b[8] = b[8] & 0x3f | 0x80;
    let h = hex::encode(b);
    format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        &h[..8],
        &h[8..12],
        &h[12..16],
        &h[16..20],
        &h[20..]
    )
}

fn probe_matches(seed: u64, camera: &Camera, onvif: SocketAddr, call: &Call) -> String {
    let asked = quick_xml::escape::escape(call.message_id.as_str());
    let words = [seed, camera.number, call.message_id.len() as u64, 0x00d2];
    let message = uuid(&mut Dice::of(&words));
    let header = format!(
        "<a:MessageID>{message}</a:MessageID><a:RelatesTo>{asked}</a:RelatesTo>\
         <a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>\
         <a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</a:Action>"
    );
    let body = format!(
        "<d:ProbeMatches><d:ProbeMatch><a:EndpointReference><a:Address>{}</a:Address>\
         </a:EndpointReference><d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types>\
         <d:Scopes>{}</d:Scopes><d:XAddrs>{}</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion>\
         </d:ProbeMatch></d:ProbeMatches>",
        endpoint(seed, camera.number),
        scopes(camera).join(" "),
        device_url(onvif, camera),
    );
    envelope(&header, &body)
}
