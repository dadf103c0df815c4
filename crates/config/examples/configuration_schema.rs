//! Prints the JSON Schema of a configuration file, which `cargo xtask schemas` keeps in `schemas/`.

use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let schema = serde_json::to_string_pretty(&mycelium_config::configuration_schema())?;
    Ok(writeln!(std::io::stdout(), "{schema}")?)
}
