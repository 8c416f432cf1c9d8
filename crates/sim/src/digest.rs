//! HTTP Digest authentication as cameras do it: MD5, with or without `qop=auth` (RFC 7616; RFC
//! 2617; RFC 2326 §D). Never offers Basic and never keeps a password beyond its configuration.

use md5::{Digest as _, Md5};

/// The realm that is told in the challenge.
pub(crate) const REALM: &str = "Loggia simulator";

/// A camera's account.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
}

impl core::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "Credentials {{ username: {:?}, password: … }}",
            self.username
        )
    }
}

pub(crate) fn challenge(nonce: &str) -> String {
    format!("Digest realm=\"{REALM}\", nonce=\"{nonce}\", algorithm=MD5, qop=\"auth\"")
}

/// Whether `header` (the value of `Authorization`) proves `known` for this request.
pub(crate) fn proves(
    header: &str,
    known: &Credentials,
    method: &str,
    url: &str,
    nonce: &str,
) -> bool {
    let Some(fields) = header.trim_start().strip_prefix("Digest ").map(fields) else {
        return false;
    };
    let field = |name: &str| {
        let found = fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map_or("", |(_, v)| v.as_str())
    };
    if field("username") != known.username || field("nonce") != nonce || field("uri") != url {
        return false;
    }
    let ha1 = md5_hex(&format!(
        "{}:{}:{}",
        known.username,
        field("realm"),
        known.password
    ));
    let ha2 = md5_hex(&format!("{method}:{url}"));
    let expected = match field("qop") {
        "" => md5_hex(&format!("{ha1}:{nonce}:{ha2}")),
        qop => {
            let (nc, cnonce) = (field("nc"), field("cnonce"));
            md5_hex(&format!("{ha1}:{nonce}:{nc}:{cnonce}:{qop}:{ha2}"))
        }
    };
    field("realm") == REALM && expected.eq_ignore_ascii_case(field("response"))
}

fn md5_hex(text: &str) -> String {
    hex::encode(Md5::digest(text.as_bytes()))
}

/// `name=value` pairs, values quoted or not, between commas.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([' ', ',', '\t']).to_owned();
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        out.push((name, value.trim().to_owned()));
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_rfc_2617_without_qop_and_with_a_wrong_password() {
        let known = Credentials {
            username: "admin".into(),
            password: "12345".into(),
        };
        let (url, nonce) = ("rtsp://10.0.0.1/cam/0001", "abc");
        let ha1 = md5_hex(&format!("admin:{REALM}:12345"));
        let ha2 = md5_hex(&format!("DESCRIBE:{url}"));
        let answer = md5_hex(&format!("{ha1}:{nonce}:{ha2}"));
        let header = format!(
            "Digest username=\"admin\", realm=\"{REALM}\", nonce=\"{nonce}\", uri=\"{url}\", \
             response=\"{answer}\""
        );
        assert!(proves(&header, &known, "DESCRIBE", url, nonce));
        assert!(!proves(&header, &known, "PLAY", url, nonce));
        assert!(!proves(&header, &known, "DESCRIBE", url, "other"));
        let other = Credentials {
            password: "1234".into(),
            ..known
        };
        assert!(!proves(&header, &other, "DESCRIBE", url, nonce));
        assert!(!proves(
            "Basic YWRtaW46MTIzNDU=",
            &other,
            "DESCRIBE",
            url,
            nonce
        ));
    }
}
