//! Channels and rules as they are asked for: checked once, all problems at once, then trusted.

use keruta_api::{
    ChannelTarget, EmailTarget, FieldProblem, NotificationChannelSpec, NotificationEvent, NotificationRuleSpec,
    NotificationTrigger, SecretReference, TaskStuck,
};
use keruta_manifest::problem::Explain;
use lettre::message::Mailbox;
use lettre::transport::smtp::client::Certificate;

use crate::problem::field;
use crate::secret::{self, SecretUse};
use crate::value::Line;

/// The most recipients of one channel.
const RECIPIENTS: usize = 50;
/// The most entries of one list of a scope.
const ENTRIES: usize = 200;
/// The longest window: 30 days.
const WINDOW: u32 = 30 * 24 * 3600;

/// A channel that can be used.
///
/// ```
/// use keruta_server::notify::Channel;
///
/// let slack = r#"{"name": "Operations", "target": {"slack": {"webhookUrl": {"file": "slack-webhook"}}}}"#;
/// let channel = Channel::parse(serde_json::from_str(slack).unwrap()).unwrap();
/// assert_eq!(channel.name(), "Operations");
/// let stolen = slack.replace(r#""file": "slack-webhook""#, r#""env": "AWS_SECRET_ACCESS_KEY""#);
/// let problems = Channel::parse(serde_json::from_str(&stolen).unwrap()).unwrap_err();
/// assert_eq!(problems[0].pointer, "/target/slack/webhookUrl");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel(NotificationChannelSpec);

impl Channel {
    /// Checks what was asked for.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn parse(spec: NotificationChannelSpec) -> Result<Self, Vec<FieldProblem>> {
        let mut found = Found::default();
        found.line("/name", &spec.name);
        match &spec.target {
            ChannelTarget::Email(email) => found.email(email),
            ChannelTarget::Slack(slack) => found.secret("/target/slack/webhookUrl", &slack.webhook_url),
        }
        found.none_or(Self(spec))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Where it leads, as JSON.
    pub(crate) fn target_json(&self) -> String {
        // Texts and numbers are always JSON.
        serde_json::to_string(&self.0.target).unwrap_or_default()
    }
}

/// A rule that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule(NotificationRuleSpec);

impl Rule {
    /// Checks what was asked for.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn parse(spec: NotificationRuleSpec) -> Result<Self, Vec<FieldProblem>> {
        let mut found = Found::default();
        found.line("/name", &spec.name);
        found.line("/channelId", &spec.channel_id);
        if spec.window_seconds > WINDOW {
            found.add("/windowSeconds", "is longer than 30 days", "shorten it");
        }
        if let NotificationTrigger::TaskStuck(stuck) = &spec.trigger {
            for (name, seconds) in
                [("waitingSeconds", stuck.waiting_seconds), ("runningSeconds", stuck.running_seconds)]
            {
                if seconds == Some(0) {
                    found.add(
                        &format!("/trigger/taskStuck/{name}"),
                        "is 0: every task would be stuck",
                        "write 1 or more",
                    );
                }
            }
            if *stuck == TaskStuck::default() {
                found.add("/trigger/taskStuck", "says no time", "write waitingSeconds, runningSeconds, or both");
            }
        }
        let scope = &spec.scope;
        for (name, list) in [
            ("namespaces", &scope.namespaces),
            ("repositoryIds", &scope.repository_ids),
            ("queues", &scope.queues),
            ("rootTaskIds", &scope.root_task_ids),
        ] {
            if list.len() > ENTRIES {
                found.add(&format!("/scope/{name}"), "has more than 200 entries", "make two rules");
            }
            for (index, entry) in list.iter().enumerate().take(ENTRIES) {
                found.line(&format!("/scope/{name}/{index}"), entry);
            }
        }
        found.none_or(Self(spec))
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    pub(crate) fn channel_id(&self) -> &str {
        &self.0.channel_id
    }

    pub(crate) const fn enabled(&self) -> bool {
        self.0.enabled
    }

    pub(crate) const fn window_seconds(&self) -> u32 {
        self.0.window_seconds
    }

    pub(crate) const fn event(&self) -> NotificationEvent {
        self.0.trigger.event()
    }

    pub(crate) const fn stuck(&self) -> Option<TaskStuck> {
        match self.0.trigger {
            NotificationTrigger::TaskStuck(stuck) => Some(stuck),
            NotificationTrigger::TaskFailed(_) | NotificationTrigger::ErrorLogged(_) => None,
        }
    }

    pub(crate) fn scope_json(&self) -> String {
        // Texts are always JSON.
        serde_json::to_string(&self.0.scope).unwrap_or_default()
    }
}

/// The problems that were found.
#[derive(Default)]
struct Found(Vec<FieldProblem>);

impl Found {
    fn add(&mut self, pointer: &str, detail: &str, cure: &str) {
        self.0.push(field(pointer, detail, Some(cure.to_owned())));
    }

    fn none_or<T>(self, value: T) -> Result<T, Vec<FieldProblem>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }

    fn line(&mut self, pointer: &str, text: &str) {
        if let Err(error) = text.parse::<Line>() {
            self.add(pointer, &error.to_string(), &error.cure());
        }
    }

    fn secret(&mut self, pointer: &str, reference: &SecretReference) {
        if let Err(error) = secret::check(reference, SecretUse::Plain) {
            self.add(pointer, &error.to_string(), &error.cure());
        }
    }

    fn email(&mut self, email: &EmailTarget) {
        let at = |name: &str| format!("/target/email/{name}");
        let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':');
        if email.host.is_empty() || email.host.len() > 253 || !email.host.bytes().all(good) {
            self.add(&at("host"), "is no host", "write its name or its address, for example smtp.example.com");
        }
        if email.port == Some(0) {
            self.add(&at("port"), "is 0", "leave it out, or write 1 to 65535");
        }
        if let Some(pem) = &email.ca_certificate
            && !(pem.len() < 64 * 1024
                && pem.contains("BEGIN CERTIFICATE")
                && Certificate::from_pem(pem.as_bytes()).is_ok())
        {
            self.add(&at("caCertificate"), "is no certificate", "write it in PEM, from BEGIN to END CERTIFICATE");
        }
        if let Some(name) = &email.username {
            self.line(&at("username"), name);
        }
        match (&email.username, &email.password) {
            (Some(_), None) => self.add(&at("password"), "is missing", "say where the password of the user is"),
            (None, Some(_)) => self.add(&at("username"), "is missing", "say whose password it is"),
            _ => {}
        }
        if let Some(password) = &email.password {
            self.secret(&at("password"), password);
        }
        self.mailbox(&at("from"), &email.from);
        if email.to.is_empty() || email.to.len() > RECIPIENTS {
            self.add(&at("to"), "has no recipient, or more than 50", "write 1 to 50 addresses");
        }
        for (index, to) in email.to.iter().enumerate().take(RECIPIENTS) {
            self.mailbox(&format!("/target/email/to/{index}"), to);
        }
    }

    fn mailbox(&mut self, pointer: &str, text: &str) {
        if text.parse::<Line>().is_err() || text.parse::<Mailbox>().is_err() {
            self.add(pointer, "is no mail address", "write it as ada@example.com or Ada <ada@example.com>");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn email(changes: &Value) -> Result<Channel, Vec<FieldProblem>> {
        let mut target =
            json!({"host": "smtp.example.com", "from": "Keruta <keruta@example.com>", "to": ["ada@example.com"]});
        for (name, value) in changes.as_object().unwrap() {
            target[name] = value.clone();
        }
        Channel::parse(serde_json::from_value(json!({"name": "Mail", "target": {"email": target}})).unwrap())
    }

    #[test]
    fn a_channel_is_checked_as_a_whole() {
        assert!(email(&json!({})).is_ok());
        let auth = json!({"username": "ada", "password": {"file": "smtp-password"}, "port": 2525, "security": "tls"});
        assert!(email(&auth).is_ok());
        for (changes, pointers) in [
            (json!({"host": "smtp example"}), vec!["host"]),
            (json!({"from": "keruta", "to": []}), vec!["from", "to"]),
            (json!({"to": ["a@b.c\r\nBcc: x@y.z", "ada@example.com"]}), vec!["to/0"]),
            (json!({"username": "ada"}), vec!["password"]),
            (json!({"password": {"file": "../x"}}), vec!["username", "password"]),
            (json!({"caCertificate": "nonsense", "port": 0}), vec!["port", "caCertificate"]),
        ] {
            let found = email(&changes).unwrap_err();
            let found: Vec<_> = found.iter().map(|problem| problem.pointer.replace("/target/email/", "")).collect();
            assert_eq!(found, pointers, "{changes}");
        }
    }

    #[test]
    fn a_rule_is_checked_as_a_whole() {
        let rule = |trigger: Value, scope: Value| {
            let rule = json!({"name": "R", "channelId": "c", "trigger": trigger, "scope": scope});
            Rule::parse(serde_json::from_value(rule).unwrap())
        };
        assert!(rule(json!({"taskStuck": {"runningSeconds": 60}}), json!({"namespaces": ["a"]})).is_ok());
        let found = rule(json!({"taskStuck": {"waitingSeconds": 0}}), json!({"queues": ["a\n"]})).unwrap_err();
        let pointers: Vec<_> = found.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(pointers, ["/trigger/taskStuck/waitingSeconds", "/scope/queues/0"]);
        assert!(rule(json!({"taskStuck": {}}), json!({})).is_err());
    }
}
