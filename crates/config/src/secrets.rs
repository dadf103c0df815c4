//! Secrets of the person, encrypted, in one file.
//!
//! What is in the file is sealed by ChaCha20-Poly1305 (RFC 8439) with a key that lies beside it, readable by its owner
//! only. Whoever can read both can read the secrets; a copy of one of them tells nothing. It is no `age` file: for one reader
//! with a key of their own that would seal the same bytes in the same way, by fifty crates more.

use std::collections::BTreeMap;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use mycelium_types::SecretValue;
use ring::aead::Aad;
use ring::aead::CHACHA20_POLY1305;
use ring::aead::LessSafeKey;
use ring::aead::NONCE_LEN;
use ring::aead::Nonce;
use ring::aead::UnboundKey;
use ring::rand::SecureRandom as _;
use ring::rand::SystemRandom;
use serde::Deserialize;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::error::ConfigError;

/// The first bytes of the file: its format, which the seal covers.
const FORMAT: &[u8] = b"mycelium-secrets-1\n";
/// The bytes of the key.
const KEY_BYTES: usize = 32;
/// The most secrets.
const MAX_SECRETS: usize = 256;
/// The most bytes of the file: all secrets at their longest, with room for what JSON adds.
const MAX_FILE: u64 = 8 << 20;

/// The secrets below a state folder.
#[derive(Clone, Debug)]
pub struct SecretStore {
    folder: PathBuf,
}

#[derive(Default, Serialize, Deserialize)]
struct Secrets(BTreeMap<String, SecretValue>);

impl SecretStore {
    /// The secrets of the person whose state folder this is.
    #[must_use]
    pub fn below(state: &Path) -> Self {
        Self {
            folder: state.join("secrets"),
        }
    }

    /// The names of all secrets, sorted.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`] when they are there and cannot be read.
    pub fn names(&self) -> Result<Vec<String>, ConfigError> {
        Ok(self.read()?.0.into_keys().collect())
    }

    /// The value of a secret, if there is one.
    ///
    /// # Errors
    /// As [`names`](Self::names).
    pub fn reveal(&self, name: &str) -> Result<Option<SecretValue>, ConfigError> {
        Ok(self.read()?.0.remove(name))
    }

    /// Keeps a value under a name that an environment variable could have, in place of an older one.
    ///
    /// # Errors
    /// When the name is none, there are too many, or the file cannot be read or written.
    pub fn set(&self, name: &str, value: SecretValue) -> Result<(), ConfigError> {
        if !mycelium_types::is_variable(name) {
            return Err(ConfigError::SecretName {
                name: name.to_owned(),
            });
        }
        self.change(|secrets| {
            secrets.insert(name.to_owned(), value);
            true
        })?;
        Ok(())
    }

    /// Forgets a secret. Returns whether there was one.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn remove(&self, name: &str) -> Result<bool, ConfigError> {
        self.change(|secrets| secrets.remove(name).is_some())
    }

    fn change(
        &self,
        apply: impl FnOnce(&mut BTreeMap<String, SecretValue>) -> bool,
    ) -> Result<bool, ConfigError> {
        let mut changed = false;
        self.locked(|| {
            let mut secrets = self.decrypt()?;
            changed = apply(&mut secrets.0);
            if secrets.0.len() > MAX_SECRETS {
                return Err(io::Error::other(format!("there are {MAX_SECRETS} already")));
            }
            if changed {
                self.encrypt(&secrets)?;
            }
            Ok(())
        })
        .map_err(|source| ConfigError::Unwritable {
            file: self.file(),
            source,
        })?;
        Ok(changed)
    }

    fn read(&self) -> Result<Secrets, ConfigError> {
        self.decrypt().map_err(|source| ConfigError::Unreadable {
            file: self.file(),
            source,
        })
    }

    fn file(&self) -> PathBuf {
        self.folder.join("store")
    }

    /// Lets one process at a time change what is there.
    fn locked(&self, work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt as _;

        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(&self.folder)?;
        let mut options = fs::OpenOptions::new();
        let options = options.write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(self.folder.join("lock"))?;
        // Given back when the file is closed.
        lock.file().lock()?;
        work()
    }

    fn decrypt(&self) -> io::Result<Secrets> {
        let Some(sealed) = read_private(&self.file(), MAX_FILE)? else {
            return Ok(Secrets::default());
        };
        let damaged = || io::Error::other("it is damaged, or the key beside it is another one");
        let key = read_private(&self.folder.join("key"), KEY_BYTES as u64)?.ok_or_else(damaged)?;
        let (nonce, sealed) = sealed
            .strip_prefix(FORMAT)
            .and_then(|rest| rest.split_first_chunk::<NONCE_LEN>())
            .ok_or_else(damaged)?;
        let mut plain = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = aead(&key)?
            .open_in_place(nonce, Aad::from(FORMAT), &mut plain)
            .map_err(|_| damaged())?;
        serde_json::from_slice(opened).map_err(|_| damaged())
    }

    fn encrypt(&self, secrets: &Secrets) -> io::Result<()> {
        let place = self.folder.join("key");
        let key = match read_private(&place, KEY_BYTES as u64)? {
            Some(key) => key,
            None => {
                let mut key = Zeroizing::new(vec![0; KEY_BYTES]);
                fill(&mut key)?;
                self.replace(&place, &key)?;
                key
            }
        };
        // A nonce must not come twice: of 96 random bits that is certain enough for as many changes as a
        // person makes.
        let mut nonce = [0; NONCE_LEN];
        fill(&mut nonce)?;
        let plain = Zeroizing::new(serde_json::to_vec(secrets)?);
        let mut sealed = Zeroizing::new(Vec::with_capacity(
            plain.len() + CHACHA20_POLY1305.tag_len(),
        ));
        sealed.extend_from_slice(&plain);
        aead(&key)?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(FORMAT),
                &mut *sealed,
            )
            .map_err(|_| io::Error::other("it cannot be encrypted"))?;
        self.replace(&self.file(), &[FORMAT, &nonce, &sealed].concat())
    }

    /// Replaces a file in one step. A temporary file is readable by its owner only, and stays so.
    fn replace(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }
}

fn aead(key: &[u8]) -> io::Result<LessSafeKey> {
    UnboundKey::new(&CHACHA20_POLY1305, key)
        .map(LessSafeKey::new)
        .map_err(|_| io::Error::other("the key beside it is not a key"))
}

fn fill(bytes: &mut [u8]) -> io::Result<()> {
    SystemRandom::new()
        .fill(bytes)
        .map_err(|_| io::Error::other("there is no randomness"))
}

/// The content of a file that nobody else may read; nothing if there is none.
fn read_private(path: &Path, most: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    use std::os::unix::fs::PermissionsExt as _;

    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.permissions().mode() & 0o077 != 0 {
        let reason = format!("{} is not a file that only its owner reads", path.display());
        return Err(io::Error::other(reason));
    }
    let mut content = Zeroizing::new(Vec::new());
    file.take(most + 1).read_to_end(&mut content)?;
    if content.len() as u64 > most {
        return Err(io::Error::other(format!("{} is too large", path.display())));
    }
    Ok(Some(content))
}
