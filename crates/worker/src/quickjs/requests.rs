//! The requests of the runtime that the program works at, and what is told of them.

/// The requests that are not answered.
#[derive(Debug, Default)]
pub(super) struct Requests(Vec<Open>);

#[derive(Debug)]
struct Open {
    number: u64,
    /// What it is part of, as JSON.
    context: Option<String>,
}

impl Requests {
    /// Begins one.
    pub(super) fn begin(&mut self, number: u64, context: Option<String>) {
        self.0.push(Open { number, context });
    }

    /// Ends one, if it is not over.
    pub(super) fn end(&mut self, number: u64) {
        self.0.retain(|open| open.number != number);
    }

    /// The number of the one that began last.
    pub(super) fn current(&self) -> Option<u64> {
        self.0.last().map(|open| open.number)
    }

    /// What was told of it.
    pub(super) fn context(&self) -> Option<&str> {
        self.0.last()?.context.as_deref()
    }
}
