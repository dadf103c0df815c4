//! The key that signs checkpoints: made on first use, readable by its owner only.

use std::fmt;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::str::FromStr;

use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use mycelium_types::Digest;
use mycelium_types::InvalidDigest;
use ring::rand::SecureRandom as _;
use ring::rand::SystemRandom;
use ring::signature::ED25519;
use ring::signature::Ed25519KeyPair;
use ring::signature::KeyPair as _;
use ring::signature::UnparsedPublicKey;
use serde::Deserialize;
use serde::Serialize;

use crate::AuditError;

/// What the key's file begins with; 64 hexadecimal digits follow.
const PREFIX: &str = "mycelium-audit-key-1 ";
const MAX_FILE: u64 = 256;

/// The public half of a key, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublicKey(Digest);

impl PublicKey {
    /// Whether the key's private half signed `message`; `signature` is base 16.
    pub(crate) fn verifies(&self, message: &str, signature: &str) -> bool {
        let Some(signature) = from_hex(signature) else {
            return false;
        };
        UnparsedPublicKey::new(&ED25519, self.0.as_bytes())
            .verify(message.as_bytes(), &signature)
            .is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        text.parse().map(Self)
    }
}

/// The private half.
pub(crate) struct Signer {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl Signer {
    /// The key in `path`; a new one if there is none. The log's lock is held, so nobody else makes one.
    pub(crate) fn load_or_make(path: &Path) -> Result<Self, AuditError> {
        if let Some(signer) = Self::load(path)? {
            return Ok(signer);
        }
        let mut seed = [0; 32];
        SystemRandom::new()
            .fill(&mut seed)
            .map_err(|_| io::Error::other("there is no randomness"))?;
        let text = format!("{PREFIX}{}\n", Digest::from(seed));
        let temporary = path.with_extension("key.new");
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        Self::of_seed(&seed, path)
    }

    /// The key in `path`, if there is one.
    pub(crate) fn load(path: &Path) -> Result<Option<Self>, AuditError> {
        use std::os::unix::fs::PermissionsExt as _;

        let file = match fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            return Err(AuditError::KeyExposed(path.to_owned()));
        }
        let mut text = String::new();
        let read = file.take(MAX_FILE).read_to_string(&mut text);
        let seed = text.trim_end().strip_prefix(PREFIX);
        match (read, seed.map(str::parse::<Digest>)) {
            (Ok(_), Some(Ok(seed))) => Self::of_seed(seed.as_bytes(), path).map(Some),
            (Err(error), _) if error.kind() != io::ErrorKind::InvalidData => Err(error.into()),
            (Ok(_) | Err(_), _) => Err(AuditError::KeyInvalid(path.to_owned())),
        }
    }

    fn of_seed(seed: &[u8; 32], path: &Path) -> Result<Self, AuditError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed)
            .map_err(|_| AuditError::KeyInvalid(path.to_owned()))?;
        let public: [u8; 32] = pair
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| AuditError::KeyInvalid(path.to_owned()))?;
        Ok(Self {
            pair,
            public: PublicKey(Digest::from(public)),
        })
    }

    pub(crate) fn public(&self) -> PublicKey {
        self.public
    }

    /// The signature of `message`, in base 16.
    pub(crate) fn sign(&self, message: &str) -> String {
        let signature = self.pair.sign(message.as_bytes());
        let bytes = signature.as_ref().iter();
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 128 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = text.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.key");
        assert!(Signer::load(&path).unwrap().is_none());
        let made = Signer::load_or_make(&path).unwrap();
        let again = Signer::load_or_make(&path).unwrap();
        assert_eq!(made.public(), again.public());
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let signature = made.sign("text");
        assert!(again.public().verifies("text", &signature));
        assert!(!again.public().verifies("Text", &signature));
        assert!(!again.public().verifies("text", &"0".repeat(128)));
        assert!(!again.public().verifies("text", "é"));
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.key");
        Signer::load_or_make(&path).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        assert!(matches!(
            Signer::load_or_make(&path),
            Err(AuditError::KeyExposed(_))
        ));
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        for content in [
            &b"nonsense"[..],
            b"\xff\xfe",
            b"",
            b"mycelium-audit-key-1 00",
        ] {
            fs::write(&path, content).unwrap();
            assert!(matches!(
                Signer::load_or_make(&path),
                Err(AuditError::KeyInvalid(_))
            ));
        }
    }
}
