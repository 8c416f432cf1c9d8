//! Alerts by e-mail through the city's own mail server, one message for each person.
//! Never tells one person another's address, and never sends a password without TLS off this
//! machine.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{SmtpTransport, Transport};
use loggia_model::PersonId;
use zeroize::Zeroizing;

use super::courier::Failure;
use super::{Alert, AlertStage, CARRY_WAIT};
use crate::Error;

/// Answers that mean that this address will not do, now or later (RFC 5321 section 4.2.3).
const NO_SUCH_BOX: [u16; 3] = [550, 551, 553];

/// How the way to the mail server is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// TLS from the first byte (RFC 8314; port 465).
    Implicit,
    /// TLS after STARTTLS, which the server must offer (RFC 3207; port 587 or 25).
    StartTls,
    /// None: the server is on this machine.
    Loopback,
}

/// Name and password at the mail server.
#[derive(Clone)]
pub struct Login {
    /// Name.
    pub user: String,
    /// Password.
    pub password: Zeroizing<String>,
}

impl core::fmt::Debug for Login {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Login")
    }
}

/// The city's mail server, and where people get their mail.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Its name or address.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is kept private.
    pub tls: MailTls,
    /// Certificates that it may show, or that of their authority (PEM); no others are trusted.
    pub ca: Option<Vec<u8>>,
    /// For servers that ask for it.
    pub login: Option<Login>,
    /// Sender.
    pub from: String,
    /// Where people of the roster get their mail.
    pub to: BTreeMap<PersonId, String>,
}

/// A checked [`Mail`].
pub(crate) struct Postbox {
    transport: SmtpTransport,
    from: Mailbox,
    to: BTreeMap<PersonId, Mailbox>,
}

impl Postbox {
    /// # Errors
    /// [`Error::Invalid`] with what to set.
    pub(crate) fn new(mail: &Mail) -> Result<Self, Error> {
        let bad = |why: &str| Error::Invalid(format!("alerts by e-mail: {why}"));
        let address = |text: &str| -> Result<Mailbox, Error> {
            text.parse()
                .map_err(|_| bad(&format!("`{text}` is not an address")))
        };
        let tls = match (mail.tls, &mail.ca) {
            (MailTls::Loopback, _) if super::is_this_machine(&mail.server) => Tls::None,
            (MailTls::Loopback, _) => {
                return Err(bad("`loopback` is for a server on this machine alone"));
            }
            (_, None) => return Err(bad("TLS needs `ca`, the certificate's authority")),
            (how, Some(pem)) => {
                let certs = Certificate::from_pem(pem).map_err(|_| bad("`ca` does not read"))?;
                let parameters = TlsParameters::builder(mail.server.clone())
                    .certificate_store(CertificateStore::None)
                    .add_root_certificate(certs)
                    .build_rustls()
                    .map_err(|_| bad("`ca` holds no certificate that can be used"))?;
                if how == MailTls::Implicit {
                    Tls::Wrapper(parameters)
                } else {
                    Tls::Required(parameters)
                }
            }
        };
        let from = address(&mail.from)?;
        let mut transport = SmtpTransport::builder_dangerous(mail.server.as_str())
            .port(mail.port)
            .tls(tls)
            .timeout(Some(CARRY_WAIT))
            .hello_name(ClientId::Domain(from.email.domain().to_owned()));
        if let Some(Login { user, password }) = &mail.login {
            let password = password.as_str().to_owned();
            transport = transport.credentials(Credentials::new(user.clone(), password));
        }
        let boxes = mail.to.iter().map(|(p, a)| Ok((p.clone(), address(a)?)));
        Ok(Self {
            transport: transport.build(),
            from,
            to: boxes.collect::<Result<_, Error>>()?,
        })
    }

    /// Whether the person can be reached by mail.
    pub(crate) fn knows(&self, person: &PersonId) -> bool {
        self.to.contains_key(person)
    }

    /// Hands over one person's message.
    pub(crate) fn carry(&self, alert: &Alert, person: &PersonId) -> Result<(), Failure> {
        let message = self
            .message(alert, person)
            .ok_or_else(|| Failure::Never("the message could not be written".to_owned()))?;
        let sent = self.transport.send(&message);
        // The server's own words are not told: they can name addresses.
        sent.map(drop).map_err(|e| match e.status().map(u16::from) {
            Some(code) if NO_SUCH_BOX.contains(&code) => {
                Failure::Never(format!("the mail server answers {code}"))
            }
            Some(code) => Failure::Later(format!("the mail server answers {code}")),
            None if e.is_timeout() => Failure::Later("it does not answer in time".to_owned()),
            None if e.is_tls() || of_tls(&e) => Failure::Later("TLS failed".to_owned()),
            None => Failure::Later("it cannot be reached".to_owned()),
        })
    }

    fn message(&self, alert: &Alert, person: &PersonId) -> Option<Message> {
        let at = u64::try_from(alert.at.0).ok()?;
        // The same alert has the same id however often it is tried: a mail server shows it once.
        let id = format!(
            "<{}.{}.{}.{person}@{}>",
            alert.request,
            alert.stage.word(),
            alert.rank,
            self.from.email.domain()
        );
        let automatic = HeaderName::new_from_ascii("Auto-Submitted".to_owned()).ok()?;
        Message::builder()
            .from(self.from.clone())
            .to(self.to.get(person)?.clone())
            .subject(subject(alert))
            .date(SystemTime::UNIX_EPOCH + Duration::from_micros(at))
            .message_id(Some(id))
            // RFC 3834: no out-of-office answer comes back.
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(text(alert))
            .ok()
    }
}

/// Whether an input or output error hides one of TLS, such as a certificate that is not trusted.
fn of_tls(e: &lettre::transport::smtp::Error) -> bool {
    let mut cause = std::error::Error::source(e);
    while let Some(error) = cause {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|e| e.get_ref().is_some_and(|e| e.is::<rustls::Error>())) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn wanted(stage: AlertStage) -> &'static str {
    match stage {
        AlertStage::Approve => "a decision is wanted",
        AlertStage::ReleasePolice => "a release by the police group is wanted",
        AlertStage::ReleaseOversight => "a release by the oversight group is wanted",
        AlertStage::Test => "this is a test, nothing is wanted",
    }
}

fn subject(alert: &Alert) -> String {
    let danger = if alert.danger_to_life {
        "DANGER TO LIFE: "
    } else {
        ""
    };
    format!("Loggia: {danger}{}", wanted(alert.stage))
}

/// What a message says: nothing that the public log does not say too.
fn text(alert: &Alert) -> String {
    let again = match alert.rank {
        0 => "",
        _ => "Nobody has answered an earlier call.\n",
    };
    format!(
        "{}.\n{again}\nRequest:  {}\nUntil:    {}\n\nOpen your desk to see it and to answer. \
         This message carries no link on purpose.\n",
        subject(alert),
        alert.request,
        alert.deadline,
    )
}
