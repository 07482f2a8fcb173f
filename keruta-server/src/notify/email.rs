//! To mailboxes.

use std::error::Error as _;
use std::time::Duration;

use keruta_api::{EmailTarget, SmtpSecurity};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::{Message, SendError};
use crate::secret::{SecretUse, Secrets};

/// How long the server may take for each answer.
const STEP: Duration = Duration::from_secs(15);

/// Sends a message.
pub(super) async fn send(target: &EmailTarget, message: &Message, secrets: &Secrets) -> Result<(), SendError> {
    let letter = letter(target, message)?;
    let transport = transport(target, secrets).await?;
    // Its connection is closed with it.
    transport.send(letter).await.map(drop).map_err(|error| told(&error))
}

async fn transport(target: &EmailTarget, secrets: &Secrets) -> Result<AsyncSmtpTransport<Tokio1Executor>, SendError> {
    let unusable = |error: smtp::Error| SendError::Unusable(chain(&error));
    let mut tls = TlsParameters::builder(target.host.clone());
    if let Some(pem) = &target.ca_certificate {
        tls = tls.add_root_certificate(Certificate::from_pem(pem.as_bytes()).map_err(unusable)?);
    }
    let tls = tls.build().map_err(unusable)?;
    let (tls, port) = match target.security {
        // A server that does not offer it is left.
        SmtpSecurity::StartTls => (Tls::Required(tls), smtp::SUBMISSION_PORT),
        SmtpSecurity::Tls => (Tls::Wrapper(tls), smtp::SUBMISSIONS_PORT),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&target.host)
        .port(target.port.unwrap_or(port))
        .tls(tls)
        .timeout(Some(STEP));
    if let (Some(name), Some(password)) = (&target.username, &target.password) {
        builder = builder.credentials(Credentials::new(name.clone(), secrets.find(password, SecretUse::Plain).await?));
    }
    Ok(builder.build())
}

fn letter(target: &EmailTarget, message: &Message) -> Result<lettre::Message, SendError> {
    let mailbox = |text: &str| {
        text.parse::<Mailbox>().map_err(|error| SendError::Unusable(format!("{text} is no mail address: {error}")))
    };
    let from = mailbox(&target.from)?;
    let id = format!("<{}@{}>", message.id, from.email.domain());
    let mut builder = MessageBuilder::new()
        .from(from)
        .subject(message.subject.as_str())
        .message_id(Some(id))
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN);
    for to in &target.to {
        builder = builder.to(mailbox(to)?);
    }
    builder.body(message.text.clone()).map_err(|error| SendError::Unusable(error.to_string()))
}

/// Nobody's holiday answers it ([RFC 3834](https://www.rfc-editor.org/rfc/rfc3834#section-5)).
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

fn told(error: &smtp::Error) -> SendError {
    if error.is_timeout() {
        return SendError::TimedOut(STEP);
    }
    let Some(code) = error.status() else { return SendError::Unreachable(chain(error)) };
    let code = code.to_string();
    // That the server wants another password may be mended.
    let is_final = error.is_permanent() && !code.starts_with("53");
    let said = error.source().map(ToString::to_string).unwrap_or_default();
    SendError::Refused { answer: super::one_line(&format!("{code} {said}"), 300), is_final, retry_after: None }
}

fn chain(error: &smtp::Error) -> String {
    // Its text has what it came from.
    super::one_line(&error.to_string(), 300)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_has_the_headers_that_were_meant() {
        let target = EmailTarget {
            host: "smtp.example.com".to_owned(),
            port: None,
            security: SmtpSecurity::Tls,
            ca_certificate: None,
            username: None,
            password: None,
            from: "Keruta <keruta@example.com>".to_owned(),
            to: vec!["ada@example.com".to_owned(), "Bob <bob@example.com>".to_owned()],
        };
        let message = Message {
            id: "n-1".to_owned(),
            subject: "[keruta] t failed: x\r\nBcc: eve@example.com ログイン".to_owned(),
            text: "first\n.\nsecond\n".to_owned(),
        };
        let letter = String::from_utf8(letter(&target, &message).unwrap().formatted()).unwrap();
        let (head, _) = letter.split_once("\r\n\r\n").unwrap();
        let names: Vec<&str> = head
            .split("\r\n")
            .filter(|line| !line.starts_with(' '))
            .map(|line| line.split(':').next().unwrap())
            .collect();
        assert!(!names.contains(&"Bcc"), "{head}");
        assert!(
            head.contains("Message-ID: <n-1@example.com>") && head.contains("Auto-Submitted: auto-generated"),
            "{head}"
        );
        assert_eq!(names.iter().filter(|name| **name == "Subject").count(), 1);
    }
}
