//! Connections of strangers, bounded: how many at once, how many of one address, how long one may
//! take to ask. What they use up (files, memory) the recorder needs too. Never looks into a call.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::serve::Listener;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use loggia_api::Peer;
use tokio::sync::{Semaphore, watch};
use tower::util::MapRequest;

/// The bounds.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Connections at once; a further one waits in the kernel's queue.
    pub at_once: usize,
    /// Connections of one address but loopback (where a city's own proxy may stand); a further one
    /// is closed.
    pub of_one: usize,
    /// A call's head must have come by then; a kept connection is closed after as long in silence.
    pub head_within: Duration,
}

/// A city's control room, desks and visitors keep some hundred pages open; 1,024 connections are
/// 1,024 of the 20,000 files that the service may open, the rest is the recorder's.
pub const GUESTS: Bounds = Bounds {
    at_once: 1_024,
    of_one: 128,
    head_within: Duration::from_secs(15),
};

/// Who is connected, by address.
#[derive(Default)]
pub struct Book(Mutex<HashMap<IpAddr, usize>>);

/// One connection's line in the book.
pub struct Guest(Arc<Book>, IpAddr);

impl Book {
    /// A place for one more connection of this address, given back when it is dropped.
    pub fn admit(self: &Arc<Self>, from: IpAddr, of_one: usize) -> Option<Guest> {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = book.entry(from).or_default();
        if *count >= of_one && !from.is_loopback() {
            return None;
        }
        *count += 1;
        Some(Guest(Arc::clone(self), from))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut book = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = book.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                book.remove(&self.1);
            }
        }
    }
}

/// Serves `app` to whoever `listener` accepts, until told to stop; then lets open calls finish.
pub async fn serve<L>(mut listener: L, app: Router, bounds: Bounds, stopped: watch::Receiver<bool>)
where
    L: Listener<Addr = SocketAddr>,
{
    let places = Arc::new(Semaphore::new(bounds.at_once));
    let (book, open) = (Arc::<Book>::default(), GracefulShutdown::new());
    let mut http = Builder::new(TokioExecutor::new()).http1_only();
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head_within);
    let accept = async {
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            let (stream, peer) = listener.accept().await;
            let Some(guest) = book.admit(peer.ip(), bounds.of_one) else {
                continue;
            };
            let known = MapRequest::new(app.clone(), with_peer(peer.ip()));
            let service = TowerToHyperService::new(known);
            let connection = http.serve_connection(TokioIo::new(stream), service);
            let connection = open.watch(connection.into_owned());
            tokio::spawn(async move {
                // Why a stranger's connection broke is of no interest.
                let _ = connection.await;
                drop((guest, place));
            });
        }
    };
    let mut told = stopped;
    tokio::select! {
        () = accept => {}
        _ = told.wait_for(|stop| *stop) => {}
    }
    open.shutdown().await;
}

/// A room may ask which network a call comes from ([`loggia_api::network`]).
fn with_peer<B>(peer: IpAddr) -> impl Clone + Fn(Request<B>) -> Request<B> {
    move |mut call| {
        call.extensions_mut().insert(Peer(peer));
        call
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    #[tokio::test]
    async fn a_head_that_never_ends_and_a_full_house_keep_nobody_out_for_long() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let bounds = Bounds {
            at_once: 2,
            head_within: Duration::from_millis(200),
            ..GUESTS
        };
        let app = Router::new().route("/", get(|| async { "open" }));
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(serve(listener, app, bounds, stopped));
        let mut slow = Vec::new();
        for _ in 0..8 {
            let mut stream = TcpStream::connect(at).await.unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
            slow.push(stream);
        }
        let mut good = TcpStream::connect(at).await.unwrap();
        good.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        good.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("open"), "{answer}");
        for mut stream in slow {
            let mut rest = Vec::new();
            // Ends (with or without a word): the server has closed it.
            let _ = stream.read_to_end(&mut rest).await;
        }
        stop.send(true).unwrap();
        serving.await.unwrap();
    }

    #[test]
    fn one_address_takes_its_share_and_gives_it_back() {
        let book = Arc::<Book>::default();
        let far: IpAddr = "192.0.2.7".parse().unwrap();
        let first = book.admit(far, 2).unwrap();
        let _second = book.admit(far, 2).unwrap();
        assert!(book.admit(far, 2).is_none());
        assert!(book.admit("192.0.2.8".parse().unwrap(), 2).is_some());
        drop(first);
        assert!(book.admit(far, 2).is_some());
        let here: IpAddr = "127.0.0.1".parse().unwrap();
        let all: Vec<_> = (0..9).map(|_| book.admit(here, 2)).collect();
        assert!(all.iter().all(Option::is_some));
    }
}
