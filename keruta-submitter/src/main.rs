//! The program `keruta-submitter`.

fn main() {}
