//! Values that are parsed once and then trusted: names, quantities, images, git, texts.
//!
//! Each is a newtype over a text whose constructor, [`FromStr`](std::str::FromStr), is also what
//! deserialization uses; the JSON Schema comes from the same limits.

#[macro_use]
pub(crate) mod text_value;

mod access_mode;
mod duration;
mod env_name;
mod git_ref;
mod git_url;
mod http;
mod image;
mod name;
mod number;
mod path;
mod quantity;
mod task_id;
mod text;
mod timestamp;
mod unique_map;

pub use access_mode::{AccessMode, AccessModeError};
pub use duration::{Duration, DurationError};
pub use env_name::{EnvName, EnvNameError};
pub use git_ref::{GitRef, GitRefError};
pub use git_url::{GitScheme, GitUrl, GitUrlError};
pub use http::{HeaderError, HeaderName, HostError, HostName, HttpUrl, HttpUrlError};
pub use image::{ImageError, ImageReference};
pub use name::{ConfigKey, DnsLabel, DnsSubdomain, LabelValue, NameError, QualifiedName};
pub use number::{Port, RangeError};
pub(crate) use number::{within, within_if_any};
pub use path::{AbsolutePath, PathError, RelativePath};
pub use quantity::{Quantity, QuantityError};
pub use task_id::{TaskId, TaskIdError};
pub use text::{Text, TextError};
pub use timestamp::{Timestamp, TimestampError};
pub use unique_map::UniqueMap;
