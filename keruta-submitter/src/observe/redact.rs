//! Termination messages without secrets: they may be the last lines of a container's log, and go into verdicts.

use bytes::Bytes;
use k8s_openapi::api::core::v1::Pod;
use keruta_api::Receipt;

use crate::logs::Redactor;

/// So many bytes of a log at most are a termination message, cut in the middle of a line.
/// [Source](https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/).
const CUT: usize = 2048;

/// Takes the secrets out of a Pod's termination messages. To be called before it is observed, which cuts them.
///
/// ```
/// use keruta_submitter::logs::Redactor;
/// use keruta_submitter::observe::redact_messages;
///
/// let mut pod = serde_json::from_value(serde_json::json!({"metadata": {}, "status": {"containerStatuses": [{
///     "name": "main", "image": "", "imageID": "", "ready": false, "restartCount": 0,
///     "state": {"terminated": {"exitCode": 1, "message": "fatal: no access with s3cret-token"}},
/// }]}}))?;
/// redact_messages(&mut pod, &Redactor::new(["s3cret-token"])?);
/// let status = serde_json::to_value(pod.status)?;
/// assert_eq!(status["containerStatuses"][0]["state"]["terminated"]["message"], "fatal: no access with ***");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn redact_messages(pod: &mut Pod, redactor: &Redactor) {
    if redactor.is_empty() {
        return;
    }
    for message in messages(pod) {
        *message = redacted(message, redactor);
    }
}

/// Leaves a Pod's termination messages out, which may quote secrets that are not known. Says whether there were any.
pub(crate) fn withhold_messages(pod: &mut Pod) -> bool {
    messages(pod).filter_map(withhold).count() > 0
}

/// Leaves out what a message quotes; `None` where it quotes nothing. What a receipt says besides is the agent's own.
fn withhold(message: &mut String) -> Option<()> {
    let kept = Receipt::read(message).map(|receipt| Receipt { tail: String::new(), reason: None, ..receipt });
    let kept = kept.map_or_else(String::new, |receipt| receipt.to_line());
    let withheld = std::mem::replace(message, kept);
    (withheld.len() > message.len()).then_some(())
}

fn messages(pod: &mut Pod) -> impl Iterator<Item = &mut String> {
    let statuses = pod
        .status
        .iter_mut()
        .flat_map(|status| status.init_container_statuses.iter_mut().chain(&mut status.container_statuses).flatten());
    let states = statuses.flat_map(|status| [&mut status.state, &mut status.last_state].into_iter().flatten());
    states.filter_map(|state| state.terminated.as_mut()?.message.as_mut())
}

fn redacted(message: &str, redactor: &Redactor) -> String {
    if let Some(receipt) = Receipt::read(message) {
        // It was cut by the agent, which begins with a whole line.
        let lines =
            |text: &str| text.split('\n').map(|line| line_without(line, redactor)).collect::<Vec<_>>().join("\n");
        let reason = receipt.reason.as_deref().map(lines);
        return Receipt { tail: lines(&receipt.tail), reason, ..receipt }.to_line();
    }
    // The first line may begin with the end of a secret.
    let whole = if message.len() < CUT { message } else { message.split_once('\n').map_or("", |(_, rest)| rest) };
    whole.split('\n').map(|line| line_without(line, redactor)).collect::<Vec<_>>().join("\n")
}

fn line_without(line: &str, redactor: &Redactor) -> String {
    // A mask may break a character of many bytes, where a secret was not a text.
    String::from_utf8_lossy(&redactor.redact(Bytes::copy_from_slice(line.as_bytes()))).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn messages(message: &str) -> Vec<String> {
        let terminated = json!({"terminated": {"exitCode": 3, "message": message}});
        let container = json!({"name": "main", "image": "i", "imageID": "", "ready": false, "restartCount": 1,
            "state": terminated, "lastState": terminated});
        let status = json!({"containerStatuses": [container], "initContainerStatuses": [container]});
        let mut pod: Pod = serde_json::from_value(json!({"metadata": {}, "status": status})).unwrap();
        redact_messages(&mut pod, &Redactor::new(["s3cret\nof two lines"]).unwrap());
        let status = serde_json::to_value(&pod.status).unwrap();
        let of = |list: &str, state: &str| status[list][0][state]["terminated"]["message"].as_str().unwrap().to_owned();
        let lists = ["containerStatuses", "initContainerStatuses"];
        lists.iter().flat_map(|list| [of(list, "state"), of(list, "lastState")]).collect()
    }

    #[test]
    fn a_secret_is_in_no_message() {
        assert_eq!(messages("a s3cret\nof two lines, é\n"), ["a ***\n***, é\n"; 4]);
    }

    fn receipt(tail: &str) -> String {
        let receipt = json!({"kerutaReceipt": 1, "task": "a", "attempt": 1, "outcome": "failed", "exitCode": 3,
            "reason": "s3cret", "startedAt": "2026-11-30T10:00:00Z", "finishedAt": "2026-11-30T10:00:00Z", "tail": tail});
        receipt.to_string()
    }

    #[test]
    fn a_receipt_stays_one_without_its_secrets_however_long_it_is() {
        for message in messages(&receipt(&format!("s3cret\n{}", "x\"\n".repeat(600)))) {
            let read = Receipt::read(&message).unwrap();
            assert_eq!(read.reason.as_deref(), Some("***"));
            assert!(read.tail.starts_with("***\nx\"\n"), "{}", read.tail);
        }
    }

    #[test]
    fn of_a_receipt_only_what_it_quotes_is_withheld() {
        let mut message = receipt("last words");
        assert_eq!(withhold(&mut message), Some(()));
        let read = Receipt::read(&message).unwrap();
        assert_eq!((read.exit_code, &*read.tail, read.reason), (3, "", None));
        assert_eq!(withhold(&mut message), None);
        assert_eq!(withhold(&mut String::new()), None);
    }

    #[test]
    fn what_is_withheld_is_told() {
        let terminated = json!({"terminated": {"exitCode": 3, "message": "last words"}});
        let container = json!({"name": "main", "image": "i", "imageID": "", "ready": false, "restartCount": 1,
            "state": terminated});
        let status = json!({"containerStatuses": [container]});
        let mut pod: Pod = serde_json::from_value(json!({"metadata": {}, "status": status})).unwrap();
        assert!(withhold_messages(&mut pod));
        assert!(!serde_json::to_string(&pod).unwrap().contains("last words"));
        assert!(!withhold_messages(&mut pod));
    }

    #[test]
    fn a_line_that_the_kubelet_cut_goes() {
        let message = format!("cret\n{}", "x".repeat(CUT));
        assert_eq!(messages(&message), ["x".repeat(CUT).as_str(); 4]);
        assert_eq!(messages(&"x".repeat(CUT)), [""; 4]);
    }
}
