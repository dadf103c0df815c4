//! Where skills are looked for.

use std::fmt;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

/// A folder to look for skills in. Of several roots an earlier one has precedence.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Root {
    /// The folder, absolute.
    pub path: PathBuf,
    /// Whose it is.
    pub kind: RootKind,
}

/// Whose a root is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RootKind {
    /// The workspace's.
    Workspace,
    /// The person's.
    User,
    /// A plugin's, installed by another program.
    Plugin,
    /// That of the skills that one MCP server offered. None of them takes the name of anybody else's skill, whatever its
    /// version.
    Server,
}

/// Where a known skill was found, in order of precedence but for the order of roots.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Registered by the program itself, one by one.
    Program,
    /// Below a root.
    Root(Root),
    /// Compiled in.
    Embedded,
}

impl Place {
    /// The folder of what an MCP server offered, if that is where it was found.
    #[must_use]
    pub fn server(&self) -> Option<&Path> {
        match self {
            Self::Root(Root {
                path,
                kind: RootKind::Server,
            }) => Some(path),
            Self::Program | Self::Root(_) | Self::Embedded => None,
        }
    }

    /// Whether both are the program's, the same owner's, or both compiled in.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Program, Self::Program) | (Self::Embedded, Self::Embedded) => true,
            (Self::Root(one), Self::Root(two)) => one.kind == two.kind,
            (Self::Program | Self::Root(_) | Self::Embedded, _) => false,
        }
    }
}

impl fmt::Display for RootKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Workspace => "workspace",
            Self::User => "user",
            Self::Plugin => "plugin",
            Self::Server => "server",
        })
    }
}
