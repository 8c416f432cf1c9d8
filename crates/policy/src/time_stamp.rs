//! Time from a time-stamping authority (RFC 3161) over a bundle's hash. The token's signature is
//! for whoever checks the bundle (`openssl ts -verify`); here only that the reply answers the
//! question.

use core::time::Duration;

use loggia_model::Digest;

use crate::Error;
use crate::wire::random;

/// An authority that does not answer by then gives no time; the export is logged all the same.
const WAIT: Duration = Duration::from_secs(10);
/// Longest reply: a token with its certificates is under 10 kB.
const REPLY_BYTES_MAX: u64 = 64 * 1024;

/// `TimeStampReq` (RFC 3161 section 2.4.1) up to the hash: version 1, SHA-256
/// (2.16.840.1.101.3.4.2.1).
const BEFORE_HASH: [u8; 24] = [
    0x30, 0x43, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
    0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
];

/// Asks the authority at `url` for a `TimeStampResp` (DER) over `hash`.
///
/// # Errors
/// [`Error::Busy`] when it does not answer, refuses, or answers something else.
pub(crate) fn stamp(url: &str, hash: &Digest) -> Result<Vec<u8>, Error> {
    let mut nonce: [u8; 8] = random()?;
    // A positive INTEGER of exactly eight bytes.
    nonce[0] = (nonce[0] & 0x7f) | 0x40;
    let no = |why: &str| Error::Busy(format!("the time authority {why}"));
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(WAIT))
        .max_redirects(0)
        .proxy(None)
        .build();
    let mut answer = ureq::Agent::new_with_config(config)
        .post(url)
        .header("content-type", "application/timestamp-query")
        .send(&query(hash, nonce)[..])
        .map_err(|_| no("does not answer"))?;
    let reply = answer
        .body_mut()
        .with_config()
        .limit(REPLY_BYTES_MAX)
        .read_to_vec()
        .map_err(|_| no("broke off its answer"))?;
    if answers(&reply, hash, nonce) {
        Ok(reply)
    } else {
        Err(no("answered something else"))
    }
}

/// The question: hash, nonce, and the authority's certificate wanted in the token.
fn query(hash: &Digest, nonce: [u8; 8]) -> Vec<u8> {
    let (integer, cert_wanted) = ([0x02, 0x08], [0x01, 0x01, 0xff]);
    [&BEFORE_HASH[..], &hash.0, &integer, &nonce, &cert_wanted].concat()
}

/// Whether a reply (RFC 3161 `TimeStampResp`, DER) is granted (`PKIStatus` 0 or 1) and speaks of
/// this hash and nonce.
#[must_use]
pub fn answers(reply: &[u8], hash: &Digest, nonce: [u8; 8]) -> bool {
    let Some(inside) = sequence(reply) else {
        return false;
    };
    let granted = sequence(inside).is_some_and(|status| matches!(status, [2, 1, 0 | 1, ..]));
    let holds = |part: &[u8]| reply.windows(part.len()).any(|w| w == part);
    granted && holds(&hash.0) && holds(&nonce)
}

/// The contents of the DER SEQUENCE at the start of `der`.
fn sequence(der: &[u8]) -> Option<&[u8]> {
    let (&[tag, first], rest) = der.split_first_chunk::<2>()?;
    if tag != 0x30 {
        return None;
    }
    let (len, rest) = match usize::from(first) {
        short @ 0..=0x7f => (short, rest),
        long @ 0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(long - 0x80)?;
            (
                digits.iter().fold(0, |n, d| (n << 8) | usize::from(*d)),
                rest,
            )
        }
        _ => return None,
    };
    rest.get(..len)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::path::Path;
    use std::process::Command;

    use super::*;

    fn openssl(dir: &Path, words: &[&str]) {
        let out = Command::new("openssl")
            .args(words)
            .current_dir(dir)
            .output();
        let out = out.expect("openssl is missing: `make test` installs it");
        assert!(
            out.status.success(),
            "{words:?}: {}",
            String::from_utf8_lossy(&out.stderr)
        );
    }

    /// One reply of a real authority: openssl behind a socket.
    fn authority(dir: &Path) -> String {
        let config = "[tsa]\ndefault_tsa = t\n[t]\nserial = serial\ncrypto_device = builtin\n\
            signer_cert = tsa.pem\ncerts = tsa.pem\nsigner_key = tsa.key\nsigner_digest = sha256\n\
            default_policy = 1.2.3.4\ndigests = sha256\naccuracy = secs:1\n";
        std::fs::write(dir.join("tsa.cnf"), config).unwrap();
        openssl(
            dir,
            &[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                "tsa.key",
                "-out",
                "tsa.pem",
                "-days",
                "2",
                "-subj",
                "/CN=tsa",
                "-addext",
                "extendedKeyUsage=critical,timeStamping",
            ],
        );
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let dir = dir.to_owned();
        std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut call = Vec::new();
            let mut part = [0; 4096];
            // The question has 69 bytes and comes after the head's empty line.
            let body = loop {
                let n = socket.read(&mut part).unwrap();
                call.extend_from_slice(&part[..n]);
                let head = call.windows(4).position(|w| w == b"\r\n\r\n");
                if let Some(at) = head.filter(|at| call.len() >= at + 4 + 69) {
                    break call[at + 4..].to_vec();
                }
            };
            std::fs::write(dir.join("query"), body).unwrap();
            openssl(
                &dir,
                &[
                    "ts",
                    "-reply",
                    "-config",
                    "tsa.cnf",
                    "-queryfile",
                    "query",
                    "-out",
                    "reply",
                ],
            );
            let reply = std::fs::read(dir.join("reply")).unwrap();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", reply.len());
            socket
                .write_all(&[head.as_bytes(), &reply].concat())
                .unwrap();
        });
        url
    }

    #[test]
    fn a_real_authority_stamps_and_openssl_verifies() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        let hash = Digest([7; 32]);
        let reply = stamp(&authority(dir), &hash).unwrap();
        std::fs::write(dir.join("token"), &reply).unwrap();
        let hex = hash.to_string();
        openssl(
            dir,
            &[
                "ts", "-verify", "-digest", &hex, "-in", "token", "-CAfile", "tsa.pem",
            ],
        );
        assert!(
            !answers(&reply, &Digest([8; 32]), [0x40; 8]),
            "another hash's reply is refused"
        );
    }

    #[test]
    fn a_refusal_and_an_absent_authority_are_said() {
        let hash = Digest([7; 32]);
        let refused = [
            [0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02].as_slice(),
            &hash.0,
        ]
        .concat();
        assert!(!answers(&refused, &hash, [0; 8]));
        assert!(!answers(&[0x30, 0x84], &hash, [0; 8]));
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let gone = stamp(&format!("http://{free}"), &hash).unwrap_err();
        assert!(gone.to_string().contains("time authority"), "{gone}");
    }
}
