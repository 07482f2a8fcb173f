//! What each route asks of who calls it: the one table. A route that is not in it is closed to everybody.

use http::Method;
use keruta_api::Role;

use super::{Credential, Identity};

/// What one method of one route asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The method; GET stands for HEAD too.
    pub method: &'static str,
    /// The route, as the router has it.
    pub route: &'static str,
    /// Who may.
    pub who: Who,
}

/// Who may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Anybody, also without credentials.
    Anyone,
    /// Anybody who is known.
    Known,
    /// Those with a role, and who else.
    Role {
        /// People of this role or a higher one.
        least: Role,
        /// Also programs of keruta's own.
        service: bool,
        /// Also a task's token, where what is asked for is the task's.
        task: Option<Scope>,
    },
}

/// What a task's token opens. What is asked for is the first parameter of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The task itself.
    Task,
    /// The repository that the task names.
    Repository,
    /// The document that the task names.
    Document,
}

/// What became of a look into the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Go on.
    Allowed,
    /// Go on where what is asked for is the task's.
    IfOwn(Scope),
    /// Somebody must be known first.
    Unknown,
    /// They may not.
    Denied,
}

const fn rule(method: &'static str, route: &'static str, who: Who) -> Rule {
    Rule { method, route, who }
}

const fn people(method: &'static str, route: &'static str, least: Role) -> Rule {
    rule(method, route, Who::Role { least, service: false, task: None })
}

const fn viewers(method: &'static str, route: &'static str) -> Rule {
    people(method, route, Role::Viewer)
}

const fn operators(method: &'static str, route: &'static str) -> Rule {
    people(method, route, Role::Operator)
}

const fn admins(method: &'static str, route: &'static str) -> Rule {
    people(method, route, Role::Admin)
}

/// The same, and programs of keruta's own.
const fn services(rule: Rule) -> Rule {
    match rule.who {
        Who::Role { least, task, .. } => Rule { who: Who::Role { least, service: true, task }, ..rule },
        Who::Anyone | Who::Known => rule,
    }
}

/// The same, programs of keruta's own, and the task whose it is.
const fn tasks(rule: Rule, scope: Scope) -> Rule {
    match rule.who {
        Who::Role { least, .. } => Rule { who: Who::Role { least, service: true, task: Some(scope) }, ..rule },
        Who::Anyone | Who::Known => rule,
    }
}

/// The table.
#[rustfmt::skip]
pub const TABLE: &[Rule] = &[
    rule("GET",       "/healthz", Who::Anyone),
    rule("GET",       "/readyz", Who::Anyone),
    rule("GET",       "/api/openapi.json", Who::Anyone),
    services(viewers("GET", "/metrics")),
    services(viewers("GET", "/api/v1/health")),

    rule("GET",       "/api/v1/me", Who::Known),
    rule("PUT",       "/api/v1/me/password", Who::Known),
    rule("GET",       "/api/v1/sign-in-methods", Who::Anyone),
    rule("GET",       "/api/v1/sessions/oidc", Who::Anyone),
    rule("GET",       "/api/v1/sessions/oidc/callback", Who::Anyone),
    rule("POST",      "/api/v1/sessions", Who::Anyone),
    admins("GET",     "/api/v1/sessions"),
    rule("DELETE",    "/api/v1/sessions/current", Who::Known),
    admins("DELETE",  "/api/v1/sessions/{id}"),

    admins("GET",     "/api/v1/tokens"),
    admins("POST",    "/api/v1/tokens"),
    admins("GET",     "/api/v1/tokens/{id}"),
    admins("DELETE",  "/api/v1/tokens/{id}"),
    admins("GET",     "/api/v1/users"),
    admins("POST",    "/api/v1/users"),
    admins("GET",     "/api/v1/users/{id}"),
    admins("PATCH",   "/api/v1/users/{id}"),
    admins("DELETE",  "/api/v1/users/{id}"),
    admins("GET",     "/api/v1/audit"),

    viewers("GET",    "/api/v1/settings/kubernetes"),
    admins("PUT",     "/api/v1/settings/kubernetes"),
    admins("PATCH",   "/api/v1/settings/kubernetes"),
    viewers("GET",    "/api/v1/settings/kubernetes/history"),
    admins("POST",    "/api/v1/settings/kubernetes/test"),
    viewers("GET",    "/api/v1/settings/server"),
    admins("PUT",     "/api/v1/settings/server"),
    admins("PATCH",   "/api/v1/settings/server"),

    viewers("GET",    "/api/v1/background-jobs"),
    viewers("GET",    "/api/v1/background-jobs/{name}"),
    operators("POST", "/api/v1/background-jobs/{name}/run"),
    viewers("GET",    "/api/v1/removals"),

    // A channel has the server send to an address: the rules that use it are everyday work.
    viewers("GET",      "/api/v1/notifications"),
    viewers("GET",      "/api/v1/notifications/{id}"),
    operators("POST",   "/api/v1/notifications/{id}/retry"),
    operators("GET",    "/api/v1/notifications/channels"),
    admins("POST",      "/api/v1/notifications/channels"),
    operators("GET",    "/api/v1/notifications/channels/{id}"),
    admins("PUT",       "/api/v1/notifications/channels/{id}"),
    admins("DELETE",    "/api/v1/notifications/channels/{id}"),
    admins("POST",      "/api/v1/notifications/channels/{id}/test"),
    viewers("GET",      "/api/v1/notifications/rules"),
    operators("POST",   "/api/v1/notifications/rules"),
    viewers("GET",      "/api/v1/notifications/rules/{id}"),
    operators("PUT",    "/api/v1/notifications/rules/{id}"),
    operators("DELETE", "/api/v1/notifications/rules/{id}"),

    services(viewers("GET", "/api/v1/repositories")),
    operators("POST", "/api/v1/repositories"),
    services(viewers("GET", "/api/v1/repositories/{id}")),
    operators("PUT",    "/api/v1/repositories/{id}"),
    operators("DELETE", "/api/v1/repositories/{id}"),
    tasks(viewers("GET", "/api/v1/repositories/{id}/script"), Scope::Repository),
    operators("PUT",    "/api/v1/repositories/{id}/script"),
    operators("DELETE", "/api/v1/repositories/{id}/script"),

    services(viewers("GET", "/api/v1/documents")),
    operators("POST", "/api/v1/documents"),
    tasks(viewers("GET", "/api/v1/documents/{id}"), Scope::Document),
    operators("PUT",    "/api/v1/documents/{id}"),
    operators("DELETE", "/api/v1/documents/{id}"),
    tasks(viewers("GET", "/api/v1/documents/{id}/content"), Scope::Document),
    operators("PUT",    "/api/v1/documents/{id}/content"),

    services(viewers("GET", "/api/v1/tasks")),
    operators("POST",   "/api/v1/tasks"),
    tasks(viewers("GET", "/api/v1/tasks/{id}"), Scope::Task),
    operators("PUT",    "/api/v1/tasks/{id}"),
    operators("DELETE", "/api/v1/tasks/{id}"),
    tasks(viewers("GET", "/api/v1/tasks/{id}/status"), Scope::Task),
    tasks(operators("PUT", "/api/v1/tasks/{id}/status"), Scope::Task),
    tasks(operators("POST", "/api/v1/tasks/{id}/epoch"), Scope::Task),
    tasks(viewers("GET", "/api/v1/tasks/{id}/script"), Scope::Task),
    operators("PUT",    "/api/v1/tasks/{id}/script"),
    tasks(viewers("GET", "/api/v1/tasks/{id}/logs"), Scope::Task),
    tasks(operators("POST", "/api/v1/tasks/{id}/logs"), Scope::Task),
    viewers("GET",      "/api/v1/tasks/{id}/logs/summary"),
    viewers("GET",      "/api/v1/tasks/{id}/logs/hits"),
    viewers("GET",      "/api/tasks/{taskId}/log"),
    tasks(viewers("GET", "/api/v1/tasks/{id}/artifacts"), Scope::Task),
    tasks(viewers("GET", "/api/v1/tasks/{id}/artifacts/{*path}"), Scope::Task),
    tasks(operators("PUT", "/api/v1/tasks/{id}/artifacts/{*path}"), Scope::Task),
    tasks(operators("DELETE", "/api/v1/tasks/{id}/artifacts/{*path}"), Scope::Task),
    // What a submitter of its own tells.
    services(operators("PUT", "/api/v1/tasks/{id}/attempts/{attempt}/status")),
    services(operators("PUT", "/api/v1/tasks/{id}/attempts/{attempt}/phase")),
    services(viewers("GET", "/api/v1/tasks/{id}/attempts/{attempt}/verdict")),
    services(viewers("GET", "/api/v1/tasks/{id}/attempts/{attempt}/logs/cursor")),
    services(operators("POST", "/api/v1/tasks/{id}/attempts/{attempt}/logs")),
    operators("POST",   "/api/v1/tasks/{id}/cancel"),
    operators("POST",   "/api/v1/tasks/{id}/retry"),
    viewers("GET",      "/api/v1/tasks/{id}/manifest"),
    viewers("GET",      "/api/v1/tasks/{id}/events"),
    viewers("GET",      "/api/v1/events"),
    viewers("GET",      "/api/v1/statistics"),
    viewers("GET",      "/api/v1/storage"),
    services(viewers("GET", "/api/v1/schemas/{name}")),
];

/// The rule of a method on a route.
#[must_use]
pub fn rule_of(method: &Method, route: &str) -> Option<&'static Rule> {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    TABLE.iter().find(|rule| rule.route == route && rule.method == method)
}

/// The methods that a route has rules for, as the `Allow` header has them; `None` of a route that is not in the table.
#[must_use]
pub fn methods_of(route: &str) -> Option<String> {
    let mut methods = Vec::new();
    for rule in TABLE.iter().filter(|rule| rule.route == route) {
        methods.push(rule.method);
        if rule.method == "GET" {
            methods.push("HEAD");
        }
    }
    if methods.is_empty() { None } else { Some(methods.join(",")) }
}

impl Who {
    /// Whether somebody may.
    #[must_use]
    pub fn decide(self, identity: Option<&Identity>) -> Decision {
        let (least, service, task) = match self {
            Self::Anyone => return Decision::Allowed,
            Self::Known if identity.is_some() => return Decision::Allowed,
            Self::Known => return Decision::Unknown,
            Self::Role { least, service, task } => (least, service, task),
        };
        let Some(identity) = identity else { return Decision::Unknown };
        match (identity.role, &identity.credential, task) {
            // A task's role with anything but a task's token is nobody's.
            (Role::Task, Credential::Attempt { .. }, Some(scope)) => Decision::IfOwn(scope),
            (Role::Task, _, _) => Decision::Denied,
            (Role::Service, _, _) if service => Decision::Allowed,
            (role, _, _) if role.includes(least) => Decision::Allowed,
            _ => Decision::Denied,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn somebody(role: Role) -> Identity {
        let credential = if role == Role::Task {
            Credential::Attempt { id: "t".to_owned(), task: "a".to_owned(), attempt: 1 }
        } else {
            Credential::Token { id: "t".to_owned(), name: "t".to_owned() }
        };
        Identity { role, credential, expires_at: None }
    }

    #[test]
    fn no_route_has_two_rules() {
        for (index, rule) in TABLE.iter().enumerate() {
            let same = |other: &&Rule| (other.method, other.route) == (rule.method, rule.route);
            assert!(TABLE[index + 1..].iter().find(same).is_none(), "{rule:?}");
        }
    }

    #[test]
    fn what_is_in_no_rule_is_closed() {
        assert_eq!(rule_of(&Method::GET, "/api/v1/secrets"), None);
        assert_eq!(rule_of(&Method::PATCH, "/api/v1/repositories"), None);
        assert_eq!(methods_of("/api/v1/secrets"), None);
        assert_eq!(methods_of("/api/v1/repositories").as_deref(), Some("GET,HEAD,POST"));
        assert!(rule_of(&Method::HEAD, "/api/v1/repositories").is_some());
    }

    /// Every rule for every role, to be read by a person.
    #[test]
    fn the_whole_table() {
        let mut table = String::new();
        for rule in TABLE {
            let who: Vec<String> = std::iter::once(("nobody".to_owned(), None))
                .chain(Role::ALL.map(|role| (role.to_string(), Some(somebody(role)))))
                .filter_map(|(name, identity)| match rule.who.decide(identity.as_ref()) {
                    Decision::Allowed => Some(name),
                    Decision::IfOwn(scope) => Some(format!("{name} (own {scope:?})")),
                    Decision::Unknown | Decision::Denied => None,
                })
                .collect();
            writeln!(table, "{:6} {:40} {}", rule.method, rule.route, who.join(", ")).unwrap();
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn nobody_is_asked_who_they_are_and_a_role_alone_makes_no_task() {
        let who = Who::Role { least: Role::Viewer, service: true, task: Some(Scope::Task) };
        assert_eq!(who.decide(None), Decision::Unknown);
        let credential = Credential::Token { id: "t".to_owned(), name: "t".to_owned() };
        let odd = Identity { role: Role::Task, credential, expires_at: None };
        assert_eq!(who.decide(Some(&odd)), Decision::Denied);
    }
}
