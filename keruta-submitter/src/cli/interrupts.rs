//! Ctrl-C, and being asked to end.

use tokio::sync::mpsc;

/// What was asked from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interrupt {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM: whoever runs this program wants it gone soon.
    Terminate,
}

/// Tells of each from now on; needs a tokio runtime.
pub(super) fn interrupts() -> mpsc::UnboundedReceiver<Interrupt> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let terminated = sender.clone();
    tokio::spawn(
        async move { while tokio::signal::ctrl_c().await.is_ok() && sender.send(Interrupt::Interrupt).is_ok() {} },
    );
    #[cfg(unix)]
    tokio::spawn(async move {
        let Ok(mut signals) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else { return };
        while signals.recv().await.is_some() && terminated.send(Interrupt::Terminate).is_ok() {}
    });
    #[cfg(not(unix))]
    drop(terminated);
    receiver
}
