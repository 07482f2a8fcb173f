//! The same objects from a bare client, with nothing but their creation.

use std::time::Instant;

use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::Api;
use kube::api::PostParams;

use crate::Outcome;
use crate::arguments::Arguments;
use crate::place::{Place, processor};
use crate::report::Bare;
use crate::tasks::Tasks;

pub(crate) async fn measure(arguments: &Arguments, namespace: &str) -> Outcome<Bare> {
    let place = Place::reach().await?;
    let tasks = Tasks::new(arguments, namespace)?;
    let bundles = (0..arguments.tasks).map(|number| tasks.bundle(number)).collect::<Outcome<Vec<_>>>()?;
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(place.client.clone(), namespace);
    let jobs: Api<Job> = Api::namespaced(place.client.clone(), namespace);
    let parameters = PostParams::default();
    let begin = Instant::now();
    stream::iter(&bundles)
        .map(Outcome::Ok)
        .try_for_each_concurrent(arguments.concurrency, |bundle| {
            let (claims, jobs, parameters) = (&claims, &jobs, &parameters);
            async move {
                if let Some(claim) = &bundle.claim {
                    claims.create(parameters, claim).await?;
                }
                jobs.create(parameters, &bundle.job).await?;
                Ok(())
            }
        })
        .await?;
    let (seconds, requests) = (begin.elapsed().as_secs_f64(), place.requests.counts());
    Ok(Bare { seconds, cpu_seconds: processor()?, requests })
}
