//! Answers to a worker's look-ups (RFC 1035, section 4).

use std::net::Ipv4Addr;

use crate::HostName;

const HEADER: usize = 12;
const TYPE_A: u16 = 1;
const CLASS_INTERNET: u16 = 1;

/// A question and what is kept of it for the answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// The name, as text; not every name in a question is a host's.
    pub(crate) name: String,
    /// Whether an IPv4 address is asked for.
    pub(crate) asks_address: bool,
    /// Identifier and flags.
    identifier: [u8; 2],
    recursion: u8,
    /// The question itself, as it was.
    bytes: Vec<u8>,
}

/// What a look-up comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The name has this address.
    Address(Ipv4Addr),
    /// The name exists, and has nothing of the kind that was asked for.
    Nothing,
    /// There is no such name.
    NoSuchName,
    /// It cannot be said.
    Failure,
}

impl Question {
    /// The question in `message`, if it is one question and nothing else that matters.
    pub(crate) fn read(message: &[u8]) -> Option<Self> {
        let (header, body) = message.split_at_checked(HEADER)?;
        let [id_high, id_low, flags, _, 0, 1, ..] = *header else {
            return None;
        };
        // A response, or an operation other than a look-up.
        if flags & 0xf8 != 0 {
            return None;
        }
        let mut name = String::new();
        let mut at = 0;
        loop {
            let length = usize::from(*body.get(at)?);
            at += 1;
            if length == 0 {
                break;
            }
            // Compression makes no sense in the first name of a message.
            if length > 63 || name.len() > 253 {
                return None;
            }
            let label = body.get(at..at + length)?;
            at += length;
            if !name.is_empty() {
                name.push('.');
            }
            // A dot inside a label would look like two labels.
            name.extend(label.iter().map(|b| match b {
                0x21..=0x7e if *b != b'.' => char::from(*b),
                _ => '\u{fffd}',
            }));
        }
        let number = |at: usize| {
            let bytes = body.get(at..at + 2)?.first_chunk()?;
            Some(u16::from_be_bytes(*bytes))
        };
        let (kind, class) = (number(at)?, number(at + 2)?);
        Some(Self {
            name,
            asks_address: kind == TYPE_A && class == CLASS_INTERNET,
            identifier: [id_high, id_low],
            recursion: flags & 1,
            bytes: body[..at + 4].to_vec(),
        })
    }

    /// The host it is about, if its name can be a host's.
    pub(crate) fn host(&self) -> Option<HostName> {
        self.name.parse().ok()
    }

    /// The answer as a message.
    pub(crate) fn answer(&self, answer: Answer) -> Vec<u8> {
        /// What an address stays good for, in seconds. Names keep theirs as long as the worker lives.
        const LIFE: [u8; 4] = 60_u32.to_be_bytes();
        /// Where in the message the question's name is.
        const SAME_NAME: [u8; 2] = [0xc0, HEADER as u8];
        let code = match answer {
            Answer::Address(_) | Answer::Nothing => 0,
            Answer::Failure => 2,
            Answer::NoSuchName => 3,
        };
        let answers = u8::from(matches!(answer, Answer::Address(_)));
        let mut message = self.identifier.to_vec();
        message.extend([
            0x84 | self.recursion,
            0x80 | code,
            0,
            1,
            0,
            answers,
            0,
            0,
            0,
            0,
        ]);
        message.extend_from_slice(&self.bytes);
        if let Answer::Address(address) = answer {
            message.extend(SAME_NAME);
            message.extend([TYPE_A.to_be_bytes(), CLASS_INTERNET.to_be_bytes()].concat());
            message.extend(LIFE);
            message.extend([0, 4]);
            message.extend(address.octets());
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn query(labels: &[&[u8]], kind: u16) -> Vec<u8> {
        let mut message = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in labels {
            message.push(label.len() as u8);
            message.extend_from_slice(label);
        }
        message.push(0);
        message.extend(kind.to_be_bytes());
        message.extend([0, 1]);
        message
    }

    #[test]
    fn a_question_is_answered_with_its_own_words() {
        let bytes = query(&[b"api", b"test"], 1);
        let question = Question::read(&bytes).unwrap();
        assert_eq!(question.host(), Some("api.test".parse().unwrap()));
        assert!(question.asks_address);
        let answer = question.answer(Answer::Address(Ipv4Addr::new(198, 18, 0, 1)));
        assert_eq!(answer[..2], [0xab, 0xcd]);
        assert_eq!(answer[2..12], [0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
        assert_eq!(answer[12..bytes.len()], bytes[12..]);
        assert_eq!(answer[answer.len() - 4..], [198, 18, 0, 1]);
        assert_eq!(question.answer(Answer::NoSuchName)[3], 0x83);
    }

    #[test]
    fn other_kinds_are_questions_without_an_address() {
        let question = Question::read(&query(&[b"a", b"test"], 28)).unwrap();
        assert!(!question.asks_address);
        let dotted = Question::read(&query(&[b"evil.api", b"test"], 1)).unwrap();
        assert_eq!(dotted.host(), None);
        assert!(Question::read(&query(&[], 1)).unwrap().host().is_none());
    }

    #[test]
    fn what_is_no_question_is_not_answered() {
        let mut response = query(&[b"a"], 1);
        response[2] |= 0x80;
        let mut pointer = query(&[b"a"], 1);
        pointer[12] = 0xc0;
        let whole = query(&[b"a"], 1);
        for message in [
            &response[..],
            &pointer,
            &whole[..whole.len() - 1],
            &whole[..5],
            b"",
        ] {
            assert_eq!(Question::read(message), None);
        }
        assert_eq!(Question::read(&query(&[&[b'a'; 63][..]; 8], 1)), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Some(question) = Question::read(&bytes) {
                question.answer(Answer::Failure);
            }
        }
    }
}
