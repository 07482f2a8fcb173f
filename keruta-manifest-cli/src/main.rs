//! `keruta-manifest`: renders tasks into Kubernetes manifests on stdout.

fn main() {}
