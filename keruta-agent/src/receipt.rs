//! The receipt in the container's termination message.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use keruta_api::Receipt;

use crate::diagnostics::warning;

/// Where the kubelet looks for it, unless the container's `terminationMessagePath` says otherwise.
const DEFAULT: &str = "/dev/termination-log";
/// Where it is instead.
pub(crate) const VARIABLE: &str = "KERUTA_TERMINATION_LOG";

/// Where the receipt goes; `None` where nobody would read it.
pub(crate) fn place() -> Option<PathBuf> {
    match std::env::var_os(VARIABLE) {
        Some(path) => Some(PathBuf::from(path)).filter(|path| !path.as_os_str().is_empty()),
        // The kubelet makes it; outside of a Pod there is none, and none is made among the devices.
        None => Some(PathBuf::from(DEFAULT)).filter(|path| path.exists()),
    }
}

/// Writes the receipt in the place of an earlier one.
pub(crate) fn write(path: &Path, receipt: &Receipt) {
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
        file.write_all(receipt.to_line().as_bytes())
    };
    if let Err(error) = write() {
        warning!("the receipt cannot be written to {}: {error}", path.display());
    }
}
