//! Kubernetes' `$(NAME)` expansion, undone before it happens.
//!
//! In `env[].value`, `command` and `args` Kubernetes replaces `$(NAME)` by a variable of the container and folds
//! `$$` to `$`. A task's text is data, so every `$` of it is doubled, which the expansion turns back exactly.
//! [Source](https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#environment-variables).

use std::borrow::Cow;

/// A text that Kubernetes expands to `text`.
///
/// ```
/// use keruta_manifest::plan::{escape, expand};
/// let title = "costs $5, $(KERUTA_API_TOKEN) $$";
/// assert_eq!(escape(title), "costs $$5, $$(KERUTA_API_TOKEN) $$$$");
/// assert_eq!(expand(&escape(title), |_| Some("s3cret".into())), title);
/// ```
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if text.contains('$') { Cow::Owned(text.replace('$', "$$")) } else { Cow::Borrowed(text) }
}

/// What Kubernetes makes of a text: `$(NAME)` where `variable` knows the name, `$` for `$$`, everything else as it is.
///
/// The rule is that of `k8s.io/kubernetes/third_party/forked/golang/expansion`.
#[must_use]
pub fn expand(text: &str, variable: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(folded) = after.strip_prefix('$') {
            out.push('$');
            rest = folded;
            continue;
        }
        if let Some((name, behind)) = after.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            match variable(name) {
                Some(value) => out.push_str(&value),
                None => out.push_str(&rest[at..at + name.len() + 3]),
            }
            rest = behind;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_cases_of_kubernetes_own_tests() {
        let known = |name: &str| match name {
            "VAR_A" => Some("A".to_owned()),
            "VAR_EMPTY" => Some(String::new()),
            _ => None,
        };
        for (input, output) in [
            ("$(VAR_A)", "A"),
            ("___$(VAR_A)___$(VAR_A)", "___A___A"),
            ("$$(VAR_A)", "$(VAR_A)"),
            ("$$$(VAR_A)", "$A"),
            ("$(VAR_EMPTY)", ""),
            ("$(VAR_DNE)", "$(VAR_DNE)"),
            ("$(VAR_A", "$(VAR_A"),
            ("$VAR_A", "$VAR_A"),
            ("foo$", "foo$"),
            ("$$", "$"),
            ("$()", "$()"),
            ("$(VAR_A)))$$((VAR_B))", "A))$((VAR_B))"),
        ] {
            assert_eq!(expand(input, known), output, "{input}");
        }
    }

    proptest! {
        #[test]
        fn expansion_undoes_escaping(text in "[$()A-Z_ ]*|\\PC*") {
            prop_assert_eq!(expand(&escape(&text), |_| Some("x".to_owned())), text);
        }
    }
}
