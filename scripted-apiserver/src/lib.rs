//! A Kubernetes API server for tests, whose Jobs, Pods, logs and faults follow a script.
