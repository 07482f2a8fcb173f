//! Why a request was of no use.

use std::time::Duration;

use http::StatusCode;

use crate::Problem;

/// Why a request was of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server's address cannot be used.
    #[error("the server's address {address:?} {why}")]
    Address {
        /// The address.
        address: String,
        /// What is wrong.
        why: String,
    },
    /// The token is no text that a header can have.
    #[error("the token has characters that no token has")]
    Token,
    /// A certificate authority cannot be used.
    #[error("a certificate authority cannot be used: give certificates in PEM, to a program with TLS")]
    Certificate,
    /// The server could not be reached, or broke off.
    #[error("the server could not be reached: {}", chain(.0.as_ref()))]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It did not answer in time.
    #[error("the server did not answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// It refused; the problem document says why.
    #[error("the server answered {status}: {}", told(.problem))]
    Refused {
        /// The status.
        status: StatusCode,
        /// Why.
        problem: Box<Problem>,
        /// When to try again, as the server says.
        retry_after: Option<Duration>,
    },
    /// The log has another number of lines: the next batch begins there.
    #[error("the log has {current} lines")]
    Offset {
        /// How many.
        current: u64,
    },
    /// What came is not what was expected.
    #[error("the server's answer cannot be read: {0}")]
    Unreadable(String),
}

impl ClientError {
    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::TimedOut(_) => true,
            Self::Refused { status, .. } => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
            _ => false,
        }
    }

    /// The status that the server refused with.
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Offset { .. } => Some(StatusCode::RANGE_NOT_SATISFIABLE),
            _ => None,
        }
    }
}

fn told(problem: &Problem) -> String {
    let mut text = problem.detail.clone().unwrap_or_else(|| problem.title.clone());
    for error in &problem.errors {
        text.push_str("; ");
        text.push_str(&error.pointer);
        text.push(' ');
        text.push_str(&error.detail);
    }
    text
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
