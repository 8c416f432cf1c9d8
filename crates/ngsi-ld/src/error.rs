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
    #[error("{at}: {what}")]
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
    /// An @context by URL is not at hand; the caller fetches it, or answers 503 or 504.
    #[error("the @context {url} is not available")]
    ContextMissing {
        /// Which document.
        url: String,
    },
    /// An @context does not read (JSON-LD 1.1, context processing).
    #[error("@context: {0}")]
    ContextInvalid(String),
    /// A query does not read, or costs more than it may.
    #[error(transparent)]
    Query(#[from] crate::query::Fault),
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
            Self::ContextMissing { .. } => Problem::LdContextNotAvailable,
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
    /// The answer is larger than it may be.
    TooManyResults,
}

impl Problem {
    /// Name, title and HTTP status.
    const fn row(self) -> (&'static str, &'static str, u16) {
        match self {
            Self::AlreadyExists => ("AlreadyExists", "It exists already", 409),
            Self::BadRequestData => ("BadRequestData", "The data are not valid", 400),
            Self::InternalError => ("InternalError", "Something broke here", 500),
            Self::InvalidRequest => ("InvalidRequest", "The request is not valid", 400),
            Self::LdContextNotAvailable => (
                "LdContextNotAvailable",
                "A remote @context is not available",
                503,
            ),
            Self::NoMultiTenantSupport => {
                ("NoMultiTenantSupport", "Tenants are not supported", 501)
            }
            Self::NonexistentTenant => ("NonexistentTenant", "There is no such tenant", 404),
            Self::OperationNotSupported => ("OperationNotSupported", "This is not supported", 422),
            Self::ResourceNotFound => ("ResourceNotFound", "There is no such resource", 404),
            Self::TooComplexQuery => ("TooComplexQuery", "The query is too complex", 403),
            Self::TooManyResults => ("TooManyResults", "There are too many results", 403),
        }
    }

    /// The `type` of the problem details.
    #[must_use]
    pub fn uri(self) -> String {
        format!("https://uri.etsi.org/ngsi-ld/errors/{}", self.row().0)
    }

    /// The HTTP status code.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().2
    }

    /// The body of the answer.
    #[must_use]
    pub fn details(self, detail: &str) -> Json {
        Json::object([
            ("type", self.uri().as_str().into()),
            ("title", self.row().1.into()),
            ("detail", detail.into()),
            ("status", Json::Number(self.status().into())),
        ])
    }
}
