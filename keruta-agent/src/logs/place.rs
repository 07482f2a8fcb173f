//! Which log the lines belong to.

use crate::api::segment;

/// The container, as the API is told of it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) task: String,
    pub(crate) attempt: Option<u32>,
    container: String,
    pod: String,
    pod_uid: String,
    job: String,
}

impl Place {
    /// As the container's variables have it; a Pod's host name is its name.
    pub(crate) fn of_environment(task: &str, attempt: Option<u32>) -> Self {
        let named = |name: &str| std::env::var(name).ok().filter(|value| is_name(value));
        Self {
            task: task.to_owned(),
            attempt,
            container: named("KERUTA_CONTAINER_NAME").unwrap_or_else(|| "main".to_owned()),
            pod: named("KERUTA_POD_NAME").or_else(|| named("HOSTNAME")).unwrap_or_default(),
            pod_uid: named("KERUTA_POD_UID").unwrap_or_default(),
            job: named("KERUTA_JOB_NAME").unwrap_or_default(),
        }
    }

    /// The query of one stream's log: the two are told apart by the container's name.
    pub(super) fn query(&self, attempt: u32, stream: &str) -> String {
        let Self { container, pod, pod_uid, job, .. } = self;
        let [container, pod, pod_uid, job] = [container, pod, pod_uid, job].map(|name| segment(name));
        format!("attempt={attempt}&container={container}.{stream}&pod={pod}&podUid={pod_uid}&job={job}")
    }

    /// A name for a directory of this container's own: another Pod on the same workspace has another.
    pub(crate) fn directory(&self) -> String {
        let own = [&self.pod_uid, &self.pod].into_iter().find(|name| !name.is_empty());
        let own = own.map_or("container", String::as_str);
        format!("{}-{own}.{}", self.attempt.unwrap_or(0), self.container)
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 200
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        && !text.starts_with('.')
}
