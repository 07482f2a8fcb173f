//! Runs a scripted API server until it is ended, for kubectl and other clients: prints its kubeconfig.

use scripted_apiserver::ApiServer;

#[tokio::main]
async fn main() {
    let server = ApiServer::start().await;
    println!("{}", server.kubeconfig());
    std::future::pending::<()>().await;
}
