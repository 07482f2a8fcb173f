//! `schema`: the JSON Schemas.

use keruta_input::exit::Exit;
use keruta_input::failure::Failure;
use keruta_input::terminal::Stdout;
use keruta_manifest::schema;
use schemars::generate::SchemaSettings;

use crate::args::{Schema, SchemaArgs};
use crate::report::Report;

pub(super) fn run(args: &SchemaArgs) -> Result<Exit, Failure> {
    let schema = match args.of {
        Schema::Task => schema::task(),
        Schema::Settings => schema::settings(),
        Schema::Report => {
            SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Report<'static>>().to_value()
        }
    };
    Stdout::new()?.write(&format!("{schema:#}\n"))?;
    Ok(Exit::Fine)
}
