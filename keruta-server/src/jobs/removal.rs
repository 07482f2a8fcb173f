//! What deleted tasks have left: first what the server keeps, then their objects in the cluster, at last the claim.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use keruta_api::{TaskRemoval, TaskRemovalState};
use keruta_manifest::plan::Names;
use keruta_manifest::settings::NamePolicy;
use keruta_submitter::cleanup::{ClaimRule, Inventory, Outcome, Why, carry_out, claim_of, of_claim, of_deleted_task};
use keruta_submitter::cluster::Cluster;
use serde_json::{Value, json};

use super::secrets::again;
use super::{JobError, Jobs};
use crate::store::logs::Progress;
use crate::store::{Epoch, Removal};

/// How many removals are looked at in one run.
const AT_ONCE: u32 = 200;
/// When to look whether the cluster has deleted what it was told to.
const SOON: SignedDuration = SignedDuration::from_secs(2);
/// When to look again for what takes longer: a task that still uses the workspace, a Pod that ends.
const LATER: SignedDuration = SignedDuration::from_secs(60);

/// What became of one part of a removal.
enum Step {
    /// It is done; this is next.
    Done(Option<TaskRemovalState>),
    /// It has to wait until then, for this.
    Waits(String, Timestamp),
}

/// What was done.
#[derive(Debug, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// Tasks of which nothing is left.
    finished: u64,
    /// Tasks that have to wait for something.
    waiting: u64,
    /// Objects that were deleted.
    objects: u64,
}

impl Jobs {
    pub(super) async fn remove(
        &self,
        epoch: Epoch,
        cluster: Option<&Cluster>,
        progress: &Progress,
    ) -> Result<Value, JobError> {
        let due = self.store.due_removals(Timestamp::now(), cluster.is_some(), AT_ONCE).await?;
        let (mut report, mut failed, mut first) = (Report::default(), 0_u64, None);
        // What is in a namespace is asked once for all that were deleted there.
        let mut seen: BTreeMap<String, Inventory> = BTreeMap::new();
        for (index, removal) in due.iter().enumerate() {
            self.store.check_epoch(epoch).await?;
            let mut removal = removal.clone();
            // One part after the other, until it is done or has to wait.
            loop {
                let what = &removal.removal;
                match self.step(&removal, cluster, &mut seen, &mut report).await {
                    Ok(Step::Done(next)) => {
                        self.store.removal_done(what, next, epoch).await?;
                        let Some(next) = next else {
                            report.finished += 1;
                            break;
                        };
                        removal.removal.state = next;
                    }
                    Ok(Step::Waits(why, until)) => {
                        report.waiting += 1;
                        self.store.removal_waits(what, &why, false, until, epoch).await?;
                        break;
                    }
                    Err(JobError::Store(error)) => return Err(error.into()),
                    Err(error) => {
                        failed += 1;
                        let until = again(&what.task_id, what.tries, Timestamp::now());
                        self.store.removal_waits(what, &error.to_string(), true, until, epoch).await?;
                        first.get_or_insert(error.to_string());
                        break;
                    }
                }
            }
            progress.set(index as u64 + 1, due.len() as u64);
        }
        match first {
            Some(first) => Err(JobError::Some { failed, of: due.len() as u64, first }),
            None => Ok(json!(report)),
        }
    }

    async fn step(
        &self,
        removal: &Removal,
        cluster: Option<&Cluster>,
        seen: &mut BTreeMap<String, Inventory>,
        report: &mut Report,
    ) -> Result<Step, JobError> {
        let what = &removal.removal;
        if what.state == TaskRemovalState::Records {
            self.logs.delete_task(&what.task_id).await?;
            return Ok(Step::Done(removal.in_cluster.then_some(TaskRemovalState::Objects)));
        }
        let now = Timestamp::now();
        let Some(cluster) = cluster else {
            // It is looked at again as soon as there is one.
            return Ok(Step::Waits("a cluster that can be reached".to_owned(), now));
        };
        let inventory = match seen.entry(what.namespace.clone()) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(unknown) => {
                unknown.insert(Inventory::list(cluster, &what.namespace).await?)
            }
        };
        if what.state == TaskRemovalState::Objects {
            return self.objects(what, cluster, inventory, report).await;
        }
        self.claim(removal, cluster, inventory, report).await
    }

    /// The Jobs with their Pods, and the ConfigMaps. Done where a look finds none of them.
    async fn objects(
        &self,
        what: &TaskRemoval,
        cluster: &Cluster,
        inventory: &Inventory,
        report: &mut Report,
    ) -> Result<Step, JobError> {
        let now = Timestamp::now();
        let mut any = false;
        for names in names_of(&what.task_id) {
            for object in of_deleted_task(inventory, &what.task_id, names.label.as_str()) {
                any = true;
                if carry_out(cluster, &object, false).await? == Outcome::Done {
                    report.objects += 1;
                }
            }
        }
        if any {
            return Ok(Step::Waits("its objects are being deleted".to_owned(), later(now, SOON)));
        }
        if self.store.has_token_secrets(&what.namespace, &what.task_id).await? {
            return Ok(Step::Waits("the Secrets of its attempts are being deleted".to_owned(), later(now, SOON)));
        }
        Ok(Step::Done(Some(TaskRemovalState::Claim)))
    }

    /// The claim, as its retention says, and never as long as a task is there that uses it.
    async fn claim(
        &self,
        removal: &Removal,
        cluster: &Cluster,
        inventory: &Inventory,
        report: &mut Report,
    ) -> Result<Step, JobError> {
        let (what, now) = (&removal.removal, Timestamp::now());
        for names in names_of(&what.task_id) {
            let found = claim_of(inventory, names.claim.as_str(), names.label.as_str());
            let Some((claim, Some(rule))) = found else { continue };
            let name = names.claim.as_str();
            let family = self.store.family(&what.task_id, &what.namespace).await?;
            if family.member.as_deref() == Some(&what.task_id) {
                // There is a task of this id again: the claim is its workspace now.
                return Ok(Step::Done(None));
            }
            if let Some(member) = family.member {
                return Ok(Step::Waits(
                    format!("the task {member}, which uses the workspace {name}"),
                    later(now, LATER),
                ));
            }
            let why = match rule {
                ClaimRule::WithTask => Why::WithTask,
                ClaimRule::After(kept) => {
                    let since = removal.finished_at.unwrap_or(what.asked_at);
                    let over = later(since, SignedDuration::from_secs(kept.as_secs().into()));
                    if over > now {
                        return Ok(Step::Waits(format!("its workspace {name} is kept until {over}"), over));
                    }
                    Why::After { since, kept }
                }
            };
            let Some(object) = of_claim(claim, why) else { continue };
            match carry_out(cluster, &object, false).await? {
                Outcome::InUse => {
                    return Ok(Step::Waits(format!("a Pod or Job that uses the workspace {name}"), later(now, LATER)));
                }
                Outcome::Done => report.objects += 1,
                Outcome::Gone | Outcome::Rehearsed => {}
            }
        }
        Ok(Step::Done(None))
    }
}

/// The names that a task's objects have, under each policy: the settings may have changed since they were made.
fn names_of(task: &str) -> Vec<Names> {
    let Ok(id) = task.parse() else { return Vec::new() };
    let mut found: Vec<Names> = [NamePolicy::Strict, NamePolicy::Hashed]
        .into_iter()
        .filter_map(|policy| Names::new(&id, 1, policy).ok())
        .collect();
    found.dedup();
    found
}

fn later(now: Timestamp, time: SignedDuration) -> Timestamp {
    now.checked_add(time).unwrap_or(Timestamp::MAX)
}
