//! Which build of the program this is, so that a newer client can replace an older daemon.

use std::path::Path;
use std::time::UNIX_EPOCH;

use mycelium_protocol::control::ClientHello;
use mycelium_protocol::control::ServerHello;
use mycelium_types::Version;

/// A text that differs between builds of one version and grows with time: when the executable was
/// written, in nanoseconds since 1970, zero-padded.
#[must_use]
pub fn build_stamp(program: &Path) -> String {
    let written = fs_err::metadata(program)
        .and_then(|metadata| metadata.modified())
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_nanos());
    format!("{written:024}")
}

/// Whether the client's program is newer than the daemon's: a greater version, or a later build of the
/// same one.
#[must_use]
pub fn is_newer(client: &ClientHello, server: &ServerHello) -> bool {
    let version = |text: &str| text.parse::<Version>().ok();
    match version(&client.version).cmp(&version(&server.version)) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => client.build > server.build,
        std::cmp::Ordering::Less => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_version_wins_and_then_the_later_build() {
        let client = |version: &str, build: &str| ClientHello {
            protocol: 1,
            version: version.to_owned(),
            build: build.to_owned(),
            owned_session: None,
        };
        let server = ServerHello {
            protocol: 1,
            version: "0.9.0".to_owned(),
            build: "5".to_owned(),
            pid: 1,
            accepting: true,
        };
        assert!(is_newer(&client("0.10.0", "1"), &server));
        assert!(is_newer(&client("0.9.0", "6"), &server));
        assert!(!is_newer(&client("0.9.0", "5"), &server));
        assert!(!is_newer(&client("0.8.0", "9"), &server));
    }

    #[test]
    fn stamps_of_two_times_compare_like_the_times() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        fs_err::write(&program, "one").unwrap();
        assert!(build_stamp(&program) > build_stamp(Path::new("/nowhere")));
    }
}
