//! A `PostgreSQL` of a test's own, which it may kill: the programs are looked for where Debian has them, in `PATH`, or in the
//! directory that `KERUTA_TEST_POSTGRES_PROGRAMS` names, which then must have them.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The server's directory, and where its programs are.
pub(crate) struct PostgresCluster {
    programs: PathBuf,
    directory: TempDir,
    port: u16,
}

impl PostgresCluster {
    /// Makes and starts one; `None` where there are no programs for it.
    pub(crate) fn start() -> Option<Self> {
        let programs = programs()?;
        let directory = tempfile::tempdir().unwrap();
        if is_root() {
            // It refuses to run as root.
            assert!(Command::new("chown").arg("postgres:").arg(directory.path()).status().unwrap().success());
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let cluster = Self { programs, directory, port };
        cluster.call("initdb", &["-U", "postgres", "--auth=trust"]);
        cluster.resume();
        Some(cluster)
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Kills it, as a crash does: nothing is brought to its end.
    pub(crate) fn crash(&self) {
        self.call("pg_ctl", &["-m", "immediate", "-w", "stop"]);
    }

    /// Starts it, and waits until it has recovered.
    pub(crate) fn resume(&self) {
        let place = self.directory.path().display();
        let options = format!("-p {} -k {place} -c listen_addresses=127.0.0.1", self.port);
        self.call("pg_ctl", &["-l", &format!("{place}/log"), "-o", &options, "-w", "start"]);
    }

    fn call(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        command.arg("-D").arg(self.directory.path().join("data")).args(arguments);
        command.current_dir(self.directory.path()).env("HOME", self.directory.path());
        // Not by a pipe: what it starts would hold it open.
        let said = std::fs::File::create(self.directory.path().join("said")).unwrap();
        command.stdout(said.try_clone().unwrap()).stderr(said);
        let status = command.status().unwrap();
        let said = || std::fs::read_to_string(self.directory.path().join("said")).unwrap_or_default();
        assert!(status.success(), "{command:?}: {status}\n{}", said());
    }
}

impl Drop for PostgresCluster {
    fn drop(&mut self) {
        // A test that failed may have left it dead.
        let stopped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.crash()));
        drop(stopped);
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}

/// The directory of the newest programs that there are.
fn programs() -> Option<PathBuf> {
    let has = |directory: &Path| directory.join("initdb").exists() && directory.join("pg_ctl").exists();
    if let Some(named) = std::env::var_os("KERUTA_TEST_POSTGRES_PROGRAMS") {
        let named = PathBuf::from(named);
        assert!(has(&named), "{} has no initdb and pg_ctl", named.display());
        return Some(named);
    }
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut debian: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|found| found.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default();
    debian.sort_by_key(version);
    let debian = debian.into_iter().rev().map(|path| path.join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = debian.chain(std::env::split_paths(&path)).find(|directory| has(directory));
    if found.is_none() {
        eprintln!("skipped: there are no programs of PostgreSQL; KERUTA_TEST_POSTGRES_PROGRAMS names their directory");
    }
    found
}
