//! Backups to files, and from them.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::store::backup::{self, BackupReport};
use jiff::Timestamp;

use super::{Failure, runtime};

/// Writes a backup. A file that was begun and not finished does not stay.
pub(super) fn backup(database: &str, file: &Path) -> Result<(), Failure> {
    let report = if is_dash(file) {
        write(database, io::stdout().lock())?
    } else {
        // It holds what opens the server: nobody else may read it.
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let opened = options.open(file).map_err(|error| Failure::io(format!("make {}", file.display()), error))?;
        let written = write(database, BufWriter::new(&opened)).and_then(|report| {
            opened.sync_all().map_err(|error| Failure::io(format!("write {}", file.display()), error))?;
            Ok(report)
        });
        if written.is_err() {
            // Whoever sees the file takes it for a backup.
            let _ = std::fs::remove_file(file);
        }
        written?
    };
    tell("kept", &report);
    Ok(())
}

fn write(database: &str, out: impl Write) -> Result<BackupReport, Failure> {
    runtime()?.block_on(backup::backup(database, out, Timestamp::now())).map_err(Failure::backup)
}

/// Reads a backup.
pub(super) fn restore(database: &str, file: &Path) -> Result<(), Failure> {
    let runtime = runtime()?;
    let report = if is_dash(file) {
        runtime.block_on(backup::restore(database, io::stdin().lock()))
    } else {
        let opened = File::open(file).map_err(|error| Failure::io(format!("open {}", file.display()), error))?;
        runtime.block_on(backup::restore(database, opened))
    };
    tell("restored", &report.map_err(Failure::backup)?);
    Ok(())
}

fn is_dash(file: &Path) -> bool {
    file.as_os_str() == "-"
}

fn tell(what: &str, report: &BackupReport) {
    eprintln!("{what}: {} rows of {} tables (schema {})", report.rows, report.tables, report.schema);
}
