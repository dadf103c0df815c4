//! Whether this program and the daemon belong together.

use std::path::Path;

use mycelium_protocol::control::CONTROL_PROTOCOL;
use mycelium_protocol::control::ClientHello;
use mycelium_protocol::control::ServerHello;

/// What to do with a daemon that said hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Ask it.
    Use,
    /// Ask it to stop: it is older than this program.
    Replace,
    /// End it: it is older, and speaks another protocol.
    End,
    /// Start another: it stops already.
    Succeed,
    /// Nothing: it is newer, and speaks another protocol.
    Leave,
}

/// This program's hello.
pub(super) fn hello(program: &Path) -> ClientHello {
    ClientHello {
        protocol: CONTROL_PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        build: mycelium_server::build_stamp(program),
        owned_session: None,
    }
}

/// Judges a daemon by its hello.
pub(super) fn judge(ours: &ClientHello, theirs: &ServerHello) -> Verdict {
    let same_protocol = ours.protocol == theirs.protocol;
    let is_newer = mycelium_server::is_newer(ours, theirs);
    match (same_protocol, is_newer) {
        (true, _) if !theirs.accepting => Verdict::Succeed,
        (true, true) => Verdict::Replace,
        (true, false) => Verdict::Use,
        (false, true) => Verdict::End,
        (false, false) => Verdict::Leave,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_program_replaces_an_older_daemon_and_never_the_other_way() {
        let ours = ClientHello {
            version: "0.10.0".into(),
            build: "5".into(),
            ..hello(Path::new("/proc/self/exe"))
        };
        let daemon = |protocol, version: &str, build: &str| ServerHello {
            protocol,
            version: version.into(),
            build: build.into(),
            pid: 1,
            accepting: true,
        };
        let (same, other) = (CONTROL_PROTOCOL, CONTROL_PROTOCOL + 1);
        for (theirs, verdict) in [
            (daemon(same, "0.10.0", "5"), Verdict::Use),
            (daemon(same, "0.10.0", "4"), Verdict::Replace),
            (daemon(same, "0.10.0", "6"), Verdict::Use),
            (daemon(same, "0.9.9", "9"), Verdict::Replace),
            (daemon(same, "0.11.0", "1"), Verdict::Use),
            (daemon(other, "0.9.0", "9"), Verdict::End),
            (daemon(other, "0.11.0", "1"), Verdict::Leave),
        ] {
            assert_eq!(judge(&ours, &theirs), verdict, "{theirs:?}");
        }
        let stopping = ServerHello {
            accepting: false,
            ..daemon(same, "0.10.0", "5")
        };
        assert_eq!(judge(&ours, &stopping), Verdict::Succeed);
    }
}
