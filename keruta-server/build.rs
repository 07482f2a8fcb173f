//! Migrations are compiled in; Cargo does not see a new file of them by itself.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
