//! Which addresses may be called. A subscriber writes an address; without rules it would be the
//! city that calls it, from within the city's own network. Never follows a redirect, and never
//! connects to another address than the one that was looked at.

use std::net::{IpAddr, SocketAddr};

use crate::subscription::Endpoint;

/// Addresses and hosts that notifications may go to. Nothing unless the operator says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    rules: Vec<Rule>,
}

/// One rule of the operator's.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    /// `anywhere`: all addresses of the public internet.
    Public,
    /// `loopback`: this machine.
    Loopback,
    /// `10.1.0.0/16`, `fd00::/8`: a network.
    Net(IpAddr, u8),
    /// `app.city.example`: this host, wherever its name leads but into this machine.
    Host(Box<str>),
    /// `*.city.example`: hosts below.
    Below(Box<str>),
}

/// An endpoint that may not be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{host} is not among the endpoints that notifications may go to")]
pub struct NotAllowed {
    /// Its host, or the address that its name led to.
    pub host: String,
}

impl Endpoints {
    /// Reads the operator's rules: `anywhere`, `loopback`, a network like `10.1.0.0/16`, a host,
    /// `*.` and a domain.
    ///
    /// # Errors
    /// The rule that does not read.
    pub fn read<'r>(rules: impl IntoIterator<Item = &'r str>) -> Result<Self, String> {
        let rules: Result<Vec<Rule>, String> = rules.into_iter().map(rule).collect();
        rules.map(|rules| Self { rules })
    }

    /// Whether an endpoint's host may be called at all; its address is looked at when it is.
    ///
    /// # Errors
    /// If no rule can allow it.
    pub fn check(&self, endpoint: &Endpoint) -> Result<(), NotAllowed> {
        let host = host(&endpoint.host);
        let good = match host.parse::<IpAddr>() {
            Ok(ip) => self.allows(host, ip),
            Err(_) => self.rules.iter().any(|rule| match rule {
                Rule::Host(_) | Rule::Below(_) => rule.names(host),
                // Where the name leads is known when it is called.
                Rule::Public | Rule::Loopback | Rule::Net(..) => true,
            }),
        };
        match good {
            true => Ok(()),
            false => Err(NotAllowed {
                host: host.to_owned(),
            }),
        }
    }

    /// Of the addresses that a host's name led to the first that may be called.
    ///
    /// # Errors
    /// If none may.
    pub fn choose(&self, host: &str, found: &[SocketAddr]) -> Result<SocketAddr, NotAllowed> {
        let host = self::host(host);
        let allowed = found.iter().find(|a| self.allows(host, a.ip()));
        allowed.copied().ok_or_else(|| NotAllowed {
            host: match found.first() {
                Some(address) => format!("{host} ({})", address.ip()),
                None => host.to_owned(),
            },
        })
    }

    fn allows(&self, host: &str, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        let kind = Kind::of(ip);
        self.rules.iter().any(|rule| match rule {
            Rule::Public => kind == Kind::Public,
            Rule::Loopback => kind == Kind::Loopback,
            Rule::Net(net, bits) => kind != Kind::Never && within(ip, *net, *bits),
            // A name that somebody else's server answers for must not lead into this machine.
            Rule::Host(_) | Rule::Below(_) => {
                matches!(kind, Kind::Public | Kind::Private) && rule.names(host)
            }
        })
    }
}

impl Rule {
    fn names(&self, host: &str) -> bool {
        match self {
            Self::Host(name) => host.eq_ignore_ascii_case(name),
            Self::Below(domain) => {
                let at = host.len().checked_sub(domain.len());
                at.is_some_and(|at| {
                    at > 1
                        && host.is_char_boundary(at)
                        && host[at..].eq_ignore_ascii_case(domain)
                        && host[..at].ends_with('.')
                })
            }
            _ => false,
        }
    }
}

fn rule(text: &str) -> Result<Rule, String> {
    let name = |t: &str| {
        !t.is_empty()
            && t.bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
    };
    if let Some((net, bits)) = text.split_once('/') {
        let ip = net.parse::<IpAddr>().ok();
        let bits = bits.parse::<u8>().ok();
        let most = |ip: &IpAddr| if ip.is_ipv4() { 32 } else { 128 };
        return match (ip, bits) {
            (Some(ip), Some(bits)) if bits <= most(&ip) => Ok(Rule::Net(ip, bits)),
            _ => Err(format!("`{text}` is no network")),
        };
    }
    match text {
        "anywhere" => Ok(Rule::Public),
        "loopback" => Ok(Rule::Loopback),
        _ => match (text.parse::<IpAddr>(), text.strip_prefix("*.")) {
            (Ok(ip), _) => Ok(Rule::Net(ip, if ip.is_ipv4() { 32 } else { 128 })),
            (_, Some(domain)) if name(domain) => Ok(Rule::Below(domain.into())),
            (_, None) if name(text) => Ok(Rule::Host(text.into())),
            _ => Err(format!(
                "`{text}` is none of: anywhere, loopback, a network, a host, `*.` and a domain"
            )),
        },
    }
}

/// An IPv6 address without its brackets, a name without its last dot.
fn host(text: &str) -> &str {
    let plain = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    plain.unwrap_or(text.strip_suffix('.').unwrap_or(text))
}

/// What sort of address it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Anybody's, on the internet.
    Public,
    /// Of somebody's own network (RFC 1918, RFC 4193, RFC 6598).
    Private,
    /// This machine.
    Loopback,
    /// Nobody's to be called: this network, its links (where clouds keep their secrets), groups.
    Never,
}

impl Kind {
    fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => {
                let o = ip.octets();
                if ip.is_loopback() {
                    Self::Loopback
                } else if ip.is_private() || (o[0] == 100 && o[1] & 0xc0 == 64) {
                    Self::Private
                } else if ip.is_link_local()
                    || ip.is_multicast()
                    || ip.is_broadcast()
                    || ip.is_documentation()
                    || o[0] == 0
                    || o[0] >= 240
                    || (o[0] == 192 && o[1] == 0 && o[2] == 0)
                    || (o[0] == 198 && o[1] & 0xfe == 18)
                {
                    Self::Never
                } else {
                    Self::Public
                }
            }
            IpAddr::V6(ip) => {
                let s = ip.segments();
                if ip.is_loopback() {
                    Self::Loopback
                } else if ip.is_unique_local() {
                    Self::Private
                } else if s[0] & 0xe000 == 0x2000 && !(s[0] == 0x2001 && s[1] == 0xdb8) {
                    // 6to4 and Teredo carry an IPv4 address of any sort.
                    match (s[0], s[1]) {
                        (0x2002, _) | (0x2001, 0) => Self::Never,
                        _ => Self::Public,
                    }
                } else {
                    Self::Never
                }
            }
        }
    }
}

fn within(ip: IpAddr, net: IpAddr, bits: u8) -> bool {
    let differ = match (ip, net) {
        (IpAddr::V4(a), IpAddr::V4(b)) => u128::from(a.to_bits() ^ b.to_bits()) << 96,
        (IpAddr::V6(a), IpAddr::V6(b)) => a.to_bits() ^ b.to_bits(),
        _ => return false,
    };
    bits == 0 || differ >> (128 - u32::from(bits)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(rules: &[&str], host: &str, ip: &str) -> bool {
        let rules = Endpoints::read(rules.iter().copied()).expect("rules");
        let address = SocketAddr::new(ip.parse().expect("an address"), 80);
        rules.choose(host, &[address]).is_ok()
    }

    #[test]
    fn nothing_is_called_that_the_operator_did_not_name() {
        for (rules, host, ip, good) in [
            (&[][..], "a.example", "93.184.216.34", false),
            (&["anywhere"], "a.example", "93.184.216.34", true),
            (&["anywhere"], "a.example", "2606:2800:220:1::1", true),
            (&["anywhere"], "a.example", "10.0.0.1", false),
            (&["anywhere"], "a.example", "169.254.169.254", false),
            (&["anywhere"], "a.example", "127.0.0.1", false),
            (&["anywhere"], "a.example", "::ffff:127.0.0.1", false),
            (&["anywhere"], "a.example", "0.0.0.0", false),
            (&["anywhere"], "a.example", "100.64.0.1", false),
            (&["anywhere"], "a.example", "64:ff9b::a00:1", false),
            (&["anywhere"], "a.example", "2002:7f00:1::", false),
            (&["anywhere"], "a.example", "fe80::1", false),
            (&["loopback"], "localhost", "127.0.0.1", true),
            (&["loopback"], "localhost", "::1", true),
            (&["loopback"], "a.example", "10.0.0.1", false),
            (&["10.1.0.0/16"], "a.example", "10.1.2.3", true),
            (&["10.1.0.0/16"], "a.example", "10.2.2.3", false),
            (&["0.0.0.0/0"], "a.example", "169.254.169.254", false),
            (&["app.city"], "app.city", "10.9.9.9", true),
            (&["app.city"], "APP.city.", "10.9.9.9", true),
            (&["app.city"], "app.city", "127.0.0.1", false),
            (&["app.city"], "evil.example", "10.9.9.9", false),
            (&["*.city"], "b.app.city", "10.9.9.9", true),
            (&["*.city"], "evilcity", "10.9.9.9", false),
            (&["*.city"], "city", "10.9.9.9", false),
            (&["fd00::/8"], "x", "fd12::1", true),
            (&["10.0.0.7"], "x", "10.0.0.7", true),
        ] {
            assert_eq!(chosen(rules, host, ip), good, "{rules:?} {host} {ip}");
        }
        for bad in ["10.0.0.0/33", "a b", "", "*.", "http://x", "x:80"] {
            assert!(Endpoints::read([bad]).is_err(), "{bad}");
        }
    }
}
