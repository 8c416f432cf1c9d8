//! What can be wrong with a request's data, and the problem details that a caller is told
//! (clause 5.5.2, table 6.3.2-1). Never holds more of the input than the place of the fault.

use thiserror::Error as ThisError;

use crate::json::Json;

/// Why a document, an entity or a change is not taken.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum Error {
    /// The body is no JSON, or not the kind of JSON that the operation takes.
    #[error("{0}")]
    InvalidRequest(String),
    /// The data break a rule of the information model.
    #[error("{}{what}", place(at))]
    BadData {
        /// The member, as a path of the names that were sent; empty for the whole document.
        at: String,
        /// Which rule, and what would be right.
        what: String,
    },
    /// There is no such entity, attribute or instance.
    #[error("{0}")]
    NotFound(String),
    /// It exists already.
    #[error("{0}")]
    AlreadyExists(String),
    /// An @context by URL is not at hand; the caller fetches it, or answers 504.
    #[error("the @context {url} is not available")]
    ContextMissing {
        /// Which document.
        url: String,
    },
    /// An @context does not read (JSON-LD 1.1, context processing).
    #[error("@context: {0}")]
    ContextInvalid(String),
    /// An @context by URL could not be fetched in time, or at all.
    #[error("the @context {url} cannot be had: {why}")]
    ContextUnavailable {
        /// Which document.
        url: String,
        /// What came instead.
        why: String,
    },
    /// The caller may not do that; the text says what is missing.
    #[error("{0}")]
    Forbidden(String),
    /// The caller's key is none, or none that is good now.
    #[error("{0}")]
    Unknown(String),
    /// There is no such tenant.
    #[error("there is no tenant `{0}`; a tenant is made by the first entity written to it")]
    NoTenant(String),
    /// Known, and not supported in this place.
    #[error("{0}")]
    NotSupported(String),
    /// The answer would be larger than it may be.
    #[error("{0}")]
    TooMany(String),
    /// Too much waits for the disk; nothing was taken.
    #[error("too much waits for the disk: try again in a few seconds")]
    Busy,
    /// Something broke here; the text is for the machine's log.
    #[error("{0}")]
    Broken(String),
    /// A query does not read, or costs more than it may.
    #[error(transparent)]
    Query(#[from] crate::query::Fault),
}

/// Where a fault is, before what it is.
fn place(at: &str) -> String {
    match at {
        "" => String::new(),
        at => format!("{at}: "),
    }
}

impl Error {
    /// A rule of the information model is broken.
    pub(crate) fn bad(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self::BadData {
            at: at.into(),
            what: what.into(),
        }
    }

    /// The same fault, with the name of the member around it.
    #[must_use]
    pub(crate) fn within(self, outer: &str) -> Self {
        match self {
            Self::BadData { at, what } => Self::BadData {
                at: if at.is_empty() {
                    outer.to_owned()
                } else {
                    format!("{outer}.{at}")
                },
                what,
            },
            other => other,
        }
    }

    /// Which row of table 6.3.2-1.
    #[must_use]
    pub const fn problem(&self) -> Problem {
        match self {
            Self::InvalidRequest(_) => Problem::InvalidRequest,
            Self::BadData { .. } | Self::ContextInvalid(_) => Problem::BadRequestData,
            Self::NotFound(_) => Problem::ResourceNotFound,
            Self::AlreadyExists(_) => Problem::AlreadyExists,
            Self::ContextMissing { .. } | Self::ContextUnavailable { .. } => {
                Problem::LdContextNotAvailable
            }
            Self::Forbidden(_) => Problem::Forbidden,
            Self::Unknown(_) => Problem::Unauthenticated,
            Self::NoTenant(_) => Problem::NonexistentTenant,
            Self::NotSupported(_) => Problem::OperationNotSupported,
            Self::TooMany(_) => Problem::TooManyResults,
            Self::Busy => Problem::Busy,
            Self::Broken(_) => Problem::InternalError,
            Self::Query(f) => f.problem,
        }
    }

    /// The body of the answer (RFC 9457 as clause 5.5.3 uses it).
    #[must_use]
    pub fn details(&self) -> Json {
        self.problem().details(&self.to_string())
    }
}

/// The error types of table 6.3.2-1, those that only the HTTP side meets included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// It exists already.
    AlreadyExists,
    /// The data are wrong.
    BadRequestData,
    /// Too much at once; not of the table, which has no such row.
    Busy,
    /// The caller may not; not of the table.
    Forbidden,
    /// Something broke here.
    InternalError,
    /// The request is wrong.
    InvalidRequest,
    /// A remote @context cannot be had.
    LdContextNotAvailable,
    /// Tenants are not supported.
    NoMultiTenantSupport,
    /// There is no such tenant.
    NonexistentTenant,
    /// Known, and not supported.
    OperationNotSupported,
    /// There is no such thing.
    ResourceNotFound,
    /// The query costs more than it may.
    TooComplexQuery,
    /// The caller asks too often; not of the table.
    TooManyRequests,
    /// The answer is larger than it may be.
    TooManyResults,
    /// Nobody knows the caller; not of the table.
    Unauthenticated,
}

impl Problem {
    /// Name, title and HTTP status.
    const fn row(self) -> (&'static str, &'static str, u16) {
        match self {
            Self::AlreadyExists => ("AlreadyExists", "It exists already", 409),
            Self::BadRequestData => ("BadRequestData", "The data are not valid", 400),
            Self::Busy => ("InternalError", "Too much at once", 503),
            Self::InternalError => ("InternalError", "Something broke here", 500),
            Self::InvalidRequest => ("InvalidRequest", "The request is not valid", 400),
            Self::LdContextNotAvailable => (
                "LdContextNotAvailable",
                "A remote @context is not available",
                504,
            ),
            Self::NoMultiTenantSupport => {
                ("NoMultiTenantSupport", "Tenants are not supported", 501)
            }
            Self::NonexistentTenant => ("NonexistentTenant", "There is no such tenant", 404),
            Self::OperationNotSupported => ("OperationNotSupported", "This is not supported", 422),
            Self::ResourceNotFound => ("ResourceNotFound", "There is no such resource", 404),
            Self::TooComplexQuery => ("TooComplexQuery", "The query is too complex", 403),
            Self::TooManyResults => ("TooManyResults", "There are too many results", 403),
            Self::Forbidden => ("forbidden", "Not allowed", 403),
            Self::Unauthenticated => ("unauthenticated", "Please sign in", 401),
            Self::TooManyRequests => ("too-many-requests", "Too often", 429),
        }
    }

    /// The `type` of the problem details.
    #[must_use]
    pub fn uri(self) -> String {
        let begins = match self {
            // ETSI's table has no such rows.
            Self::Forbidden | Self::Unauthenticated | Self::TooManyRequests => {
                "urn:loggia:problem:"
            }
            _ => "https://uri.etsi.org/ngsi-ld/errors/",
        };
        format!("{begins}{}", self.row().0)
    }

    /// The HTTP status code.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().2
    }

    /// The body of the answer.
    #[must_use]
    pub fn details(self, detail: &str) -> Json {
        self.details_as(self.status(), detail)
    }

    /// The same with another status than the table has, which HTTP itself asks for.
    pub(crate) fn details_as(self, status: u16, detail: &str) -> Json {
        Json::object([
            ("type", self.uri().as_str().into()),
            ("title", self.row().1.into()),
            ("detail", detail.into()),
            ("status", Json::Number(status.into())),
        ])
    }
}
