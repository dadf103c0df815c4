//! What a program tells the outside: console lines and refusals, bounded for each call.

use mycelium_protocol::ConsoleLevel;
use mycelium_protocol::worker::ExchangeCall;
use mycelium_protocol::worker::Frame;
use mycelium_protocol::worker::Notification;
use mycelium_protocol::worker::Printed;

/// One event has at most this many bytes of text; a longer text becomes several.
const MAX_TEXT: usize = 1 << 20;

/// What an event counts beside its text, so that empty lines are bounded too, in bytes.
const EVENT_SIZE: u64 = 32;

/// Takes what the engine tells unasked.
pub trait Listener {
    /// Takes one notification. It must not run JavaScript.
    fn notify(&mut self, notification: Notification);

    /// Takes a call about a request to the network; false where nobody makes requests.
    fn exchange(&mut self, call: ExchangeCall) -> bool {
        let _ = call;
        false
    }

    /// Takes a call that the runtime is to answer; false where there is none.
    fn call(&mut self, call: Frame) -> bool {
        let _ = call;
        false
    }

    /// Is called now and then while a program runs, for what should not wait until the program pauses.
    fn pause(&mut self) {}
}

impl<F: FnMut(Notification)> Listener for F {
    fn notify(&mut self, notification: Notification) {
        self(notification);
    }
}

/// The way out, with the number of bytes that the current call may still print.
pub(super) struct Output {
    listener: Box<dyn Listener>,
    left: u64,
    exceeded: bool,
    overflow: bool,
}

impl Output {
    /// A way out to `listener` that lets `limit` bytes pass.
    pub(super) fn new(listener: Box<dyn Listener>, limit: u64) -> Self {
        Self {
            listener,
            left: limit,
            exceeded: false,
            overflow: false,
        }
    }

    /// Lets the next `limit` bytes pass.
    pub(super) fn begin_call(&mut self, limit: u64) {
        self.left = limit;
        self.exceeded = false;
        self.overflow = false;
    }

    /// Prints `text`, unless that is more than the call may print. What is over the limit is dropped, not kept.
    pub(super) fn print(&mut self, level: ConsoleLevel, text: &str) {
        let Some(left) = self.left.checked_sub(text.len() as u64 + EVENT_SIZE) else {
            self.left = 0;
            self.exceeded = true;
            self.overflow = true;
            return;
        };
        self.left = left;
        let mut rest = text;
        loop {
            let (part, more) = rest.split_at(rest.floor_char_boundary(MAX_TEXT));
            self.tell(Notification::Console(Printed {
                level,
                text: part.to_owned(),
            }));
            rest = more;
            if rest.is_empty() {
                return;
            }
        }
    }

    /// Tells something that the limit does not count.
    pub(super) fn tell(&mut self, notification: Notification) {
        self.listener.notify(notification);
    }

    /// Passes on a call about a request to the network; false if nobody takes it.
    pub(super) fn exchange(&mut self, call: ExchangeCall) -> bool {
        self.listener.exchange(call)
    }

    /// Passes on a call that the runtime is to answer; false if nobody takes it.
    pub(super) fn call(&mut self, call: Frame) -> bool {
        self.listener.call(call)
    }

    /// Lets the listener do what should not wait.
    pub(super) fn pause(&mut self) {
        self.listener.pause();
    }

    /// Whether the call tried to print more than it may.
    pub(super) fn exceeded(&self) -> bool {
        self.exceeded
    }

    /// Whether it tried since the last time it was stopped for that.
    pub(super) fn take_overflow(&mut self) -> bool {
        std::mem::replace(&mut self.overflow, false)
    }
}
