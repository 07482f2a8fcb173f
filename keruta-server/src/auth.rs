//! Who asks, and what they may do.

mod password;
mod rate;
mod secret;

pub use password::{PasswordError, Passwords};
pub use rate::Rate;
pub use secret::{Digest, Secret};
