//! Which notifications go into which message, and when what failed is tried again. Pure.

use std::time::Duration;

use keruta_api::{Notification, NotificationEvent};

/// So many at once are told one by one; more are one message.
const SINGLE: usize = 3;
/// How many messages a channel gets in [`LATELY`].
const PACE: usize = 6;
/// The time that the pace is counted over.
pub(super) const LATELY: Duration = Duration::from_mins(1);
/// A notification is given up after so many tries: with [`backoff`] that is most of a day.
pub(crate) const TRIES: u32 = 24;
/// The longest pause, whatever the other side asks for.
const LONGEST: Duration = Duration::from_hours(1);

/// A notification that is due, with the message that it was to be sent in before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The notification.
    pub notification: Notification,
    /// The message.
    pub message: Option<String>,
}

/// The messages that are to be sent now. What was to be sent together before stays together, so that who gets it twice sees by
/// its id that it is the same.
pub(super) fn messages(due: Vec<Due>, sent_lately: usize) -> Vec<(String, Vec<Notification>)> {
    let mut messages: Vec<(String, Vec<Notification>)> = Vec::new();
    let mut new = Vec::new();
    for Due { notification, message } in due {
        match message {
            Some(id) => match messages.iter_mut().find(|(known, _)| *known == id) {
                Some((_, together)) => together.push(notification),
                None => messages.push((id, vec![notification])),
            },
            None if notification.event == NotificationEvent::Test => {
                messages.push((notification.id.clone(), vec![notification]));
            }
            None => new.push(notification),
        }
    }
    let room = PACE.saturating_sub(sent_lately + messages.len());
    if new.len() <= SINGLE.min(room) {
        messages.extend(new.into_iter().map(|notification| (notification.id.clone(), vec![notification])));
    } else if room > 0
        && let Some(first) = new.first()
    {
        messages.push((first.id.clone(), new));
    }
    messages
}

/// The pause after so many failures in a row: 10 s, twice as long each time, an hour at most.
pub(crate) fn backoff(failures: u32) -> Duration {
    let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    Duration::from_secs(10).saturating_mul(doubled).min(LONGEST)
}

#[cfg(test)]
pub(super) mod tests {
    use jiff::Timestamp;
    use keruta_api::NotificationState;
    use proptest::prelude::*;

    use super::*;

    pub(in crate::notify) fn notification(id: &str, event: NotificationEvent) -> Notification {
        Notification {
            id: id.to_owned(),
            event,
            rule_id: Some("r".to_owned()),
            channel_id: "c".to_owned(),
            task_id: Some(format!("task-{id}")),
            title: None,
            attempt: Some(1),
            namespace: Some("tasks".to_owned()),
            reason: "it failed".to_owned(),
            occurrences: 1,
            state: NotificationState::Pending,
            tries: 0,
            last_error: None,
            created_at: Timestamp::from_second(1_800_000_000).unwrap(),
            next_try_at: None,
            sent_at: None,
        }
    }

    fn due(count: usize, message: Option<&str>) -> Vec<Due> {
        let one = |index: usize| Due {
            notification: notification(&format!("{}{index}", message.unwrap_or("n")), NotificationEvent::TaskFailed),
            message: message.map(str::to_owned),
        };
        (0..count).map(one).collect()
    }

    fn sizes(due: Vec<Due>, sent: usize) -> Vec<usize> {
        messages(due, sent).iter().map(|(_, together)| together.len()).collect()
    }

    #[test]
    fn a_burst_is_one_message() {
        assert_eq!(sizes(due(3, None), 0), [1, 1, 1]);
        assert_eq!(sizes(due(4, None), 0), [4]);
        assert_eq!(sizes(due(500, None), 0), [500]);
        // With little room left, together; with none, later.
        assert_eq!(sizes(due(3, None), 4), [3]);
        assert_eq!(sizes(due(3, None), 6), [0; 0]);
        // What was together stays together, and goes again whatever the pace.
        let again: Vec<Due> = due(2, Some("a")).into_iter().chain(due(1, Some("b"))).chain(due(2, None)).collect();
        assert_eq!(sizes(again.clone(), 0), [2, 1, 1, 1]);
        assert_eq!(sizes(again, 9), [2, 1]);
        let test = Due { notification: notification("t", NotificationEvent::Test), message: None };
        assert_eq!(sizes(vec![test], 9), [1]);
    }

    #[test]
    fn pauses_grow_and_end() {
        let seconds: Vec<u64> = (0..12).map(|failures| backoff(failures).as_secs()).collect();
        assert_eq!(seconds, [10, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
        assert_eq!(backoff(u32::MAX), LONGEST);
        let all: u64 = (1..TRIES).map(|failures| backoff(failures).as_secs()).sum();
        assert!((12 * 3600..24 * 3600).contains(&all), "{all}");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_doubled(new in 0_usize..20, old in 0_usize..5, sent in 0_usize..10) {
            let all: Vec<Due> = due(old, Some("m")).into_iter().chain(due(new, None)).collect();
            let sent_now = messages(all, sent);
            let mut ids: Vec<_> = sent_now.iter().flat_map(|(_, together)| together).map(|one| one.id.clone()).collect();
            let count = ids.len();
            ids.sort();
            ids.dedup();
            prop_assert_eq!(ids.len(), count);
            prop_assert!(count == old + new || count == old);
            prop_assert!(sent + sent_now.len() <= PACE.max(sent + usize::from(old > 0)));
        }
    }
}
