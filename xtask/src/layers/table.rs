//! Who may depend on whom. `ARCHITECTURE.md` says why; change the table when you have a better cut.

/// A crate, and the crates of this repository that it may depend on directly.
///
/// Tests and benchmarks may use more than what they test. Crates that do not exist yet have their row
/// already.
pub(crate) const LAYERS: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("policy", &["types"]),
    ("protocol", &["policy", "types"]),
    ("config", &["policy", "types"]),
    ("package", &["types"]),
    ("loader", &["package", "policy", "types"]),
    ("resolver", &["types"]),
    ("registry", &["package", "types"]),
    ("network", &["policy", "types"]),
    ("audit", &["types"]),
    ("sandbox", &["policy", "types"]),
    ("worker", &["policy", "protocol", "sandbox", "types"]),
    (
        "runtime",
        &[
            "audit", "config", "loader", "network", "package", "policy", "protocol", "registry",
            "resolver", "sandbox", "types",
        ],
    ),
    ("mcp", &["network", "protocol", "runtime", "types"]),
    ("server", &["config", "mcp", "protocol", "runtime", "types"]),
    (
        "cli",
        &[
            "audit", "config", "mcp", "protocol", "runtime", "server", "types", "worker",
        ],
    ),
    ("xtask", &[]),
];

/// A kind of package from elsewhere that only some crates may depend on directly.
pub(crate) struct Confined {
    /// Packages of that kind.
    pub(crate) packages: &'static [&'static str],
    /// The crates that may use them.
    pub(crate) layers: &'static [&'static str],
    /// Why no other crate may.
    pub(crate) reason: &'static str,
}

/// Packages from elsewhere that only some crates may depend on directly.
pub(crate) const CONFINED: &[Confined] = &[
    Confined {
        packages: &[
            "boa_engine",
            "deno_core",
            "mlua",
            "pyo3",
            "rquickjs",
            "rquickjs-core",
            "rquickjs-sys",
            "v8",
            "wasmi",
            "wasmtime",
        ],
        layers: &["worker"],
        reason: "an engine runs code of skills, and only a sandboxed worker may do that",
    },
    Confined {
        packages: &[
            "actix-web",
            "axum",
            "hyper",
            "hyper-util",
            "tiny_http",
            "warp",
        ],
        layers: &["mcp", "server"],
        reason: "who listens to the network is decided in one place",
    },
    Confined {
        packages: &["libc", "linux-raw-sys", "nix", "syscalls"],
        layers: &["sandbox"],
        reason: "raw system calls need `unsafe`, which is reviewed in one crate; `rustix` is the safe way",
    },
    Confined {
        packages: &["gpgme", "pgp", "rpgp", "sequoia-openpgp"],
        layers: &["loader"],
        reason: "signatures are checked where a source becomes a verified skill",
    },
];

/// What no crate and no module may be called: names that collect whatever has no better place.
pub(crate) const EMPTY_NAMES: &[&str] = &[
    "common", "core", "helper", "helpers", "manager", "managers", "util", "utils",
];
