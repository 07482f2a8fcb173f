//! The settings that a command works with: defaults, then files, then the environment, then flags; later wins.

mod environment;
mod file;
mod layers;
mod properties;
mod text_value;
mod tree;

use keruta_manifest::Settings;
use keruta_manifest::problem::{Problem, Problems, Rule, Segment};
use keruta_manifest::read;
use serde_json::Value;

use crate::args::SettingsArgs;
use crate::diagnostic::Diagnostic;
use crate::failure::Failure;
use crate::place::Place;
use layers::{Layer, Layers, Written};

/// Names settings files, separated as in `PATH`; those of `--settings` come after them.
pub(crate) const FILES_VARIABLE: &str = "KERUTA_SETTINGS";

/// Settings, and who said what.
#[derive(Debug, Default)]
pub struct Layered {
    /// The settings.
    pub settings: Settings,
    layers: Layers,
    /// What a person should know about the environment.
    pub warnings: Vec<String>,
}

impl Layered {
    /// Reads all layers.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read, a flag makes no sense, or the settings are invalid.
    pub fn read(args: &SettingsArgs) -> Result<Self, Failure> {
        let mut layers = Vec::new();
        if let Some(files) = std::env::var_os(FILES_VARIABLE) {
            for path in std::env::split_paths(&files).filter(|path| !path.as_os_str().is_empty()) {
                layers.push(file::read(&path)?);
            }
        }
        for path in &args.settings {
            layers.push(file::read(path)?);
        }
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
        let (variables, warnings) = environment::layers(variables);
        layers.extend(variables);
        flags(args, &mut layers)?;
        if layers.is_empty() {
            return Ok(Self { warnings, ..Self::default() });
        }
        let (settings, layers) = typed(Layers(layers)).map_err(Failure::Invalid)?;
        Ok(Self { settings, layers, warnings })
    }

    /// Where the value of a setting was written; nowhere if it is a default.
    #[must_use]
    pub fn place(&self, path: &str) -> Option<Place> {
        self.place_of(&segments(path))
    }

    /// Where the value at a path, or what is around it, was written; nowhere if all of it is a default.
    #[must_use]
    pub fn place_of(&self, path: &[Segment]) -> Option<Place> {
        let depth = (1..=path.len()).rev().find(|depth| self.layers.who_says(&path[..*depth]).is_some())?;
        let path = &path[..depth];
        Some(self.layers.who_says(path)?.place(path, false))
    }

    /// In a few words, where the value of a setting was written.
    #[must_use]
    pub fn shown(&self, path: &str) -> Option<String> {
        self.shown_at(&segments(path))
    }

    /// In a few words, where the value at a path was written: `keruta.toml:3`, `$KERUTA_QUEUE`, `--set queue`.
    #[must_use]
    pub fn shown_at(&self, path: &[Segment]) -> Option<String> {
        Some(self.layers.who_says(path)?.shown(path))
    }

    /// What was written, all layers together, without the defaults.
    ///
    /// ```
    /// use keruta_input::args::SettingsArgs;
    /// use keruta_input::settings::Layered;
    ///
    /// let set = vec!["job.backoffLimit=7".to_owned()];
    /// let layered = Layered::read(&SettingsArgs { set, ..SettingsArgs::default() }).unwrap();
    /// assert_eq!(layered.written()["job"]["backoffLimit"], 7);
    /// assert!(layered.written().get("workspace").is_none());
    /// ```
    #[must_use]
    pub fn written(&self) -> Value {
        self.layers.joined()
    }
}

fn segments(path: &str) -> Vec<Segment> {
    path.split('.').map(|key| Segment::Key(key.to_owned())).collect()
}

fn flags(args: &SettingsArgs, layers: &mut Vec<Layer>) -> Result<(), Failure> {
    let mut flag = |flag: String, path: &[Segment], value: &str, guess: bool| {
        let (mut tree, mut leaves) = (Value::Null, Vec::new());
        if guess {
            text_value::put(&mut tree, path, value, &mut leaves);
        } else {
            text_value::set(&mut tree, path, value.into());
        }
        layers.push(Layer { value: tree, leaves, written: Written::Flag { flag, value: value.to_owned() } });
    };
    for assignment in &args.set {
        let Some((name, value)) = assignment.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(Failure::Usage(format!(
                "--set takes a name and a value, such as --set workspace.size=2Gi, not {assignment:?}"
            )));
        };
        flag(format!("--set {name}="), &dotted(name), value, true);
    }
    if let Some(namespace) = &args.namespace {
        flag("--namespace ".to_owned(), &segments("defaultNamespace"), namespace, false);
    }
    if let Some(preset) = args.preset {
        flag("--preset ".to_owned(), &segments("preset"), preset.as_str(), false);
    }
    if let Some(profile) = args.security {
        flag("--security ".to_owned(), &segments("security.profile"), profile.as_str(), false);
    }
    Ok(())
}

/// `pod.labels.app\.kubernetes\.io/name` and `pod.imagePullSecrets[0]` as their steps.
fn dotted(name: &str) -> Vec<Segment> {
    let mut path = Vec::new();
    let mut part = String::new();
    let mut rest = name.chars();
    while let Some(character) = rest.next() {
        match character {
            '\\' => part.extend(rest.next()),
            '.' => path.push(Segment::Key(std::mem::take(&mut part))),
            '[' => {
                let inside: String = rest.by_ref().take_while(|character| *character != ']').collect();
                if !part.is_empty() {
                    path.push(Segment::Key(std::mem::take(&mut part)));
                }
                path.push(inside.parse().map_or(Segment::Key(inside), Segment::Index));
                // A dot after the bracket parts nothing more.
                let mut ahead = rest.clone();
                if ahead.next() == Some('.') {
                    rest = ahead;
                }
            }
            other => part.push(other),
        }
    }
    if !part.is_empty() || path.is_empty() {
        path.push(Segment::Key(part));
    }
    path
}

/// Reads the joined layers. A text that was taken for a number or the like, and is refused as such, is tried as a text.
fn typed(mut layers: Layers) -> Result<(Settings, Layers), Vec<Diagnostic>> {
    let first = match read_joined(&layers) {
        Ok(settings) => return Ok((settings, layers)),
        Err(problems) => problems,
    };
    let guessed = layers.clone();
    let flipped = flip(&mut layers, first.as_slice());
    if !flipped {
        return Err(diagnostics(&layers, first));
    }
    match read_joined(&layers) {
        Ok(settings) => Ok((settings, layers)),
        // What is refused as a text too was rather meant as what it looked like.
        Err(second) => {
            let still = |problem: &Problem| second.as_slice().iter().any(|other| other.path == problem.path);
            let kept: Vec<Problem> = first.into_vec().into_iter().filter(still).collect();
            Err(match Problems::none_of(kept) {
                Err(problems) => diagnostics(&guessed, problems),
                Ok(()) => diagnostics(&layers, second),
            })
        }
    }
}

fn read_joined(layers: &Layers) -> Result<Settings, Problems> {
    read::from_value(layers.joined()).map_err(|partial| partial.problems)
}

/// Turns guessed values at the places of problems back into texts.
fn flip(layers: &mut Layers, problems: &[Problem]) -> bool {
    let mut flipped = false;
    for problem in problems {
        let path = problem.path.segments();
        for layer in layers.0.iter_mut().rev() {
            if let Some(leaf) = layer.leaves.iter().find(|leaf| leaf.path == path) {
                text_value::set(&mut layer.value, path, leaf.text.as_str().into());
                flipped = true;
                break;
            }
        }
    }
    flipped
}

fn diagnostics(layers: &Layers, problems: Problems) -> Vec<Diagnostic> {
    problems
        .into_vec()
        .iter()
        .map(|problem| {
            let path = problem.path.segments();
            let key = matches!(problem.rule, Rule::UnknownField);
            let place = layers.author(path).map(|layer| layer.place(path, key));
            Diagnostic::of_problem(problem, place)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(pairs: &[(&str, &str)]) -> Layers {
        let mut layers = Vec::new();
        let set = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        flags(&SettingsArgs { set, ..SettingsArgs::default() }, &mut layers).unwrap();
        Layers(layers)
    }

    #[test]
    fn dotted_names_reach_every_setting() {
        let key = |name: &str| Segment::Key(name.to_owned());
        assert_eq!(dotted("a.b"), [key("a"), key("b")]);
        assert_eq!(dotted(r"pod.labels.x\.y/z"), [key("pod"), key("labels"), key("x.y/z")]);
        assert_eq!(dotted("pod.labels[x.y/z]"), [key("pod"), key("labels"), key("x.y/z")]);
        assert_eq!(dotted("a[0].b"), [key("a"), Segment::Index(0), key("b")]);
    }

    #[test]
    fn texts_get_the_type_of_their_setting() {
        let (settings, _) = typed(layer(&[
            ("job.backoffLimit", "7"),
            ("inCluster", "true"),
            ("defaultNamespace", "123"),
            ("queue", "null"),
            ("pod.labels[a]", "1"),
            ("git.schemes", "[\"https\"]"),
        ]))
        .unwrap();
        assert_eq!(settings.job.backoff_limit, 7);
        assert!(settings.in_cluster);
        assert_eq!(settings.default_namespace.unwrap().as_str(), "123");
        assert_eq!(settings.pod.labels.len(), 1);
    }

    #[test]
    fn a_problem_points_at_its_flag() {
        let problems = typed(layer(&[("job.backoffLimit", "-7"), ("workspace.siez", "1Gi")])).unwrap_err();
        let shown: Vec<_> = problems
            .iter()
            .map(|problem| {
                let place = problem.place.as_ref().unwrap();
                (problem.rule, &place.excerpt[place.marked.clone()])
            })
            .collect();
        assert!(shown.contains(&("unknown-field", "workspace.siez")), "{shown:?}");
        assert!(shown.iter().any(|(_, marked)| *marked == "-7"), "{shown:?}");
    }
}
