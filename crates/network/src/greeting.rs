//! The first message of a TLS connection, as far as it says which server it is for.
//!
//! The layout is that of RFC 8446, section 4.1.2, which older versions share; the name of the server is
//! that of RFC 6066, section 3.

use crate::HostName;

/// The longest greeting, in bytes: those of today, with post-quantum keys, have less than 4 KiB.
pub(crate) const MAX_GREETING: usize = 16 << 10;

/// The first byte of every TLS connection.
pub(crate) const HANDSHAKE: u8 = 22;

const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
const HOST_NAME: u8 = 0;

/// What the bytes so far say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// It goes on.
    Incomplete,
    /// It is complete, and for this server; `None` if it names none.
    For(Option<HostName>),
    /// It is not a greeting, or is one that two programs could read differently.
    Malformed,
}

/// Reads the greeting at the start of `bytes`, which may be cut anywhere.
pub(crate) fn read(bytes: &[u8]) -> Greeting {
    match handshake(bytes) {
        Ok(Some(message)) => match server_name(&message) {
            Some(name) => Greeting::For(name),
            None => Greeting::Malformed,
        },
        Ok(None) if bytes.len() < MAX_GREETING => Greeting::Incomplete,
        Ok(None) | Err(()) => Greeting::Malformed,
    }
}

/// The body of the first handshake message, which may be spread over several records; `None` if there is
/// more to come.
fn handshake(bytes: &[u8]) -> Result<Option<Vec<u8>>, ()> {
    let mut message = Vec::new();
    let mut rest = bytes;
    loop {
        if let [kind, length @ ..] = message.as_slice()
            && let [a, b, c, body @ ..] = length
        {
            let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
            if *kind != CLIENT_HELLO || length > MAX_GREETING {
                return Err(());
            }
            if let Some(body) = body.get(..length) {
                return Ok(Some(body.to_vec()));
            }
        }
        match rest {
            [HANDSHAKE, 3, _, high, low, after @ ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                if length == 0 {
                    return Err(());
                }
                let Some(record) = after.get(..length) else {
                    return Ok(None);
                };
                message.extend_from_slice(record);
                rest = &after[length..];
            }
            [] | [HANDSHAKE] | [HANDSHAKE, 3] | [HANDSHAKE, 3, _] | [HANDSHAKE, 3, _, _] => {
                return Ok(None);
            }
            _ => return Err(()),
        }
    }
}

/// The name in a greeting's body; the outer `None` if it is malformed.
fn server_name(body: &[u8]) -> Option<Option<HostName>> {
    let mut body = Reader(body);
    body.take(2 + 32)?; // the version and the random bytes
    body.vector8()?; // the session
    body.vector16()?; // the cipher suites
    body.vector8()?; // the compressions
    if body.0.is_empty() {
        return Some(None);
    }
    let mut extensions = Reader(body.vector16()?);
    if !body.0.is_empty() {
        return None;
    }
    let mut found = None;
    while !extensions.0.is_empty() {
        let kind = extensions.number16()?;
        let content = extensions.vector16()?;
        if kind == SERVER_NAME {
            // Which of two would count is the server's choice.
            if found.is_some() {
                return None;
            }
            found = Some(one_name(content)?);
        }
    }
    Some(found)
}

/// The only entry of a list of names.
fn one_name(content: &[u8]) -> Option<HostName> {
    let mut content = Reader(content);
    let mut list = Reader(content.vector16()?);
    if list.take(1)? != [HOST_NAME] {
        return None;
    }
    let name = list.vector16()?;
    if !list.0.is_empty() || !content.0.is_empty() {
        return None;
    }
    std::str::from_utf8(name).ok()?.parse().ok()
}

/// Bytes that are read from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number16(&mut self) -> Option<u16> {
        let bytes = self.take(2)?.first_chunk()?;
        Some(u16::from_be_bytes(*bytes))
    }

    fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = *self.take(1)?.first()?;
        self.take(usize::from(length))
    }

    fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = self.number16()?;
        self.take(usize::from(length))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vector16(bytes: &[u8]) -> Vec<u8> {
        let mut all = (bytes.len() as u16).to_be_bytes().to_vec();
        all.extend_from_slice(bytes);
        all
    }

    fn name_extension(names: &[&str]) -> Vec<u8> {
        let mut list = Vec::new();
        for name in names {
            list.push(HOST_NAME);
            list.extend(vector16(name.as_bytes()));
        }
        let mut extension = SERVER_NAME.to_be_bytes().to_vec();
        extension.extend(vector16(&vector16(&list)));
        extension
    }

    fn hello(extensions: &[Vec<u8>]) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.push(0);
        body.extend(vector16(&[0x13, 0x01]));
        body.extend([1, 0]);
        body.extend(vector16(&extensions.concat()));
        let mut message = vec![CLIENT_HELLO];
        message.extend(&(body.len() as u32).to_be_bytes()[1..]);
        message.extend(body);
        message
    }

    fn records(message: &[u8], size: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in message.chunks(size) {
            bytes.extend([HANDSHAKE, 3, 1]);
            bytes.extend(vector16(part));
        }
        bytes
    }

    #[test]
    fn the_name_is_read_however_the_greeting_is_cut() {
        let other = [0, 43, 0, 3, 2, 3, 4].to_vec();
        let message = hello(&[other, name_extension(&["API.example.com"])]);
        let named = Greeting::For(Some("api.example.com".parse().unwrap()));
        for size in [1, 5, 40, 1 << 14] {
            let bytes = records(&message, size);
            assert_eq!(read(&bytes), named, "{size}");
            for end in 0..bytes.len() {
                assert_eq!(read(&bytes[..end]), Greeting::Incomplete, "{size} {end}");
            }
        }
    }

    #[test]
    fn a_greeting_without_a_name_says_so() {
        assert_eq!(read(&records(&hello(&[]), 999)), Greeting::For(None));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_malformed() {
        let twice = hello(&[name_extension(&["a.test"]), name_extension(&["b.test"])]);
        let two = hello(&[name_extension(&["a.test", "b.test"])]);
        let address = hello(&[name_extension(&["127.0.0.1"])]);
        let zero = hello(&[name_extension(&["a.test\0.b.test"])]);
        let mut trailing = hello(&[name_extension(&["a.test"])]);
        trailing.push(0);
        trailing[3] += 1;
        for message in [twice, two, address, zero, trailing] {
            assert_eq!(read(&records(&message, 999)), Greeting::Malformed);
        }
        assert_eq!(read(b"\x16\x03\x01\0\0"), Greeting::Malformed);
        assert_eq!(read(b"\x16\x02"), Greeting::Malformed);
        assert_eq!(read(b"GET / HTTP/1.1\r\n"), Greeting::Malformed);
        // It announces more than is ever read.
        assert_eq!(
            read(b"\x16\x03\x01\0\x04\x01\xff\xff\xff"),
            Greeting::Malformed
        );
    }

    #[test]
    fn a_greeting_that_never_ends_is_given_up() {
        let mut endless = Vec::new();
        while endless.len() < MAX_GREETING {
            endless.extend(records(&[CLIENT_HELLO, 0, 0x3f, 0xff], 1));
            endless.extend(records(&[0; 16], 16));
        }
        assert_eq!(read(&endless[..MAX_GREETING]), Greeting::Malformed);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            read(&bytes);
            let mut wrapped = vec![HANDSHAKE, 3, 1];
            wrapped.extend(vector16(&bytes));
            read(&wrapped);
        }
    }
}
