//! The cameras' ONVIF services over HTTP/1.1, all on one port:
//! `/onvif/<camera>/{device,media,media2}_service`. Never keeps a connection for a second call.

use core::time::Duration;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Error;
use crate::camera::{Camera, Track};
use crate::city::{Stage, rtsp_url};
use crate::fault::CameraFault;
use crate::soap::{self, Addresses, Answer, Call, Port};

/// Longest request: an ONVIF call is about 2 KiB.
const REQUEST_MAX: usize = 64 * 1024;
/// A client that takes longer for one call is sent away.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Calls served at once.
const CALLS_MAX: usize = 256;

/// Starts serving; says where.
pub(crate) async fn start(
    tasks: &mut JoinSet<()>,
    stage: Arc<Stage>,
    at: SocketAddr,
) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(at).await?;
    let at = listener.local_addr()?;
    tasks.spawn(async move {
        let mut calls = JoinSet::new();
        loop {
            tokio::select! {
                Some(_) = calls.join_next() => {}
                accepted = listener.accept(), if calls.len() < CALLS_MAX => {
                    if let Ok((tcp, _)) = accepted {
                        let stage = stage.clone();
                        calls.spawn(async move {
                            let _ = timeout(CALL_TIMEOUT, serve(&stage, at, tcp)).await;
                        });
                    }
                }
            }
        }
    });
    Ok(at)
}

/// The camera's device service.
pub(crate) fn device_url(at: SocketAddr, camera: &Camera) -> String {
    format!("http://{at}/onvif/{}/device_service", camera.config.name)
}

async fn serve(stage: &Stage, at: SocketAddr, mut tcp: TcpStream) -> std::io::Result<()> {
    let (status, body) = match read_call(&mut tcp).await? {
        Ok((path, xml)) => match respond(stage, at, &path, &xml) {
            Some(answer) => answer,
            // The camera reboots: the line goes dead.
            None => return Ok(()),
        },
        Err(e) => soap::fault(400, "ter:WellFormed", &e.to_string()),
    };
    let phrase = match status {
        200 => "OK",
        401 => "Unauthorized",
        404 => "Not Found",
        _ => "Bad Request",
    };
    let head = format!(
        "HTTP/1.1 {status} {phrase}\r\nContent-Type: application/soap+xml; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    tcp.write_all(head.as_bytes()).await?;
    tcp.write_all(body.as_bytes()).await?;
    tcp.shutdown().await
}

type ReadCall = Result<(String, String), Error>;

/// Reads one POST: its path and its body.
async fn read_call(tcp: &mut TcpStream) -> std::io::Result<ReadCall> {
    let mut buffer = Vec::new();
    let mut chunk = [0; 4_096];
    loop {
        let n = tcp.read(&mut chunk).await?;
        buffer.extend_from_slice(&chunk[..n]);
        match whole_call(&buffer) {
            Ok(Some(call)) => return Ok(Ok(call)),
            Ok(None) if n == 0 => return Ok(Err(Error::Request("it breaks off".into()))),
            Ok(None) => {}
            Err(e) => return Ok(Err(e)),
        }
    }
}

/// Path and body, once all of it is there.
fn whole_call(buffer: &[u8]) -> Result<Option<(String, String)>, Error> {
    let wrong = |why: &str| Error::Request(format!("HTTP: {why}"));
    if buffer.len() > REQUEST_MAX {
        return Err(wrong("too long"));
    }
    let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = core::str::from_utf8(&buffer[..end]).map_err(|_| wrong("head is not text"))?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or("").split(' ');
    let (Some("POST"), Some(path)) = (first.next(), first.next()) else {
        return Err(wrong("only POST is served"));
    };
    let length = lines
        .filter_map(|l| l.split_once(':'))
        .find(|(n, _)| n.eq_ignore_ascii_case("Content-Length"))
        .and_then(|(_, v)| v.trim().parse::<usize>().ok())
        .filter(|n| *n <= REQUEST_MAX)
        .ok_or_else(|| wrong("no Content-Length that is accepted"))?;
    let body = &buffer[end + 4..];
    if body.len() < length {
        return Ok(None);
    }
    let body = core::str::from_utf8(&body[..length]).map_err(|_| wrong("body is not UTF-8"))?;
    Ok(Some((path.to_owned(), body.to_owned())))
}

fn respond(stage: &Stage, at: SocketAddr, path: &str, xml: &str) -> Option<Answer> {
    let nowhere = || {
        Some(soap::fault(
            404,
            "ter:UnknownAction",
            "There is no camera here",
        ))
    };
    let mut parts = path.trim_start_matches('/').split('/');
    let (Some("onvif"), Some(name), Some(port), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return nowhere();
    };
    let port = match port {
        "device_service" => Port::Device,
        "media_service" => Port::Media,
        "media2_service" => Port::Media2,
        _ => return nowhere(),
    };
    let Some((camera, _)) = stage.paths.get(&format!("/cam/{name}")) else {
        return nowhere();
    };
    if camera.suffers(&CameraFault::Reboot) {
        return None;
    }
    let base = format!("http://{at}/onvif/{name}");
    let addresses = Addresses {
        device: device_url(at, camera),
        media: format!("{base}/media_service"),
        media2: format!("{base}/media2_service"),
        main: rtsp_url(stage.rtsp, camera, Track::Main),
        sub: rtsp_url(stage.rtsp, camera, Track::Sub),
    };
    Some(match Call::read(xml) {
        Ok(call) => soap::answer(camera, &*stage.clock, port, &call, &addresses),
        Err(e) => soap::fault(400, "ter:WellFormed", &e.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_call_is_read_when_all_of_it_is_there() {
        let text = b"POST /onvif/1/device_service HTTP/1.1\r\ncontent-length: 4\r\n\r\n<x/>";
        assert_eq!(whole_call(&text[..text.len() - 1]).unwrap(), None);
        let (path, body) = whole_call(text).unwrap().unwrap();
        assert_eq!(
            (path.as_str(), body.as_str()),
            ("/onvif/1/device_service", "<x/>")
        );
        assert!(whole_call(b"POST / HTTP/1.1\r\nContent-Length: 999999\r\n\r\n").is_err());
        assert!(whole_call(b"GET / HTTP/1.1\r\n\r\n").is_err());
    }

    proptest! {
        #[test]
        fn noise_is_refused_without_harm(noise in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = whole_call(&noise);
        }
    }
}
