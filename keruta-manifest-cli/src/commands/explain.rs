//! `explain`: the manifests with the origin of every field.

mod annotated;

use keruta_input::exit::Exit;
use keruta_input::failure::Failure;
use keruta_input::rendering::Rendering;
use keruta_input::settings::Layered;
use keruta_input::tasks::{self, Detail, Done, Item, Sink, Teller, Work};
use keruta_input::terminal::{Stdout, Talk};
use keruta_manifest::object::Object;
use keruta_manifest::plan::origin::{FieldOrigin, Origin, origin_of};
use keruta_manifest::yaml;
use serde_json::{Value, json};

use crate::args::{ExplainArgs, TextOutput};

pub(super) fn run(args: &ExplainArgs, talk: Talk) -> Result<Exit, Failure> {
    let rendering = Rendering::new(&args.input, talk)?;
    let keeps_going = args.input.task.keep_going;
    let detail = talk.detail();
    let work = Explain { rendering, output: args.output, keeps_going, detail };
    let mut target =
        Target { stdout: Stdout::new()?, output: args.output, any: false, teller: Teller::new(talk, detail) };
    let exit = tasks::run(&args.input.task, &work, &mut target)?;
    target.teller.end();
    let stopped = exit > Exit::Fine && (!keeps_going || !target.any);
    if args.output == TextOutput::Json && !stopped {
        target.stdout.write(if target.any { "\n  ]\n}\n" } else { "{\n  \"items\": []\n}\n" })?;
    }
    Ok(exit)
}

struct Explain {
    rendering: Rendering,
    output: TextOutput,
    keeps_going: bool,
    detail: Detail,
}

impl Work for Explain {
    fn work(&self, item: &mut Item<'_>, done: &mut Done) -> Exit {
        let (rendered, origins) = match self.rendering.explain(item) {
            Ok(explained) => explained,
            Err(problems) => {
                done.diagnostics.extend(problems);
                return Exit::Invalid;
            }
        };
        self.rendering.tell(item, &rendered.findings, self.detail, done);
        for object in &rendered.objects {
            if let Err(failure) = self.object(object, &origins, &mut done.out) {
                done.failure = Some(failure);
                return Exit::Invalid;
            }
        }
        Exit::Fine
    }

    fn keeps_going(&self) -> bool {
        self.keeps_going
    }
}

impl Explain {
    fn object(&self, object: &Object, origins: &[FieldOrigin], out: &mut String) -> Result<(), Failure> {
        let refused = |error: &dyn std::fmt::Display| Failure::Refused(format!("cannot write the manifest: {error}"));
        let settings = &self.rendering.settings;
        let origin = |pointer: &str| origin_of(origins, object.kind(), pointer);
        match self.output {
            TextOutput::Yaml => {
                let text = yaml::to_string(object).map_err(|error| refused(&error))?;
                if !out.is_empty() {
                    out.push_str("---\n");
                }
                annotated::write(out, &text, |pointer| match origin(pointer) {
                    Some(origin) => shown(origin, settings),
                    None => "keruta".to_owned(),
                });
            }
            TextOutput::Json => {
                let value = serde_json::to_value(object).map_err(|error| refused(&error))?;
                let mut fields = Vec::new();
                leaves(&value, &mut String::new(), &mut |pointer| {
                    let Some(origin) = origin(pointer) else {
                        fields.push(json!({"pointer": pointer, "origin": {"kind": "builtIn"}}));
                        return;
                    };
                    let mut field = json!({"pointer": pointer, "origin": origin});
                    if let Some(set_in) = set_in(origin, settings) {
                        field["setIn"] = set_in.into();
                    }
                    fields.push(field);
                });
                let item = json!({"object": value, "fields": fields});
                out.push_str(if out.is_empty() { "    " } else { ",\n    " });
                out.push_str(&format!("{item:#}").replace('\n', "\n    "));
            }
        }
        Ok(())
    }
}

/// An origin for people: `settings: workspace.size (keruta.toml:3)`.
fn shown(origin: &Origin, settings: &Layered) -> String {
    match set_in(origin, settings) {
        Some(set_in) => format!("{origin} ({set_in})"),
        None => origin.to_string(),
    }
}

/// Which file, variable or flag set it, where settings did.
fn set_in(origin: &Origin, settings: &Layered) -> Option<String> {
    let path = match origin {
        Origin::Setting { path } => path.clone(),
        Origin::SizeClass { name } => format!("resources.sizes.{name}"),
        _ => return None,
    };
    Some(settings.shown(&path).unwrap_or_else(|| "default".to_owned()))
}

/// Calls `each` with the pointer of every value that holds no other.
fn leaves(value: &Value, pointer: &mut String, each: &mut impl FnMut(&str)) {
    let length = pointer.len();
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                leaves(value, pointer, each);
                pointer.truncate(length);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                pointer.push('/');
                pointer.push_str(&index.to_string());
                leaves(value, pointer, each);
                pointer.truncate(length);
            }
        }
        _ => each(pointer),
    }
}

struct Target {
    stdout: Stdout,
    output: TextOutput,
    any: bool,
    teller: Teller,
}

impl Sink for Target {
    fn take(&mut self, done: &mut Done) -> Result<(), Failure> {
        self.teller.tell(done);
        if done.out.is_empty() {
            return Ok(());
        }
        let before = match (self.output, std::mem::replace(&mut self.any, true)) {
            (TextOutput::Yaml, false) => "",
            (TextOutput::Yaml, true) => "---\n",
            (TextOutput::Json, false) => "{\n  \"items\": [\n",
            (TextOutput::Json, true) => ",\n",
        };
        self.stdout.write(before)?;
        self.stdout.write(&done.out)
    }
}
