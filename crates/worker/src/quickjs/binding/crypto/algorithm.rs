//! The hash algorithms and the names that Node accepts for them.

use digest::Digest;
use digest::DynDigest;
use digest::FixedOutput;
use digest::KeyInit;
use digest::Update;
use hmac::Hmac;
use md5::Md5;
use ripemd::Ripemd160;
use sha1::Sha1;
use sha2::Sha224;
use sha2::Sha256;
use sha2::Sha384;
use sha2::Sha512;
use sha2::Sha512_224;
use sha2::Sha512_256;
use sha3::Sha3_224;
use sha3::Sha3_256;
use sha3::Sha3_384;
use sha3::Sha3_512;

/// A hash algorithm with a digest of fixed length, and what is built on it.
pub(super) struct Algorithm {
    /// Its lower-case name.
    pub(super) name: &'static str,
    /// Makes the state of a hash.
    pub(super) hash: fn() -> Box<dyn DynDigest>,
    /// Makes the state of a message authentication code with a key.
    pub(super) authenticate: fn(&[u8]) -> Box<dyn DynDigest>,
    /// Derives a key by PBKDF2 (RFC 8018) from a password, a salt and a number of rounds.
    pub(super) derive: fn(&[u8], &[u8], u32, &mut [u8]),
}

const fn algorithm<D, M>(name: &'static str) -> Algorithm
where
    D: Digest + DynDigest + 'static,
    M: KeyInit + Update + FixedOutput + DynDigest + Clone + Sync + 'static,
{
    Algorithm {
        name,
        hash: || Box::new(D::new()),
        authenticate: |key| Box::new(keyed::<M>(key)),
        derive: |password, salt, rounds, output| {
            // The one error is a key of invalid length, and these codes take keys of every length.
            let _ = pbkdf2::pbkdf2::<M>(password, salt, rounds, output);
        },
    }
}

fn keyed<M: KeyInit>(key: &[u8]) -> M {
    match M::new_from_slice(key) {
        Ok(state) => state,
        Err(_) => M::new(&digest::Key::<M>::default()),
    }
}

static ALGORITHMS: [Algorithm; 13] = [
    algorithm::<Md5, Hmac<Md5>>("md5"),
    algorithm::<Ripemd160, Hmac<Ripemd160>>("ripemd160"),
    algorithm::<Sha1, Hmac<Sha1>>("sha1"),
    algorithm::<Sha224, Hmac<Sha224>>("sha224"),
    algorithm::<Sha256, Hmac<Sha256>>("sha256"),
    algorithm::<Sha384, Hmac<Sha384>>("sha384"),
    algorithm::<Sha512, Hmac<Sha512>>("sha512"),
    algorithm::<Sha512_224, Hmac<Sha512_224>>("sha512-224"),
    algorithm::<Sha512_256, Hmac<Sha512_256>>("sha512-256"),
    algorithm::<Sha3_224, Hmac<Sha3_224>>("sha3-224"),
    algorithm::<Sha3_256, Hmac<Sha3_256>>("sha3-256"),
    algorithm::<Sha3_384, Hmac<Sha3_384>>("sha3-384"),
    algorithm::<Sha3_512, Hmac<Sha3_512>>("sha3-512"),
];

/// OpenSSL's other names, in lower case.
const ALIASES: [(&str, &str); 22] = [
    ("rsa-md5", "md5"),
    ("md5withrsaencryption", "md5"),
    ("ssl3-md5", "md5"),
    ("ripemd", "ripemd160"),
    ("ripemd-160", "ripemd160"),
    ("rmd160", "ripemd160"),
    ("rsa-ripemd160", "ripemd160"),
    ("sha-1", "sha1"),
    ("rsa-sha1", "sha1"),
    ("ssl3-sha1", "sha1"),
    ("rsa-sha224", "sha224"),
    ("rsa-sha256", "sha256"),
    ("rsa-sha384", "sha384"),
    ("rsa-sha512", "sha512"),
    ("rsa-sha512/224", "sha512-224"),
    ("rsa-sha512/256", "sha512-256"),
    ("sha2-512/224", "sha512-224"),
    ("sha2-512/256", "sha512-256"),
    ("sha-512/224", "sha512-224"),
    ("sha-512/256", "sha512-256"),
    ("sha-512-224", "sha512-224"),
    ("sha-512-256", "sha512-256"),
];

/// Finds an algorithm by any of its names, in any case.
pub(super) fn find(name: &str) -> Option<&'static Algorithm> {
    let lower = name.to_ascii_lowercase();
    let named = ALIASES
        .iter()
        .find(|(alias, _)| *alias == lower)
        .map_or(lower.as_str(), |(_, plain)| plain);
    // `sha-256` and `sha2-256` both mean `sha256`.
    let family = named.strip_prefix("sha2-").or(named.strip_prefix("sha-"));
    let short = family.map(|digits| format!("sha{digits}"));
    let wanted = short.as_deref().unwrap_or(named);
    ALGORITHMS.iter().find(|algorithm| algorithm.name == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alias_leads_to_an_algorithm() {
        for (alias, name) in ALIASES {
            assert_eq!(find(alias).map(|found| found.name), Some(name), "{alias}");
        }
        assert_eq!(find("SHA2-256").map(|found| found.name), Some("sha256"));
        assert_eq!(find("SHA-384").map(|found| found.name), Some("sha384"));
        assert!(find("sha3_256").is_none());
    }
}
