//! Prints the JSON Schema of `skill.json`, which `cargo xtask schemas` keeps in `schemas/`.

use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let schema = serde_json::to_string_pretty(&mycelium_types::manifest_schema())?;
    Ok(writeln!(std::io::stdout(), "{schema}")?)
}
