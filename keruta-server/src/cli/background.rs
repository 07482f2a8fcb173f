//! What is done again and again: chunks of logs are merged, old lines deleted.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keruta_manifest::Settings;
use keruta_server::store::Store;
use keruta_server::store::logs::{LogStore, RetentionPolicy, SealSettings};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How often chunks are merged.
const SEAL: Duration = Duration::from_secs(5);
/// How often old lines are looked for.
const RETAIN: Duration = Duration::from_hours(1);
/// How long notifications are kept that were sent or given up.
const NOTIFICATIONS_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Goes on until the end. Where several replicas do it at once, the database decides who does what.
pub(super) async fn run(
    store: Store,
    logs: LogStore,
    settings: watch::Receiver<Arc<Settings>>,
    end: CancellationToken,
) {
    let (mut seal, mut retain) = (interval(SEAL), interval(RETAIN));
    seal.set_missed_tick_behavior(MissedTickBehavior::Delay);
    retain.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = seal.tick() => {
                let job = async |progress| logs.seal(&SealSettings::default(), Timestamp::now(), &progress).await;
                if let Err(error) = store.run_recorded("seal", job).await {
                    tracing::warn!(%error, "chunks of logs could not be merged");
                }
            }
            _ = retain.tick() => {
                let kept = Duration::from_secs(u64::from(settings.borrow().log_retention.as_secs()));
                let policy = RetentionPolicy { default: Some(kept), ..RetentionPolicy::default() };
                let job = async |progress| logs.retain(&policy, Timestamp::now(), &progress).await;
                if let Err(error) = store.run_recorded("retention", job).await {
                    tracing::warn!(%error, "old lines could not be deleted");
                }
                let long_ago = Timestamp::now().checked_sub(NOTIFICATIONS_KEPT).unwrap_or(Timestamp::MIN);
                if let Err(error) = store.purge_notifications(long_ago).await {
                    tracing::warn!(%error, "old notifications could not be deleted");
                }
            }
            () = end.cancelled() => return,
        }
    }
}
