//! What the agent's receipt says of an end.
//!
//! It stands beside what Kubernetes shows: whoever sees only the Pod cannot tell a command that ended by itself from one that ended
//! because it was told to.

use keruta_api::{Receipt, ReceiptOutcome};
use keruta_manifest::plan::AGENT_FATAL_EXIT_CODES;

use super::evidence::{of_end, of_pod, with_detail};
use super::exit_code;
use crate::attempt::Attempt;
use crate::observe::ObservedPod;
use crate::verdict::{Cause, Outcome, Verdict};

/// What an agent that could not start the command ends with, beside its reserved codes.
const NOT_STARTED: std::ops::RangeInclusive<u8> = 125..=127;

/// The receipt of a Pod, where it is about this attempt.
pub(super) fn of<'a>(pod: &'a ObservedPod, attempt: &Attempt) -> Option<&'a Receipt> {
    // An agent that was told no attempt writes 0.
    let is_its = |receipt: &&Receipt| receipt.task == attempt.task && [0, attempt.number].contains(&receipt.attempt);
    pod.receipt().filter(is_its)
}

/// The verdict that follows; `None` where the receipt has no more to say than the container's end.
pub(super) fn verdict(pod: &ObservedPod, receipt: &Receipt) -> Option<Verdict> {
    let main = pod.containers.iter().find(|main| main.termination().is_some_and(|end| end.receipt.is_some()));
    let end = main.and_then(|main| Some((main, main.termination()?)));
    let mut evidence = end.map_or_else(|| of_pod(pod), |(main, end)| of_end(pod, main, end));
    evidence.signal = receipt.signal;
    let lines = end.and_then(|(_, end)| end.message.as_deref());
    let reason = receipt.reason.as_deref();
    let told = |otherwise: &str| format!("{} (exit code {})", reason.unwrap_or(otherwise), receipt.exit_code);
    let (outcome, retryable, sentence, cure) = match receipt.outcome {
        ReceiptOutcome::Completed => return None,
        ReceiptOutcome::Failed => {
            let code = i32::from(receipt.exit_code);
            let is_of_agent = AGENT_FATAL_EXIT_CODES.contains(&code) || NOT_STARTED.contains(&receipt.exit_code);
            // The command's own end is told as that of any container.
            reason.filter(|_| is_of_agent)?;
            let cure = exit_code::of_agent(code).map(|meaning| meaning.cure).unwrap_or_default();
            (Outcome::Failed(Cause::CommandFailed), false, told("the task failed"), cure)
        }
        ReceiptOutcome::TimedOut => {
            let sentence = told("the task ran out of its time");
            (Outcome::Failed(Cause::Deadline), false, sentence, "raise timeoutSeconds, or let the task do less")
        }
        ReceiptOutcome::Cancelled => (Outcome::Cancelled, false, told("the agent was told to cancel"), ""),
        ReceiptOutcome::Interrupted => {
            let sentence = told("the container was told to end before its command had");
            // Who put it out, the Pod does not show any more.
            let cure = "start another attempt: nothing is wrong with the task itself";
            (Outcome::Failed(Cause::Evicted), true, sentence, cure)
        }
    };
    evidence.summary = with_detail(sentence, lines);
    evidence.cure = Some(cure.to_owned()).filter(|cure| !cure.is_empty());
    Some(Verdict { outcome, retryable, evidence })
}
