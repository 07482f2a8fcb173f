//! A typed client: thin, async, on hyper.
//!
//! ```no_run
//! # async fn work() -> Result<(), keruta_api::client::ClientError> {
//! use keruta_api::client::Client;
//! use serde_json::json;
//!
//! let client = Client::builder("http://127.0.0.1:8080").token("keruta_operator_…").build()?;
//! let task = client.create_task(&json!({"title": "Say hello", "image": "busybox", "command": ["echo", "hello"]})).await?;
//! let mut log = client.follow_log(&task.id, None);
//! while let Some(record) = log.next().await? {
//!     println!("{} {}", record.timestamp, record.message);
//! }
//! println!("{}", client.status(&task.id).await?.status);
//! # Ok(())
//! # }
//! ```

mod attempts;
mod builder;
mod connect;
mod error;
mod events;
mod follow;
mod logs;
mod request;
mod tasks;

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

pub use attempts::ContainerRun;
pub use builder::ClientBuilder;
pub use error::ClientError;
pub use follow::LogFollow;
pub use logs::{LogPlace, LogReading};
pub use tasks::TaskQuery;

/// A client of one server. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    /// Without a slash at its end.
    base: String,
    token: Option<HeaderValue>,
    timeout: Duration,
    http: connect::Http,
}

impl Client {
    /// A client of the server at an address: `http://127.0.0.1:8080`.
    #[must_use]
    pub fn builder(base: &str) -> ClientBuilder {
        ClientBuilder::new(base)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.0.base).finish_non_exhaustive()
    }
}
