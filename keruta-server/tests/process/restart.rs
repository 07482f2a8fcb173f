//! A `PostgreSQL` that is killed and started again while tasks come and run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use scripted_apiserver::{Life, Run};

use crate::cluster::PostgresCluster;
use crate::program::{PATIENCE, Stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgresql_that_is_killed_and_started_again_loses_nothing_and_nothing_runs_twice() {
    let Some(postgres) = PostgresCluster::start() else { return };
    let stage = Stage::set().await;
    let program = Arc::new(stage.start(&postgres.url()).await);
    let life = Life::new().container("main", Run::new().line("once").numbered("line ", 40, 900));
    let wanted: String = std::iter::once("once\n".to_owned()).chain((1..=40).map(|n| format!("line {n}\n"))).collect();
    let mut acknowledged = Vec::new();
    for round in 0..3_u64 {
        // Tasks come all the time; some are under way in the queue, some submitted, some run, when it dies.
        let end = Arc::new(AtomicBool::new(false));
        let creator = tokio::spawn({
            let (program, life, end) = (Arc::clone(&program), life.clone(), Arc::clone(&end));
            async move {
                let mut made = Vec::new();
                for number in 0.. {
                    let id = format!("r{round}-{number}");
                    if program.create(&id, &life).await {
                        made.push(id);
                    } else {
                        // One that was refused may be there all the same; it is not asked for again.
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                    if end.load(Ordering::Relaxed) {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(120)).await;
                }
                made
            }
        });
        tokio::time::sleep(Duration::from_millis(500 + 300 * round)).await;
        tokio::task::block_in_place(|| postgres.crash());
        let readiness = program.try_send(http::Method::GET, "/readyz", None).await.expect("an answer");
        assert_eq!(readiness.0, 503, "{:#}", readiness.1);
        tokio::time::sleep(Duration::from_secs(1)).await;
        tokio::task::block_in_place(|| postgres.resume());
        let began = Instant::now();
        while !program.create(&format!("after{round}"), &life).await {
            assert!(began.elapsed() < PATIENCE, "it does not come back");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        end.store(true, Ordering::Relaxed);
        let made = creator.await.unwrap();
        assert!(made.len() > 1, "{made:?}");
        acknowledged.extend(made);
    }
    for id in &acknowledged {
        let task = program.until_ended(id).await;
        assert_eq!(task["status"], "COMPLETED", "{task:#}");
        assert_eq!((stage.jobs_of(id).len(), program.ends(id).await), (1, vec!["COMPLETED".to_owned()]), "{id}");
        program.until_log(id, &wanted).await;
    }
    Arc::into_inner(program).expect("nobody else has it").kill().await;
}
