//! Which system calls a worker may make.
//!
//! A filter is data: a table of calls, each with an answer that may depend on the arguments. The
//! table is compiled once, when the launcher starts, to a program the kernel runs at each call.

mod bare;
mod compile;
mod embedded;
mod program;

pub(crate) use bare::BARE;
pub(crate) use compile::compile;
pub(crate) use embedded::EMBEDDED;
pub(crate) use embedded::FCHMODAT2;
#[cfg(target_arch = "aarch64")]
pub(crate) use embedded::RENAMEAT;
pub(crate) use libc::sock_filter as Instruction;
pub(crate) use program::PROGRAM;
pub(crate) use program::SEALED;
pub(crate) use program::SEALED_ALONE;

/// What the kernel answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Does what was asked.
    Allow,
    /// Does nothing and returns this error number.
    Refuse(i32),
    /// Lets the launcher answer.
    Ask,
    /// Tells the supervisor, which refuses with `EPERM`; refuses so by itself if nobody listens.
    Tell,
    /// Tells the supervisor, which lets it go on; does what was asked if nobody listens.
    Watch,
    /// Ends the process.
    Kill,
}

/// Whether somebody listens to what a filter tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listening {
    /// The filter is loaded with a listener.
    Yes,
    /// It is not.
    No,
}

/// How a call is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The same way always.
    Always(Answer),
    /// As the first case says whose tests all hold.
    Cases {
        /// The cases, in order.
        cases: &'static [Case],
        /// The answer if none applies.
        otherwise: Answer,
    },
}

/// One way a call can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    /// All must hold.
    pub(crate) tests: &'static [Test],
    /// The answer then.
    pub(crate) answer: Answer,
}

/// Whether the bits of `mask` in an argument are those of `value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Test {
    /// The argument's place, from 0.
    pub(crate) argument: u32,
    /// The bits looked at.
    pub(crate) mask: u64,
    /// What they must be.
    pub(crate) value: u64,
}

/// A whole filter. A call from a foreign instruction set ends the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filter {
    /// The calls that are known. Where a call is in several tables, the last one counts.
    pub(crate) tables: &'static [&'static [(libc::c_long, Rule)]],
    /// The answer for calls that exist and are not listed.
    pub(crate) unlisted: Answer,
    /// The last call that existed when the tables were written.
    pub(crate) last: libc::c_long,
    /// The answer for calls after that one: programs fall back from what they do not know either.
    pub(crate) newer: Answer,
}

/// Call numbers from here on belong to x86_64's second, 32-bit-pointer set of calls.
const SECOND_SET: u32 = 0x4000_0000;

impl Filter {
    /// The answer to one call.
    pub(crate) fn answer(&self, number: u32, arguments: &[u64; 6]) -> Answer {
        let mut listed = self.tables.iter().copied().flatten();
        match listed.rfind(|(listed, _)| *listed == libc::c_long::from(number)) {
            Some((_, rule)) => rule.answer(arguments),
            None if number >= SECOND_SET => Answer::Kill,
            None if libc::c_long::from(number) > self.last => self.newer,
            None => self.unlisted,
        }
    }
}

impl Rule {
    fn answer(&self, arguments: &[u64; 6]) -> Answer {
        match self {
            Self::Always(answer) => *answer,
            Self::Cases { cases, otherwise } => cases
                .iter()
                .find(|case| case.tests.iter().all(|test| test.holds(arguments)))
                .map_or(*otherwise, |case| case.answer),
        }
    }
}

impl Test {
    fn holds(&self, arguments: &[u64; 6]) -> bool {
        arguments[self.argument as usize] & self.mask == self.value & self.mask
    }
}
