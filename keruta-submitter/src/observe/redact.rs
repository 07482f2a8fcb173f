//! Termination messages without secrets: they may be the last lines of a container's log, and go into verdicts.

use bytes::Bytes;
use k8s_openapi::api::core::v1::Pod;

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
    messages(pod).map(std::mem::take).filter(|message| !message.is_empty()).count() > 0
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
    // The first line may begin with the end of a secret.
    let whole = if message.len() < CUT { message } else { message.split_once('\n').map_or("", |(_, rest)| rest) };
    let lines = whole.split('\n').map(|line| redactor.redact(Bytes::copy_from_slice(line.as_bytes())));
    let lines: Vec<Bytes> = lines.collect();
    // A mask may break a character of many bytes, where a secret was not a text.
    String::from_utf8_lossy(&lines.join(&b'\n')).into_owned()
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
