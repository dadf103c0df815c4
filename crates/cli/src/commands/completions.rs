//! `completions`: a script that completes the command line in a shell.

use clap_complete::Shell;
use mycelium_types::ExitStatus;

use crate::arguments;
use crate::error::Error;
use crate::render::Output;

pub(super) fn run(shell: Shell, output: &mut Output) -> Result<ExitStatus, Error> {
    output.plain(&script(shell, output.locale()))?;
    Ok(ExitStatus::Success)
}

fn script(shell: Shell, locale: mycelium_types::Locale) -> String {
    let mut script = Vec::new();
    let mut command = arguments::localised(locale);
    clap_complete::generate(shell, &mut command, "mycelium", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;
    use mycelium_types::Locale;

    use super::*;

    #[test]
    fn every_shell_gets_a_script_with_the_commands() {
        for shell in Shell::value_variants() {
            let script = script(*shell, Locale::EnUs);
            assert!(script.contains("deactivate"), "{shell}");
            assert!(script.contains("skill-debug"), "{shell}");
        }
    }
}
