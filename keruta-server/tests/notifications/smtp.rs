//! A mail server of the tests' own, with a certificate of its own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A letter as it came.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) recipients: Vec<String>,
    pub(crate) data: String,
    /// What was said to sign in.
    pub(crate) login: Option<String>,
}

/// What it says to a letter.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reply {
    Line(&'static str),
    Hang,
}

#[derive(Clone)]
pub(crate) struct Smtp(Arc<Inner>);

struct Inner {
    port: u16,
    certificate: String,
    /// TLS from the start; else it offers STARTTLS.
    wrapped: bool,
    acceptor: TlsAcceptor,
    letters: Mutex<Vec<Letter>>,
    replies: Mutex<VecDeque<Reply>>,
}

impl Smtp {
    pub(crate) async fn start(wrapped: bool) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let smtp = Self(Arc::new(Inner {
            port: listener.local_addr().unwrap().port(),
            certificate: made.cert.pem(),
            wrapped,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            letters: Mutex::default(),
            replies: Mutex::default(),
        }));
        let server = smtp.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                // A client that leaves ends only its connection.
                tokio::spawn(async move { server.serve(stream).await });
            }
        });
        smtp
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port
    }

    pub(crate) fn certificate(&self) -> &str {
        &self.0.certificate
    }

    pub(crate) fn will(&self, replies: impl IntoIterator<Item = Reply>) {
        self.0.replies.lock().unwrap().extend(replies);
    }

    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.0.letters.lock().unwrap().clone()
    }

    async fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        if self.0.wrapped {
            let stream = self.0.acceptor.accept(stream).await?;
            return self.talk(BufReader::new(stream), true, true).await;
        }
        let mut stream = BufReader::new(stream);
        if self.until_starttls(&mut stream).await? {
            let stream = self.0.acceptor.accept(stream.into_inner()).await?;
            return self.talk(BufReader::new(stream), false, true).await;
        }
        Ok(())
    }

    async fn until_starttls(&self, stream: &mut BufReader<TcpStream>) -> std::io::Result<bool> {
        stream.write_all(b"220 localhost ready\r\n").await?;
        loop {
            let line = line_of(stream).await?;
            match line.to_ascii_uppercase().as_str() {
                "STARTTLS" => {
                    stream.write_all(b"220 go on\r\n").await?;
                    return Ok(true);
                }
                "" | "QUIT" => return Ok(false),
                ehlo if ehlo.starts_with("EHLO") => {
                    stream.write_all(b"250-localhost\r\n250 STARTTLS\r\n").await?;
                }
                // Nothing of a letter crosses without TLS.
                _ => stream.write_all(b"530 must issue STARTTLS first\r\n").await?,
            }
        }
    }

    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        mut stream: BufReader<S>,
        greets: bool,
        secure: bool,
    ) -> std::io::Result<()> {
        assert!(secure);
        if greets {
            stream.write_all(b"220 localhost ready\r\n").await?;
        }
        let (mut login, mut recipients) = (None, Vec::new());
        loop {
            let line = line_of(&mut stream).await?;
            let upper = line.to_ascii_uppercase();
            let reply = if upper.starts_with("EHLO") {
                "250-localhost\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN\r\n".to_owned()
            } else if let Some(rest) = line.strip_prefix("AUTH PLAIN ") {
                login = Some(rest.to_owned());
                if rest == BAD_LOGIN { "535 who are you\r\n" } else { "235 welcome\r\n" }.to_owned()
            } else if upper.starts_with("RCPT TO:") {
                recipients.push(line.get(8..).unwrap_or_default().to_owned());
                "250 ok\r\n".to_owned()
            } else if upper == "DATA" {
                stream.write_all(b"354 go on\r\n").await?;
                let mut data = String::new();
                loop {
                    let line = line_of(&mut stream).await?;
                    if line == "." {
                        break;
                    }
                    data.push_str(line.strip_prefix('.').unwrap_or(&line));
                    data.push('\n');
                }
                let letter = Letter { recipients: std::mem::take(&mut recipients), data, login: login.clone() };
                self.0.letters.lock().unwrap().push(letter);
                let reply = self.0.replies.lock().unwrap().pop_front();
                match reply {
                    None => "250 taken\r\n".to_owned(),
                    Some(Reply::Line(line)) => format!("{line}\r\n"),
                    Some(Reply::Hang) => {
                        tokio::time::sleep(Duration::from_mins(10)).await;
                        return Ok(());
                    }
                }
            } else if upper == "QUIT" || line.is_empty() {
                return Ok(());
            } else {
                "250 ok\r\n".to_owned()
            };
            stream.write_all(reply.as_bytes()).await?;
            stream.flush().await?;
        }
    }
}

/// `\0ada\0wrong`, as AUTH PLAIN has it.
const BAD_LOGIN: &str = "AGFkYQB3cm9uZw==";

async fn line_of<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<String> {
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line).await?;
    while matches!(line.last(), Some(b'\r' | b'\n')) {
        line.pop();
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}
