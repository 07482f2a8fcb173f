//! Objects as text, piece by piece: what comes of one task is written before the next is read.

use keruta_input::failure::Failure;
use keruta_manifest::object::Object;
use keruta_manifest::stream;

use crate::args::Output;

/// Appends the objects of one task to those of the tasks before it.
pub(crate) fn append(out: &mut String, objects: &[Object], output: Output) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Refused(format!("cannot write the manifest: {error}"));
    match output {
        Output::Yaml => stream::write_yaml(out, objects).map_err(|error| failed(&error)),
        Output::Name => {
            stream::write_names(out, objects);
            Ok(())
        }
        Output::Json => {
            for object in objects {
                let text = serde_json::to_string_pretty(object).map_err(|error| failed(&error))?;
                out.push_str(if out.is_empty() { "    " } else { ",\n    " });
                // A line break within a JSON text is never part of a string.
                out.push_str(&text.replace('\n', "\n    "));
            }
            Ok(())
        }
    }
}

/// What stands before the first piece.
pub(crate) const fn head(output: Output) -> &'static str {
    match output {
        Output::Json => "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"List\",\n  \"items\": [\n",
        Output::Yaml | Output::Name => "",
    }
}

/// What stands between two pieces.
pub(crate) const fn between(output: Output) -> &'static str {
    match output {
        Output::Yaml => "---\n",
        Output::Json => ",\n",
        Output::Name => "",
    }
}

/// What stands after the last piece; `any` says whether there was one.
pub(crate) const fn tail(output: Output, any: bool) -> &'static str {
    match (output, any) {
        (Output::Json, true) => "\n  ]\n}\n",
        (Output::Json, false) => "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"List\",\n  \"items\": []\n}\n",
        (Output::Yaml | Output::Name, _) => "",
    }
}

/// All of it at once.
pub(crate) fn whole(objects: &[Object], output: Output) -> Result<String, Failure> {
    let mut pieces = String::new();
    append(&mut pieces, objects, output)?;
    let head = if pieces.is_empty() { "" } else { head(output) };
    Ok(format!("{head}{pieces}{}", tail(output, !pieces.is_empty())))
}

#[cfg(test)]
mod tests {
    use keruta_manifest::install::InstallPlan;

    use super::*;

    #[test]
    fn pieces_make_the_same_text_as_the_whole() {
        let objects = InstallPlan::new().objects();
        assert_eq!(whole(&objects, Output::Json).unwrap(), stream::to_json(&objects).unwrap());
        assert_eq!(whole(&[], Output::Json).unwrap(), stream::to_json(&[]).unwrap());
        let mut yaml = String::new();
        stream::write_yaml(&mut yaml, &objects).unwrap();
        let (mut first, mut second) = (String::new(), String::new());
        append(&mut first, &objects[..3], Output::Yaml).unwrap();
        append(&mut second, &objects[3..], Output::Yaml).unwrap();
        assert_eq!(format!("{first}{}{second}", between(Output::Yaml)), yaml);
    }
}
