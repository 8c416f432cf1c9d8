//! RTSP 1.0 messages (RFC 2326): requests read from a bounded buffer, responses written.
//! Never touches a socket.

use crate::Error;

/// Longest request head: the longest real ones are under 2 KiB.
pub(crate) const HEAD_MAX: usize = 16 * 1024;
/// Longest request body; bodies are skipped.
pub(crate) const BODY_MAX: usize = 64 * 1024;

/// A request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub method: String,
    pub url: String,
    headers: Vec<(String, String)>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, v)| v.as_str())
    }

    /// The path of the URL without query, trailing slash and `trackID=` segment; and the track.
    pub(crate) fn place(&self) -> (String, u8) {
        let path = match self.url.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("", |i| &rest[i..]),
            None => self.url.as_str(),
        };
        let path = path
            .split(['?', '#'])
            .next()
            .unwrap_or("")
            .trim_end_matches('/');
        match path.rsplit_once("/trackID=") {
            Some((stream, "2")) => (stream.to_owned(), 2),
            Some((stream, _)) => (stream.to_owned(), 1),
            None => (path.to_owned(), 1),
        }
    }
}

/// What the front of a buffer holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Not enough yet.
    More,
    /// So many bytes of interleaved data (the client's RTCP), which are skipped.
    Interleaved(usize),
    /// A request, and how many bytes it takes.
    Asked(Request, usize),
}

/// Reads the front of `buffer`.
pub(crate) fn hear(buffer: &[u8]) -> Result<Heard, Error> {
    if let Some(b'$') = buffer.first() {
        let Some(&[_, _, hi, lo]) = buffer.first_chunk() else {
            return Ok(Heard::More);
        };
        let whole = 4 + usize::from(u16::from_be_bytes([hi, lo]));
        let here = buffer.len() >= whole;
        return Ok(if here {
            Heard::Interleaved(whole)
        } else {
            Heard::More
        });
    }
    let Some(end) = buffer
        .windows(4)
        .take(HEAD_MAX)
        .position(|w| w == b"\r\n\r\n")
    else {
        let long = buffer.len() >= HEAD_MAX;
        return if long {
            Err(Error::Request("head too long".into()))
        } else {
            Ok(Heard::More)
        };
    };
    let head = core::str::from_utf8(&buffer[..end])
        .map_err(|_| Error::Request("head is not text".into()))?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or("").split(' ');
    let (Some(method), Some(url), Some("RTSP/1.0")) = (first.next(), first.next(), first.next())
    else {
        return Err(Error::Request("not an RTSP/1.0 request".into()));
    };
    let headers: Vec<_> = lines
        .filter_map(|l| l.split_once(':'))
        .map(|(n, v)| (n.trim().to_owned(), v.trim().to_owned()))
        .collect();
    let request = Request {
        method: method.to_owned(),
        url: url.to_owned(),
        headers,
    };
    let body = match request.header("Content-Length") {
        None => 0,
        Some(n) => n.parse().ok().filter(|n| *n <= BODY_MAX).ok_or_else(|| {
            Error::Request(format!("Content-Length {n}; at most {BODY_MAX} are read"))
        })?,
    };
    let whole = end + 4 + body;
    Ok(if buffer.len() >= whole {
        Heard::Asked(request, whole)
    } else {
        Heard::More
    })
}

/// A response: status line, CSeq of the request, further header lines, body.
pub(crate) fn answer(status: &str, to: &Request, headers: &[String], body: &str) -> Vec<u8> {
    let mut text = format!("RTSP/1.0 {status}\r\n");
    if let Some(cseq) = to.header("CSeq") {
        text += &format!("CSeq: {cseq}\r\n");
    }
    for line in headers {
        text += line;
        text += "\r\n";
    }
    if !body.is_empty() {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    text += "\r\n";
    text += body;
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn requests_and_the_clients_rtcp_are_told_apart() {
        let text = b"DESCRIBE rtsp://h:554/cam/0001/sub/trackID=2?x RTSP/1.0\r\nCSeq: 3\r\n\r\n";
        let Heard::Asked(request, whole) = hear(text).unwrap() else {
            panic!()
        };
        assert_eq!(whole, text.len());
        assert_eq!(request.place(), ("/cam/0001/sub".into(), 2));
        assert_eq!(request.header("cseq"), Some("3"));
        assert_eq!(hear(b"$\x01\0\x02ab").unwrap(), Heard::Interleaved(6));
        assert_eq!(hear(b"$\x01\0\x02a").unwrap(), Heard::More);
        assert!(hear(b"GET / HTTP/1.1\r\n\r\n").is_err());
        assert!(hear(&[b'a'; HEAD_MAX]).is_err());
    }

    proptest! {
        #[test]
        fn noise_is_refused_without_harm(noise in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = hear(&noise);
            let mut text = b"PLAY x RTSP/1.0\r\n".to_vec();
            text.extend(noise);
            text.extend(b"\r\n\r\n");
            let _ = hear(&text);
        }
    }
}
