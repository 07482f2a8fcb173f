//! To an incoming webhook, at public addresses only.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http::{StatusCode, header};
use jiff::Timestamp;
use keruta_api::SlackTarget;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use serde_json::json;

use super::address::is_public;
use super::text::for_slack;
use super::{Message, SendError, one_line};
use crate::secret::{SecretUse, Secrets};

/// How long the other side may take.
const TIME: Duration = Duration::from_secs(15);
/// The longest pause that is kept because the other side asks for it.
const PAUSE_MAX: u64 = 24 * 3600;
/// How much of an answer is read.
const ANSWER: usize = 500;

/// Sends to webhooks.
#[derive(Debug, Clone)]
pub(super) struct Webhooks {
    client: Client,
    allow_private: bool,
}

impl Webhooks {
    pub(super) fn new(allow_private: bool) -> Result<Self, SendError> {
        let mut builder = Client::builder()
            // What the address leads to may lead anywhere.
            .redirect(Policy::none())
            // A proxy would look names up by itself.
            .no_proxy()
            .timeout(TIME)
            .user_agent(concat!("keruta-server/", env!("CARGO_PKG_VERSION")));
        if !allow_private {
            builder = builder.dns_resolver(PublicOnly).https_only(true);
        }
        let client = builder.build().map_err(|error| SendError::Unusable(chain(&error)))?;
        Ok(Self { client, allow_private })
    }

    /// Sends a message.
    pub(super) async fn send(
        &self,
        target: &SlackTarget,
        message: &Message,
        secrets: &Secrets,
    ) -> Result<(), SendError> {
        let url = self.url(&secrets.find(&target.webhook_url, SecretUse::Plain).await?)?;
        let body = json!({
            "text": format!("{}\n{}", for_slack(&message.subject), for_slack(&message.text)),
            "mrkdwn": false, "unfurl_links": false, "unfurl_media": false,
        });
        let response = self.client.post(url).json(&body).send().await.map_err(|error| told(&error))?;
        if response.status().is_success() {
            return Ok(());
        }
        Err(refused(response).await)
    }

    /// A URL that may be sent to. A name is looked up, and its addresses checked, when it is connected to.
    fn url(&self, text: &str) -> Result<Url, SendError> {
        let wrong = |why: &str| SendError::Unusable(format!("the webhook's URL {why}"));
        let url = Url::parse(text.trim()).map_err(|_| wrong("is no URL"))?;
        if url.scheme() != "https" && !(self.allow_private && url.scheme() == "http") {
            return Err(wrong("does not begin with https:"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("has a user or a password in it"));
        }
        let host = url.host_str().ok_or_else(|| wrong("names no host"))?;
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if let (Ok(address), false) = (literal, self.allow_private)
            && !is_public(address)
        {
            return Err(SendError::Private { host: host.to_owned(), address: address.to_string() });
        }
        Ok(url)
    }
}

/// Looks names up, and gives only public addresses: what is checked is what is connected to.
#[derive(Debug, Clone, Copy)]
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let (public, private): (Vec<_>, Vec<_>) = found.into_iter().partition(|address| is_public(address.ip()));
            match (public.is_empty(), private.first()) {
                (true, Some(address)) => {
                    Err(Box::new(PrivateAddress { host, address: address.ip() }) as Box<dyn Error + Send + Sync>)
                }
                _ => Ok(Box::new(public.into_iter()) as Addrs),
            }
        })
    }
}

/// A name has no public address.
#[derive(Debug)]
struct PrivateAddress {
    host: String,
    address: IpAddr,
}

impl fmt::Display for PrivateAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has the address {}, which is not public", self.host, self.address)
    }
}

impl Error for PrivateAddress {}

fn told(error: &reqwest::Error) -> SendError {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(PrivateAddress { host, address }) = cause.downcast_ref() {
            return SendError::Private { host: host.clone(), address: address.to_string() };
        }
        source = cause.source();
    }
    if error.is_timeout() {
        return SendError::TimedOut(TIME);
    }
    SendError::Unreachable(chain(error))
}

/// What it came from, without the URL, which is a secret.
fn chain(error: &reqwest::Error) -> String {
    let mut text = "it could not be sent".to_owned();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    one_line(&text, 300)
}

async fn refused(mut response: Response) -> SendError {
    let status = response.status();
    let asked = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = asked.and_then(|text| pause(text, Timestamp::now()));
    let mut said = Vec::new();
    while said.len() < ANSWER {
        let Ok(Some(chunk)) = response.chunk().await else { break };
        said.extend_from_slice(&chunk);
    }
    said.truncate(ANSWER);
    let said = one_line(&String::from_utf8_lossy(&said), 200);
    let answer = if status.is_redirection() {
        format!("{status}; redirects are not followed")
    } else if said.is_empty() {
        status.to_string()
    } else {
        format!("{status}: {said}")
    };
    let passes =
        status.is_server_error() || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
    SendError::Refused { answer, is_final: !passes, retry_after }
}

/// `Retry-After`, in seconds or as a date.
fn pause(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let seconds = if let Ok(seconds) = text.parse::<u64>() {
        seconds
    } else {
        let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        u64::try_from(at.duration_since(now).as_secs()).unwrap_or(0)
    };
    Some(Duration::from_secs(seconds.min(PAUSE_MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhooks(allow_private: bool) -> Webhooks {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Webhooks::new(allow_private).unwrap()
    }

    #[test]
    fn what_is_private_is_not_sent_to() {
        let strict = webhooks(false);
        assert!(strict.url("https://hooks.slack.com/services/T/B/x").is_ok());
        for (url, why) in [
            ("http://hooks.slack.com/x", "https"),
            ("ftp://hooks.slack.com/x", "https"),
            ("https://ada:secret@hooks.slack.com/x", "password"),
            ("https://127.0.0.1/x", "not public"),
            ("https://2130706433/x", "not public"),
            ("https://0x7f.1/x", "not public"),
            ("https://[::1]/x", "not public"),
            ("https://[::ffff:10.0.0.1]/x", "not public"),
            ("https://169.254.169.254/latest/meta-data", "not public"),
            ("nonsense", "no URL"),
        ] {
            let error = strict.url(url).unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("secret@"), "{url}: {error}");
        }
        assert!(webhooks(true).url("http://127.0.0.1:8080/x").is_ok());
    }

    #[tokio::test]
    async fn a_name_is_checked_when_it_is_connected_to() {
        let target = SlackTarget { webhook_url: keruta_api::SecretReference::File("url".to_owned()) };
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("url"), "https://localhost:9/secret-path\n").unwrap();
        let secrets = Secrets::of(directory.path());
        let message = Message { id: "1".to_owned(), subject: "s".to_owned(), text: "t".to_owned() };
        let error = webhooks(false).send(&target, &message, &secrets).await.unwrap_err();
        assert!(matches!(error, SendError::Private { .. }), "{error}");
        let error = webhooks(true).send(&target, &message, &secrets).await.unwrap_err().to_string();
        assert!(!error.contains("secret-path"), "{error}");
    }

    #[test]
    fn pauses_are_seconds_or_dates() {
        let now: Timestamp = "2027-01-15T08:00:00Z".parse().unwrap();
        for (text, seconds) in [
            ("30", Some(30)),
            (" 5 ", Some(5)),
            ("99999999", Some(PAUSE_MAX)),
            ("Fri, 15 Jan 2027 08:01:00 GMT", Some(60)),
            ("Fri, 15 Jan 2027 07:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(pause(text, now).map(|pause| pause.as_secs()), seconds, "{text}");
        }
    }
}
