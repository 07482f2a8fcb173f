//! `/api/v1/statistics`: how many tasks there are, and how the last day went.

use axum::Json;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use keruta_api::{Statistics, StatisticsPart, StatusCounts, TaskStatus};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ApiError;
use crate::store::{AttemptSpan, Store};

/// In how many parts the day is told.
const PARTS: u32 = 48;
/// How long one takes.
const PART: SignedDuration = SignedDuration::from_mins(30);

/// The routes, with their part of the OpenAPI document.
pub fn routes(store: Store) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(read)).with_state(store)
}

/// How many tasks there are of each status, and how the last day went in parts of half an hour.
#[utoipa::path(get, path = "/api/v1/statistics", tag = "tasks", responses((status = 200, body = Statistics)))]
async fn read(State(store): State<Store>) -> Result<Json<Statistics>, ApiError> {
    let now = Timestamp::now();
    let since = now.checked_sub(PART * PARTS.cast_signed()).unwrap_or(now);
    let (counts, attempts) = (store.count_tasks().await?, store.attempts_since(since).await?);
    Ok(Json(Statistics { tasks: counted(&counts), day: day(&attempts, now) }))
}

fn counted(counts: &[(TaskStatus, u64)]) -> StatusCounts {
    let of = |status| counts.iter().find(|(other, _)| *other == status).map_or(0, |(_, count)| *count);
    StatusCounts {
        pending: of(TaskStatus::Pending),
        in_progress: of(TaskStatus::InProgress),
        waiting_for_input: of(TaskStatus::WaitingForInput),
        completed: of(TaskStatus::Completed),
        failed: of(TaskStatus::Failed),
        cancelled: of(TaskStatus::Cancelled),
    }
}

/// The day before `now`, of the attempts that were in it.
fn day(attempts: &[AttemptSpan], now: Timestamp) -> Vec<StatisticsPart> {
    // When the queue grew and shrank, in the order of time; of two at once the leaving comes first.
    let mut steps: Vec<(Timestamp, i64)> = Vec::with_capacity(2 * attempts.len());
    for attempt in attempts {
        steps.push((attempt.queued_at, 1));
        if let Some(left) = attempt.submitted_at.or(attempt.finished_at) {
            steps.push((left.max(attempt.queued_at), -1));
        }
    }
    steps.sort_unstable();
    let mut steps = steps.into_iter().peekable();
    let mut waiting = 0_i64;
    let parts = (0..PARTS).rev().filter_map(|back| {
        let until = now.checked_sub(PART * back.cast_signed()).ok()?;
        Some((until.checked_sub(PART).ok()?, until))
    });
    parts
        .map(|(from, until)| {
            let ended = |status| {
                let is = |attempt: &&AttemptSpan| {
                    attempt.status == status && attempt.finished_at.is_some_and(|at| from <= at && at < until)
                };
                attempts.iter().filter(is).count() as u64
            };
            while let Some((_, step)) = steps.next_if(|(at, _)| *at < from) {
                waiting += step;
            }
            let mut most = waiting;
            while let Some((_, step)) = steps.next_if(|(at, _)| *at < until) {
                waiting += step;
                most = most.max(waiting);
            }
            StatisticsPart {
                from,
                completed: ended(TaskStatus::Completed),
                failed: ended(TaskStatus::Failed),
                cancelled: ended(TaskStatus::Cancelled),
                queued: u64::try_from(most).unwrap_or_default(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_its_ends_and_the_longest_queue_of_each_part() {
        let now: Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
        let ago = |minutes: i64| now.checked_sub(SignedDuration::from_mins(minutes)).unwrap();
        let attempt = |status, queued: i64, left: Option<i64>, ended: Option<i64>| AttemptSpan {
            status,
            queued_at: ago(queued),
            submitted_at: left.map(ago),
            finished_at: ended.map(ago),
        };
        let attempts = [
            // In the queue since before the day, and still.
            attempt(TaskStatus::Pending, 3000, None, None),
            attempt(TaskStatus::Completed, 100, Some(95), Some(65)),
            attempt(TaskStatus::Failed, 99, Some(98), Some(1)),
            // Never submitted.
            attempt(TaskStatus::Cancelled, 20, None, Some(10)),
        ];
        let day = day(&attempts, now);
        assert_eq!(day.len(), 48);
        assert_eq!(day[47].from, ago(30));
        let numbers = |part: &StatisticsPart| (part.completed, part.failed, part.cancelled, part.queued);
        let last: Vec<_> = day[44..].iter().map(numbers).collect();
        assert_eq!(last, [(0, 0, 0, 3), (1, 0, 0, 1), (0, 0, 0, 1), (0, 1, 1, 2)]);
        assert!(day[..44].iter().all(|part| numbers(part) == (0, 0, 0, 1)));
    }
}
