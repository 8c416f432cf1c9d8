//! One client's connection, shared by who answers its requests and who sends it media.
//! Never waits: what the client does not take is kept, up to a bound.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use rustix::net::Shutdown;
use tokio::net::TcpStream;

/// What may wait for a slow client before frames are left out: 2 s of 4 Mbit/s.
pub(crate) const BACKLOG_MAX: usize = 1024 * 1024;

/// Whether bytes are still waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backlog {
    Empty,
    Waiting,
    Full,
}

#[derive(Debug)]
pub(crate) struct Outlet {
    pub tcp: TcpStream,
    waiting: Mutex<Waiting>,
    closed: AtomicBool,
    ended: AtomicBool,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    from: usize,
}

impl Outlet {
    pub(crate) fn new(tcp: TcpStream) -> Self {
        Self {
            tcp,
            waiting: Mutex::default(),
            closed: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        }
    }

    /// Writes `bytes`, keeping what the client does not take.
    pub(crate) fn write(&self, bytes: &[u8]) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if self.flush_locked(&mut waiting) == Backlog::Empty {
            let taken = self.offer(bytes);
            waiting.bytes.extend_from_slice(&bytes[taken..]);
        } else {
            waiting.bytes.extend_from_slice(bytes);
        }
    }

    /// Tries to write what is waiting.
    pub(crate) fn flush(&self) -> Backlog {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        self.flush_locked(&mut waiting)
    }

    fn flush_locked(&self, waiting: &mut Waiting) -> Backlog {
        if waiting.bytes.is_empty() {
            return Backlog::Empty;
        }
        waiting.from += self.offer(&waiting.bytes[waiting.from..]);
        let left = waiting.bytes.len() - waiting.from;
        if left == 0 {
            *waiting = Waiting::default();
            return Backlog::Empty;
        }
        if waiting.from > BACKLOG_MAX {
            waiting.bytes.drain(..waiting.from);
            waiting.from = 0;
        }
        if left > BACKLOG_MAX {
            Backlog::Full
        } else {
            Backlog::Waiting
        }
    }

    /// How much of `bytes` the socket takes now.
    fn offer(&self, bytes: &[u8]) -> usize {
        if self.ended.load(Relaxed) {
            return bytes.len();
        }
        let mut taken = 0;
        while taken < bytes.len() && !self.closed() {
            match self.tcp.try_write(&bytes[taken..]) {
                Ok(0) => self.close(),
                Ok(n) => taken += n,
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(_) => self.close(),
            }
        }
        taken
    }

    /// Ends the connection; bytes that wait are lost.
    pub(crate) fn close(&self) {
        if !self.closed.swap(true, Relaxed) {
            // Fails only if the other side was first.
            let _ = rustix::net::shutdown(&self.tcp, Shutdown::Both);
        }
    }

    /// Says that nothing more comes; the client still gets all that was written, which a full
    /// close with its unread reports in the buffer would cut off (RFC 9293 §3.6.1).
    pub(crate) fn end(&self) {
        if !self.ended.swap(true, Relaxed) {
            let _ = rustix::net::shutdown(&self.tcp, Shutdown::Write);
        }
    }

    pub(crate) fn closed(&self) -> bool {
        self.closed.load(Relaxed)
    }
}
