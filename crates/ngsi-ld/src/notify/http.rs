//! A notification by HTTP/1.1: one POST, its answer's status, and the connection kept for the next
//! (clause 6.3.9). Never reads more of an answer than its beginning, and never follows a redirect.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;

use super::connect::Connect;
use super::job::{Failure, FailureKind};
use super::limits::ANSWER_BYTES_MAX;
use crate::subscription::{Endpoint, Message};

/// A connection that waits for the next request.
pub(super) struct Kept(SendRequest<Full<Bytes>>);

impl Kept {
    pub fn is_open(&self) -> bool {
        !self.0.is_closed()
    }
}

/// Sends a notification, over the connection that is there if it still stands.
pub(super) async fn send(
    connect: &Connect,
    kept: Option<Kept>,
    endpoint: &Endpoint,
    message: &Message,
) -> Result<Option<Kept>, Failure> {
    if let Some(Kept(mut sender)) = kept
        && sender.ready().await.is_ok()
    {
        match sender.send_request(request(endpoint, message)?).await {
            Ok(response) => return answer(response, sender).await,
            // The receiver closed it while it was idle, which says nothing of this notification:
            // a POST that was perhaps taken is sent again, and has the same id.
            Err(e) => {
                tracing::debug!(error = %e, uri = &*endpoint.uri, "a kept connection was gone")
            }
        }
    }
    let stream = connect.open(endpoint).await?;
    let opened = handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = opened.map_err(Failure::unavailable)?;
    tokio::spawn(async move {
        // What it says is said to the request as well.
        let _ = connection.await;
    });
    let response = sender.send_request(request(endpoint, message)?).await;
    answer(response.map_err(Failure::unavailable)?, sender).await
}

fn request(endpoint: &Endpoint, message: &Message) -> Result<Request<Full<Bytes>>, Failure> {
    let path = if endpoint.path.is_empty() {
        "/"
    } else {
        &endpoint.path
    };
    let host = match endpoint.port {
        80 | 443 => endpoint.host.to_string(),
        port => format!("{}:{port}", endpoint.host),
    };
    let mut request = Request::post(path).header("host", host);
    for (name, value) in &message.lines {
        request = request.header(&**name, &**value);
    }
    let body = Full::new(Bytes::copy_from_slice(&message.body));
    // Its parts were looked at when the subscription was read.
    request.body(body).map_err(|e| Failure {
        kind: FailureKind::Refused,
        ..Failure::unavailable(e)
    })
}

async fn answer(
    response: Response<hyper::body::Incoming>,
    sender: SendRequest<Full<Bytes>>,
) -> Result<Option<Kept>, Failure> {
    let (status, retry_after) = (response.status(), retry_after(&response));
    let mut body = response.into_body();
    let mut read = 0;
    let mut whole = true;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => read += frame.data_ref().map_or(0, Bytes::len),
            Err(_) => whole = false,
        }
        if read > ANSWER_BYTES_MAX || !whole {
            whole = false;
            break;
        }
    }
    if status.is_success() {
        return Ok(whole.then_some(Kept(sender)));
    }
    Err(Failure {
        kind: kind(status),
        retry_after,
        why: format!("the receiver answered {status}"),
    })
}

/// Whether a status is about the receiver or about this one notification (RFC 9110, 15.5): what
/// says that the place, the sender or the moment is wrong may be put right.
fn kind(status: StatusCode) -> FailureKind {
    let passing = [401, 402, 403, 404, 407, 408, 410, 421, 425, 429];
    match status.is_client_error() && !passing.contains(&status.as_u16()) {
        true => FailureKind::Refused,
        false => FailureKind::Unavailable,
    }
}

/// `Retry-After` in seconds (RFC 9110, 10.2.3); a date is passed over.
fn retry_after<B>(response: &Response<B>) -> Option<Duration> {
    let value = response.headers().get("retry-after")?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}
