//! The program itself: how it starts, TLS, backups.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Certificate, Client, Version};
use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_mins(1);

fn program(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keruta-server"));
    // Nothing of this machine: neither a cluster nor settings.
    command.current_dir(directory).env_clear().env("HOME", directory).env("KUBECONFIG", directory.join("none"));
    command
}

fn run(directory: &Path, args: &[&str]) -> Output {
    program(directory).args(args).output().unwrap()
}

/// A server that runs.
struct Server {
    child: Child,
    address: String,
    token: String,
}

impl Server {
    fn start(directory: &Path, args: &[&str]) -> Self {
        let mut child =
            program(directory).args(["--listen", "127.0.0.1:0"]).args(args).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (mut token, mut said) = (String::new(), String::new());
        let address = loop {
            let Some(line) = lines.next() else { panic!("it ended: {said}") };
            let line = line.unwrap();
            if let Some(found) = line.trim().strip_prefix("keruta_admin_") {
                token = format!("keruta_admin_{found}");
            }
            if let Some(rest) = line.split("listens on ").nth(1) {
                break rest.split(' ').next().unwrap().to_owned();
            }
            said.push_str(&line);
        };
        // Nobody reads what it says later, and it must not wait for that.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, token }
    }

    async fn get(&self, client: &Client, path: &str) -> Result<reqwest::Response, reqwest::Error> {
        client.get(format!("{}{path}", self.address)).bearer_auth(&self.token).send().await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn directory() -> TempDir {
    let _ = rustls::crypto::ring::default_provider().install_default();
    tempfile::tempdir().unwrap()
}

/// Writes a certificate of 127.0.0.1 with its key, and gives the certificate.
fn certificate(directory: &Path) -> String {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(directory.join("tls.key"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(directory.join("tls.crt"), made.cert.pem()).unwrap();
    made.cert.pem()
}

fn trusting(pem: &str) -> Client {
    let authority = Certificate::from_pem(pem.as_bytes()).unwrap();
    Client::builder().no_proxy().tls_certs_only([authority]).build().unwrap()
}

#[test]
fn nothing_is_reached_from_elsewhere_without_tls() {
    let directory = directory();
    let refused = run(directory.path(), &["--listen", "0.0.0.0:0"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("--tls-certificate") && said.contains("--insecure-http"), "{said}");
    let half = run(directory.path(), &["--tls-certificate", "tls.crt"]);
    assert_eq!(half.status.code(), Some(2));
    let missing = run(directory.path(), &["--tls-certificate", "tls.crt", "--tls-key", "tls.key"]);
    let said = String::from_utf8(missing.stderr).unwrap();
    assert!(missing.status.code() == Some(2) && said.contains("could not read tls.crt"), "{said}");
}

#[tokio::test]
async fn tls_speaks_http_2_and_takes_a_new_certificate() {
    let directory = directory();
    let first = certificate(directory.path());
    let server = Server::start(directory.path(), &["--tls-certificate", "tls.crt", "--tls-key", "tls.key"]);
    assert!(server.address.starts_with("https://127.0.0.1:"), "{}", server.address);
    let response = server.get(&trusting(&first), "/api/v1/me").await.unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_2));
    let old =
        Client::builder().no_proxy().http1_only().tls_certs_only([Certificate::from_pem(first.as_bytes()).unwrap()]);
    let response = server.get(&old.build().unwrap(), "/healthz").await.unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_11));
    // The address of whoever asks is known as without TLS.
    let name = json!({"name": "by-tls", "role": "viewer"});
    let made = trusting(&first).post(format!("{}/api/v1/tokens", server.address)).bearer_auth(&server.token);
    assert_eq!(made.json(&name).send().await.unwrap().status(), 201);
    let audit: Value = server.get(&trusting(&first), "/api/v1/audit").await.unwrap().json().await.unwrap();
    assert_eq!(audit["items"][0]["remote"], "127.0.0.1", "{audit}");
    // A plain request is no request.
    let plain = Client::builder().no_proxy().build().unwrap();
    assert!(plain.get(server.address.replace("https:", "http:")).send().await.is_err());

    // A file that is half written leaves the old one in force.
    std::fs::write(directory.path().join("tls.crt"), "-----BEGIN CERTIFICATE-----\nMII").unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    server.get(&trusting(&first), "/healthz").await.unwrap();
    let second = certificate(directory.path());
    let began = Instant::now();
    while server.get(&trusting(&second), "/healthz").await.is_err() {
        assert!(began.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(server.get(&trusting(&first), "/healthz").await.is_err(), "the old one is no longer shown");
}

#[tokio::test]
async fn behind_a_proxy_it_is_what_people_see() {
    let directory = directory();
    for wrong in ["keruta.example.com", "https://example.com/keruta", "https://ada:x@example.com"] {
        let refused = run(directory.path(), &["--external-url", wrong]);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(refused.status.code() == Some(2) && said.contains("https://keruta.example.com"), "{said}");
    }
    assert_eq!(run(directory.path(), &["--trusted-proxies", "10.0.0.0/33"]).status.code(), Some(2));

    let external = ["--external-url", "https://keruta.example.com", "--trusted-proxies", "10.0.0.0/8,127.0.0.1"];
    let server = Server::start(directory.path(), &external);
    let client = Client::builder().no_proxy().build().unwrap();
    let post = |path: &str, body: &Value| client.post(format!("{}{path}", server.address)).json(body);
    let user = json!({"name": "ada", "password": "correct horse battery", "role": "admin"});
    assert_eq!(post("/api/v1/users", &user).bearer_auth(&server.token).send().await.unwrap().status(), 201);
    // What a browser sends from the proxy's page, where the proxy writes another host.
    let login = json!({"name": "ada", "password": "correct horse battery"});
    let from = |origin: &str| {
        let request = post("/api/v1/sessions", &login).header("origin", origin);
        request.header("x-forwarded-for", "203.0.113.7").send()
    };
    assert_eq!(from("https://evil.example").await.unwrap().status(), 403);
    let signed_in = from("https://keruta.example.com").await.unwrap();
    assert_eq!(signed_in.status(), 201);
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-keruta=") && cookie.contains("; Secure"), "{cookie}");
    let audit: Value = server.get(&client, "/api/v1/audit").await.unwrap().json().await.unwrap();
    assert_eq!(audit["items"][0]["remote"], "203.0.113.7", "{audit}");

    // Without it the server is where it listens, and cookies cross plain HTTP.
    let other = tempfile::tempdir().unwrap();
    let server = Server::start(other.path(), &[]);
    let settings = json!({"oidc": {"issuer": "https://sso.example.com", "clientId": "k", "roles": {"viewer": ["x"]}}});
    let set = client.patch(format!("{}/api/v1/settings/server", server.address)).bearer_auth(&server.token);
    assert_eq!(set.header("if-match", "*").json(&settings).send().await.unwrap().status(), 200);
    let methods: Value = server.get(&client, "/api/v1/sign-in-methods").await.unwrap().json().await.unwrap();
    assert_eq!(methods["oidc"]["name"], "sso.example.com");
}

#[tokio::test]
async fn a_backup_of_a_server_that_runs_starts_another() {
    let (directory, other) = (directory(), directory());
    let server = Server::start(directory.path(), &[]);
    let client = Client::builder().no_proxy().build().unwrap();
    let task = json!({"id": "task-1", "title": "Fix it", "image": "busybox", "command": ["true"]});
    let made = client.post(format!("{}/api/v1/tasks", server.address)).bearer_auth(&server.token).json(&task);
    assert_eq!(made.send().await.unwrap().status(), 201);
    let kept = run(directory.path(), &["backup", "one.backup"]);
    let said = String::from_utf8(kept.stderr).unwrap();
    assert!(kept.status.success() && said.contains("kept: "), "{said}");
    // A backup is not written over.
    assert_eq!(run(directory.path(), &["backup", "one.backup"]).status.code(), Some(5));
    let file = directory.path().join("one.backup");
    let rights = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(rights & 0o077, 0, "nobody else reads it");
    // Into the database of a server that runs, never.
    let said = String::from_utf8(run(directory.path(), &["restore", "one.backup"]).stderr).unwrap();
    assert!(said.contains("another keruta-server uses"), "{said}");

    let restored = program(other.path()).args(["restore", "-"]).stdin(std::fs::File::open(&file).unwrap()).output();
    let restored = restored.unwrap();
    assert!(restored.status.success(), "{}", String::from_utf8(restored.stderr).unwrap());
    let mut second = Server::start(other.path(), &[]);
    assert!(second.token.is_empty(), "the first token of the first server opens it");
    second.token.clone_from(&server.token);
    let task: Value = second.get(&client, "/api/v1/tasks/task-1").await.unwrap().json().await.unwrap();
    assert_eq!(task["title"], "Fix it");
    // By standard output, too.
    let mut piped = program(other.path()).args(["backup", "-"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut bytes = Vec::new();
    piped.stdout.take().unwrap().read_to_end(&mut bytes).unwrap();
    assert!(piped.wait().unwrap().success() && zstd::decode_all(&bytes[..]).unwrap().starts_with(b"{\"format\""));
}
