//! What really happened, by every state that the server's objects ever had; and whether the submitter's word agrees.

use std::collections::BTreeSet;

use keruta_submitter::logs::{LogEntry, LogSource};
use keruta_submitter::stop::Stopped;
use keruta_submitter::{Cause, Outcome, TaskStatus, Verdict};
use serde_json::Value;

use crate::scene::{NAMESPACE, SECRET, Scene, Subject};

/// Checks all that must hold when a scene is over; the answer says what does not.
pub(crate) fn check(scene: &Scene) -> Vec<String> {
    let mut wrong = Vec::new();
    let truth = Truth {
        scene,
        jobs: scene.server.chronicle("jobs", NAMESPACE),
        pods: scene.server.chronicle("pods", NAMESPACE),
    };
    for subject in &scene.subjects {
        let mut say = |text: String| wrong.push(format!("{}: {text}", subject.workload.id));
        truth.one_job(subject, &mut say);
        if let Some(verdict) = truth.one_verdict(subject, &mut say) {
            truth.right_verdict(subject, &verdict, &mut say);
            truth.logs(subject, &verdict, &mut say);
        }
    }
    for pod in scene.held_pods() {
        wrong.push(format!("{} is still held", pod["metadata"]["name"]));
    }
    truth.no_secret(&mut wrong);
    wrong
}

/// The same, where nothing kept the submitter from making each Job the owner of its ConfigMap. Where something did, a cleanup
/// finds it: see [`Scene::cleaned`].
pub(crate) fn check_with_owners(scene: &Scene) -> Vec<String> {
    let mut wrong = check(scene);
    for object in scene.server.objects("configmaps", NAMESPACE) {
        let owned = object["metadata"]["ownerReferences"].as_array().is_some_and(|owners| !owners.is_empty());
        if !owned && object["metadata"]["name"] != "kube-root-ca.crt" {
            wrong.push(format!("the ConfigMap {} belongs to nobody", object["metadata"]["name"]));
        }
    }
    wrong
}

struct Truth<'a> {
    scene: &'a Scene,
    /// Every state, with whether it was the last.
    jobs: Vec<(Value, bool)>,
    pods: Vec<(Value, bool)>,
}

fn rv(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
}

fn has_ended(pod: &Value) -> bool {
    matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
}

fn is_disturbed(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    let target = conditions.into_iter().any(|condition| condition["type"] == "DisruptionTarget");
    target || !pod["metadata"]["deletionTimestamp"].is_null()
}

impl Truth<'_> {
    fn jobs_of<'a>(&'a self, subject: &Subject) -> impl Iterator<Item = &'a Value> {
        let name = subject.job();
        self.jobs.iter().map(|(job, _)| job).filter(move |job| job["metadata"]["name"] == *name)
    }

    fn pods_of<'a>(&'a self, subject: &Subject) -> impl Iterator<Item = &'a Value> {
        let name = subject.job();
        self.pods.iter().map(|(pod, _)| pod).filter(move |pod| {
            let owners = pod["metadata"]["ownerReferences"].as_array().into_iter().flatten();
            owners.into_iter().any(|owner| owner["name"] == *name)
        })
    }

    /// How each Pod looked when its containers had ended.
    fn ends<'a>(&'a self, subject: &Subject) -> Vec<&'a Value> {
        let mut seen = BTreeSet::new();
        self.pods_of(subject).filter(|pod| has_ended(pod) && seen.insert(pod["metadata"]["uid"].to_string())).collect()
    }

    /// Whether somebody else deleted the Job before its verdict was recorded.
    fn lost_its_job(&self, subject: &Subject) -> bool {
        let verdict = |job: &Value| !job["metadata"]["annotations"]["keruta.dev/verdict"].is_null();
        let name = subject.job();
        self.jobs.iter().any(|(job, last)| {
            job["metadata"]["name"] == *name
                && (*last || !job["metadata"]["deletionTimestamp"].is_null())
                && !verdict(job)
        })
    }

    fn one_job(&self, subject: &Subject, say: &mut impl FnMut(String)) {
        let uid = |job: &Value| job["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let uids: BTreeSet<_> = self.jobs_of(subject).map(uid).collect();
        let is_tombstone = |job: &&Value| {
            job["spec"]["template"]["spec"]["containers"][0]["image"] == "keruta.invalid/cancelled-before-it-started"
        };
        let tombstones: BTreeSet<_> = self.jobs_of(subject).filter(is_tombstone).map(uid).collect();
        let gone = |uid: &str| self.jobs.iter().any(|(job, last)| *last && job["metadata"]["uid"] == uid);
        // Two where somebody deleted one, before it was recorded or after: the other ran nothing, or was taken back.
        let there = uids.iter().filter(|uid| !gone(uid)).count();
        let ran: BTreeSet<_> =
            self.pods_of(subject).map(|pod| pod["metadata"]["ownerReferences"][0]["uid"].clone().to_string()).collect();
        if uids.is_empty() || there > 1 || ran.len() > 1 {
            say(format!("it had {} Jobs, {there} are there, {} had Pods", uids.len(), ran.len()));
        }
        if uids.len() > 1 && !uids.iter().any(|uid| gone(uid)) {
            say(format!("it had {} Jobs, and nobody deleted one", uids.len()));
        }
        let verdicts: BTreeSet<_> = self
            .jobs_of(subject)
            .filter_map(|job| job["metadata"]["annotations"]["keruta.dev/verdict"].as_str())
            .collect();
        if verdicts.len() > 1 {
            say(format!("the recorded verdict changed: {verdicts:#?}"));
        }
        if tombstones.iter().any(|uid| !gone(uid)) && !ran.is_empty() && uids.len() == 1 {
            say("a Pod started behind a tombstone".to_owned());
        }
    }

    /// The verdict, where there is one, as all who were told of it were.
    fn one_verdict(&self, subject: &Subject, say: &mut impl FnMut(String)) -> Option<Verdict> {
        let attempt = subject.attempt();
        let of = |changes: Vec<keruta_submitter::journal::StatusChange>| {
            changes.into_iter().filter(|change| change.attempt == attempt).collect::<Vec<_>>()
        };
        let told = of(self.scene.told.lock().unwrap().clone());
        let finals: BTreeSet<TaskStatus> =
            told.iter().map(|change| change.status).filter(|status| status.is_final()).collect();
        if finals.len() > 1 {
            say(format!("its final status changed: {told:#?}"));
        }
        let kept = of(self.scene.journal.changes());
        if kept.iter().rposition(|change| !change.status.is_final()) > kept.iter().position(|c| c.status.is_final()) {
            say(format!("a status came after its end: {kept:#?}"));
        }
        let verdicts: Vec<Verdict> = kept.into_iter().filter_map(|change| change.verdict).collect();
        if verdicts.len() != 1 {
            say(format!("{} verdicts", verdicts.len()));
        }
        let recorded = self.jobs_of(subject).filter_map(|job| {
            serde_json::from_str::<Verdict>(job["metadata"]["annotations"]["keruta.dev/verdict"].as_str()?).ok()
        });
        let verdict = verdicts.into_iter().next()?;
        if let Some(recorded) = recorded.last()
            && recorded != verdict
        {
            say(format!("its Job says {recorded:#?}, its journal {verdict:#?}"));
        }
        Some(verdict)
    }

    fn right_verdict(&self, subject: &Subject, verdict: &Verdict, say: &mut impl FnMut(String)) {
        let ends = self.ends(subject);
        let cancelled = subject.cancelled.lock().unwrap().clone();
        let lost = self.lost_its_job(subject);
        let said = format!("{:?} ({})", verdict.outcome, verdict.evidence.summary);
        if let Some(Stopped::Stopping { .. } | Stopped::Tombstone { .. }) = cancelled {
            let stopped =
                self.jobs_of(subject).find(|job| !job["metadata"]["annotations"]["keruta.dev/stop"].is_null());
            let at = stopped.map_or(0, rv);
            let ended_before = ends.iter().any(|pod| rv(pod) < at);
            if !ended_before && !lost && verdict.outcome != Outcome::Cancelled {
                say(format!("it was cancelled in time, and is {said}"));
            }
            if verdict.outcome == Outcome::Cancelled {
                return;
            }
        } else if verdict.outcome == Outcome::Cancelled {
            // An order whose answer was lost may have ended it before it was asked for again.
            if subject.cancel_ms.is_none() {
                say("nobody cancelled it".to_owned());
            }
            return;
        }
        let success = ends.iter().any(|pod| pod["status"]["phase"] == "Succeeded" && !is_disturbed(pod));
        if success && !lost && verdict.outcome != Outcome::Completed {
            say(format!("it completed undisturbed, and is {said}"));
        }
        if !success && verdict.outcome == Outcome::Completed {
            say(format!("it did not complete, and is {said}; its Pods ended as {}", told(&ends)));
        }
        let undisturbed = !lost && !ends.is_empty() && ends.iter().all(|pod| !is_disturbed(pod));
        if let Some(code) = subject.exit.filter(|code| *code != 0 && undisturbed)
            && (verdict.outcome != Outcome::Failed(Cause::CommandFailed) || verdict.evidence.exit_code != Some(code))
        {
            say(format!("it exits with {code}, and is {said}"));
        }
        let disrupted = !lost && ends.iter().all(|pod| is_disturbed(pod)) && !ends.is_empty();
        if disrupted && verdict.outcome != Outcome::Cancelled && !verdict.retryable {
            say(format!("it was disturbed, and cannot be retried: {said}"));
        }
    }

    /// Neither in what was said of a task, nor in what was noted on its Job.
    fn no_secret(&self, wrong: &mut Vec<String>) {
        let told = self.scene.told.lock().unwrap().clone();
        let said = told.iter().map(|change| serde_json::to_string(change).unwrap());
        let progress = self.scene.journal.progress_seen();
        let done = progress.iter().map(|progress| serde_json::to_string(progress).unwrap());
        let notes =
            self.jobs.iter().flat_map(|(job, _)| job["metadata"]["annotations"].as_object().into_iter().flatten());
        let annotations = notes.map(|(key, note)| format!("{key}: {note}"));
        for text in said.chain(done).chain(annotations).filter(|text| text.contains(SECRET)) {
            wrong.push(format!("the secret is in {text}"));
        }
    }

    fn logs(&self, subject: &Subject, verdict: &Verdict, say: &mut impl FnMut(String)) {
        let attempt = subject.attempt();
        let journal = &self.scene.journal;
        let mut runs = Vec::new();
        for source in journal.sources().into_iter().filter(|source| source.attempt == attempt) {
            let entries = journal.entries(&source);
            let mut wanted = 1;
            let mut gaps = 0_u64;
            let mut gap_here = false;
            let mut texts = Vec::new();
            for entry in &entries {
                match entry {
                    LogEntry::Gap(_) => (gaps, gap_here) = (gaps + 1, true),
                    LogEntry::Line(line) => {
                        let text = String::from_utf8_lossy(&line.message).into_owned();
                        if text.contains(SECRET) {
                            say(format!("the secret is in the log: {text}"));
                        }
                        if let Some(number) = text.strip_prefix("line ").and_then(|number| number.parse::<u64>().ok()) {
                            if number != wanted && !(gap_here && number > wanted) {
                                say(format!("line {number} comes where {wanted} was to come ({source:?})"));
                            }
                            wanted = number + 1;
                        }
                        gap_here = false;
                        texts.push(text);
                    }
                }
            }
            runs.push((source, texts, gaps));
        }
        // What is not there is marked.
        let pods: BTreeSet<&str> = self.pods_of(subject).filter_map(|pod| pod["metadata"]["uid"].as_str()).collect();
        for uid in pods {
            let written: u64 = self.scene.server.lines_written(uid, "main").iter().sum();
            let of = |(source, ..): &&(LogSource, Vec<String>, u64)| source.pod_uid == uid;
            let (kept, gaps) = runs.iter().find(of).map_or((0, 0), |(_, texts, gaps)| (texts.len() as u64, *gaps));
            if kept != written && gaps == 0 {
                say(format!("{kept} of {written} lines of {uid}, and no gap"));
            }
        }
        // Where the Pod stays, so does its log.
        let stays = |uid: &str| {
            self.pods_of(subject)
                .filter(|pod| pod["metadata"]["uid"] == uid)
                .all(|pod| has_ended(pod) || pod["metadata"]["deletionTimestamp"].is_null())
                && self.scene.server.objects("pods", NAMESPACE).iter().any(|pod| pod["metadata"]["uid"] == uid)
        };
        for pod in self.ends(subject) {
            let uid = pod["metadata"]["uid"].as_str().unwrap();
            if subject.exit.is_none() || is_disturbed(pod) || !stays(uid) {
                continue;
            }
            match runs.iter().find(|(source, ..)| source.pod_uid == uid) {
                Some((_, texts, 0)) if *texts == subject.lines => {}
                Some((_, texts, gaps)) => say(format!(
                    "{} of {} lines with {gaps} gaps, the last {:?} ({:?})",
                    texts.len(),
                    subject.lines.len(),
                    texts.last(),
                    verdict.outcome
                )),
                None => say("no log".to_owned()),
            }
        }
    }
}

fn told(ends: &[&Value]) -> String {
    let of = |pod: &&Value| {
        format!(
            "{} (disturbed: {}) {}",
            pod["status"]["phase"],
            is_disturbed(pod),
            pod["metadata"]["deletionTimestamp"]
        )
    };
    ends.iter().map(of).collect::<Vec<_>>().join(", ")
}
