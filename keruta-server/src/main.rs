//! The program `keruta-server`.

fn main() {}
