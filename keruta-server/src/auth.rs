//! Who asks, and what they may do.
//!
//! | room | what it holds |
//! |---|---|
//! | `access` | credentials into identities; sign-ins; new tokens |
//! | [`permission`] | what each route asks for: the one table |
//! | `identity`, `secret`, `password`, `rate`, `address` | what those stand on |

mod access;
mod address;
mod identity;
mod password;
pub mod permission;
mod rate;
mod secret;

pub use access::{Access, AccessError, AccessOptions, SignedIn};
pub use address::client_address;
pub use identity::{Credential, Identity};
pub use password::{PasswordError, Passwords};
pub use rate::Rate;
pub(crate) use secret::same;
pub use secret::{Digest, Secret};
