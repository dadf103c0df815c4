//! The few settings of an `.npmrc` that are about the network, not about registries.

use std::collections::BTreeMap;

use super::chain::Variables;

/// The settings read here.
const KEYS: [&str; 4] = ["cafile", "proxy", "https-proxy", "noproxy"];

/// Reads `key = value` lines before the first section, as npm does; other keys are somebody else's.
pub(super) fn network_settings(text: &str, variables: &Variables) -> BTreeMap<String, String> {
    text.lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with([';', '#']))
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim(), value.trim()))
        .filter(|(key, _)| KEYS.contains(key))
        .map(|(key, value)| (key.to_owned(), expand(unquote(value), variables)))
        .collect()
}

fn unquote(value: &str) -> &str {
    let inside = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\'')).unwrap_or(value)
}

/// Replaces `${NAME}`; a variable that does not exist stays as it is, as npm has it.
fn expand(value: &str, variables: &Variables) -> String {
    let mut expanded = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, behind)) = after.split_once('}') else {
            break;
        };
        expanded.push_str(before);
        match variables.get(name) {
            Some(value) => expanded.push_str(value),
            None => expanded.extend(["${", name, "}"]),
        }
        rest = behind;
    }
    expanded.push_str(rest);
    expanded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_npm_reads_them() {
        let variables = Variables::new(&BTreeMap::from([("CA".to_owned(), "/ca".to_owned())]));
        let settings = network_settings(
            "; a comment\n# another\nregistry=x\ncafile = \"${CA}/bundle.pem\"\n\
             proxy=http://p:${MISSING}\nhttps-proxy\nnoproxy='a,b'\n[section]\ncafile=no\n",
            &variables,
        );
        let expected = [
            ("cafile", "/ca/bundle.pem"),
            ("noproxy", "a,b"),
            ("proxy", "http://p:${MISSING}"),
        ];
        assert!(
            settings
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .eq(expected),
            "{settings:?}"
        );
        assert_eq!(expand("${open", &variables), "${open");
    }
}
