//! What a package's archive must hash to, and the hashing.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;
use serde::Deserialize;
use serde::Serialize;
use sha1::Sha1;
use sha2::Digest as _;
use sha2::Sha256;
use sha2::Sha384;
use sha2::Sha512;

/// The hash an archive must have, written as in Subresource Integrity: `sha512-` and base64.
///
/// Packages published before 2017 have SHA-1 only; that is taken when a registry knows nothing
/// better, as npm does.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Integrity {
    algorithm: Algorithm,
    hash: Box<[u8]>,
}

/// The text names no hash this program can compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a hash such as sha512-…")]
pub struct InvalidIntegrity;

/// The hash functions in use, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Algorithm {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// Hashes an archive as it arrives.
pub(crate) enum IntegrityHasher {
    Sha1(Sha1),
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

// Some registries leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The longest text read: a handful of hashes.
const MAX_LEN: usize = 1024;

impl Algorithm {
    const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    fn hash_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

impl Integrity {
    /// Reads the 40 hexadecimal digits of the `shasum` field of old packages.
    pub(crate) fn from_shasum(text: &str) -> Result<Self, InvalidIntegrity> {
        if text.len() != 40 || !text.is_ascii() {
            return Err(InvalidIntegrity);
        }
        let digit = |byte: u8| (byte as char).to_digit(16).ok_or(InvalidIntegrity);
        let hash = text
            .as_bytes()
            .chunks(2)
            .map(|pair| Ok((digit(pair[0])? * 16 + digit(pair[1])?) as u8))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            algorithm: Algorithm::Sha1,
            hash,
        })
    }

    /// Starts hashing with this hash's function.
    pub(crate) fn hasher(&self) -> IntegrityHasher {
        match self.algorithm {
            Algorithm::Sha1 => IntegrityHasher::Sha1(Sha1::new()),
            Algorithm::Sha256 => IntegrityHasher::Sha256(Sha256::new()),
            Algorithm::Sha384 => IntegrityHasher::Sha384(Sha384::new()),
            Algorithm::Sha512 => IntegrityHasher::Sha512(Sha512::new()),
        }
    }

    /// The hash as one path component: `sha512-` and hexadecimal digits.
    pub(crate) fn folder(&self) -> String {
        let mut folder = format!("{}-", self.algorithm.as_str());
        for byte in &self.hash {
            // Writing to a string cannot fail.
            let _ = write!(folder, "{byte:02x}");
        }
        folder
    }
}

impl IntegrityHasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(hasher) => hasher.update(bytes),
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha384(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> Integrity {
        let (algorithm, hash) = match self {
            Self::Sha1(hasher) => (Algorithm::Sha1, hasher.finalize().to_vec()),
            Self::Sha256(hasher) => (Algorithm::Sha256, hasher.finalize().to_vec()),
            Self::Sha384(hasher) => (Algorithm::Sha384, hasher.finalize().to_vec()),
            Self::Sha512(hasher) => (Algorithm::Sha512, hasher.finalize().to_vec()),
        };
        Integrity {
            algorithm,
            hash: hash.into(),
        }
    }
}

impl FromStr for Integrity {
    type Err = InvalidIntegrity;

    /// Reads one hash or several between spaces, of which the strongest counts.
    fn from_str(text: &str) -> Result<Self, InvalidIntegrity> {
        if text.len() > MAX_LEN {
            return Err(InvalidIntegrity);
        }
        text.split_ascii_whitespace()
            .filter_map(parse_one)
            .max_by_key(|integrity| integrity.algorithm)
            .ok_or(InvalidIntegrity)
    }
}

fn parse_one(text: &str) -> Option<Integrity> {
    let (name, rest) = text.split_once('-')?;
    let algorithm = Algorithm::ALL.into_iter().find(|a| a.as_str() == name)?;
    // What follows a question mark are options, of which none is defined.
    let encoded = rest.split('?').next().unwrap_or(rest);
    let hash = BASE64.decode(encoded).ok()?;
    (hash.len() == algorithm.hash_len()).then(|| Integrity {
        algorithm,
        hash: hash.into(),
    })
}

impl TryFrom<String> for Integrity {
    type Error = InvalidIntegrity;

    fn try_from(text: String) -> Result<Self, InvalidIntegrity> {
        text.parse()
    }
}

impl From<Integrity> for String {
    fn from(integrity: Integrity) -> Self {
        integrity.to_string()
    }
}

impl fmt::Display for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}-{}",
            self.algorithm.as_str(),
            BASE64.encode(&self.hash)
        )
    }
}

impl fmt::Debug for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Integrity({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY_SHA512: &str = "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==";
    const EMPTY_SHA1: &str = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=";

    #[test]
    fn takes_the_strongest_of_several() {
        let both = format!("{EMPTY_SHA1} {EMPTY_SHA512}");
        let parsed: Integrity = both.parse().unwrap();
        assert_eq!(parsed.to_string(), EMPTY_SHA512);
        assert_eq!(parsed.hasher().finish(), parsed);
        assert!(parsed.folder().starts_with("sha512-cf83e1357eefb8bd"));
    }

    #[test]
    fn reads_the_old_hexadecimal_form() {
        let shasum = Integrity::from_shasum("da39a3ee5e6b4b0d3255bfef95601890afd80709").unwrap();
        assert_eq!(shasum.to_string(), EMPTY_SHA1);
        assert_eq!(shasum.hasher().finish(), shasum);
        assert_eq!(
            Integrity::from_shasum("zz39a3ee5e6b4b0d3255bfef95601890afd80709"),
            Err(InvalidIntegrity)
        );
        assert_eq!(Integrity::from_shasum("da39"), Err(InvalidIntegrity));
    }

    #[test]
    fn refuses_what_it_cannot_compute() {
        for bad in [
            "",
            "sha512",
            "sha512-",
            "sha512-AAAA",
            "md5-1B2M2Y8AsgTpgAmY7PhCfg==",
            "sha512-!!!!",
        ] {
            assert_eq!(bad.parse::<Integrity>(), Err(InvalidIntegrity), "{bad:?}");
        }
        let unpadded = EMPTY_SHA512.trim_end_matches('=');
        assert_eq!(
            unpadded.parse::<Integrity>().unwrap().to_string(),
            EMPTY_SHA512
        );
    }
}
