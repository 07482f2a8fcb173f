//! What is compiled in and Cargo does not see by itself: migrations, and the files of the admin panel.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const PANEL: &str = "panel/dist";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed={PANEL}");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join(PANEL);
    let mut names: Vec<String> = fs::read_dir(&root)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<_>>()?;
    names.sort();
    let table = table(&root, &names).unwrap_or_default();
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("panel.rs"), table)
}

fn is_compressed(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "br" || extension == "gz")
}

/// An expression: all files of the panel, each with its compressed forms.
fn table(root: &Path, names: &[String]) -> Result<String, std::fmt::Error> {
    let mut table = String::from("&[\n");
    for name in names.iter().filter(|name| !is_compressed(name)) {
        let path = |end: &str| root.join(format!("{name}{end}")).display().to_string();
        let form = |end: &str| {
            if names.contains(&format!("{name}{end}")) {
                format!("Some(include_bytes!({:?}))", path(end))
            } else {
                "None".to_owned()
            }
        };
        writeln!(
            table,
            "    Asset {{ name: {name:?}, plain: include_bytes!({:?}), brotli: {}, gzip: {} }},",
            path(""),
            form(".br"),
            form(".gz")
        )?;
    }
    table.push(']');
    Ok(table)
}
