//! Who has the processors first, and what changes that.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use mycelium_sandbox::Precedence;
use mycelium_sandbox::Worker;

use super::LONG;
use super::SHORT;
use super::appetite::Appetite;
use super::others::Expected;
use super::others::Others;

/// How much of a processor a worker takes, and what follows from it.
#[derive(Debug)]
pub(super) struct Standing {
    appetite: Appetite,
    place: Place,
    /// What was set last.
    precedence: Precedence,
    others: Arc<Others>,
    /// Its request, if it is one of the others to those that take much.
    request: Option<Expected>,
}

/// Who comes first.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// The worker is one among all.
    Usual,
    /// The others.
    Behind,
    /// The others for as long as the worker lives: an ordinary person's daemon cannot take it back.
    BehindForGood,
}

impl Standing {
    /// That of a worker that is one among all.
    pub(super) fn new(appetite: Appetite, others: &Arc<Others>) -> Self {
        Self {
            appetite,
            place: Place::Usual,
            precedence: Precedence::Normal,
            others: Arc::clone(others),
            request: None,
        }
    }

    pub(super) fn precedence(&self) -> Precedence {
        self.precedence
    }

    /// The worker has used this much processor time until now.
    pub(super) fn reckon(&mut self, worker: &Worker, cpu: Duration) {
        self.appetite.reckon(cpu, Instant::now());
        self.keep_place(worker);
        self.place(worker);
    }

    /// Counts as having taken much.
    pub(super) fn begin_behind(&mut self, worker: &Worker) {
        self.appetite.fill();
        self.place(worker);
    }

    /// How much processor time the worker may use before its place may be another.
    pub(super) fn patience(&self) -> Duration {
        match self.place {
            Place::Usual => self.appetite.left().clamp(SHORT, LONG),
            Place::Behind | Place::BehindForGood => LONG,
        }
    }

    /// Lets others go first while the worker takes much.
    fn place(&mut self, worker: &Worker) {
        self.place = match self.place {
            Place::Usual if self.appetite.is_much() => match self.set(worker, self.behind()) {
                true => {
                    // Who works in bursts would come first at the beginning of each.
                    self.appetite.fill();
                    self.request = None;
                    Place::Behind
                }
                false => Place::Usual,
            },
            Place::Behind if self.appetite.is_little() => {
                match self.set(worker, Precedence::Normal) {
                    true => Place::Usual,
                    false => Place::BehindForGood,
                }
            }
            as_before => as_before,
        };
    }

    fn set(&mut self, worker: &Worker, precedence: Precedence) -> bool {
        let is_set = worker.set_precedence(precedence).is_ok();
        if is_set {
            self.precedence = precedence;
        }
        is_set
    }

    /// Sees to it that everybody who belongs to the worker has its place: a process that began a session of its own since would
    /// come before others again.
    fn keep_place(&mut self, worker: &Worker) {
        match self.place {
            Place::Usual => {}
            Place::Behind | Place::BehindForGood => {
                // Of a worker that has ended there is nobody to place.
                self.set(worker, self.behind());
            }
        }
    }

    /// The precedence of one that takes much: a processor is left to others only while there are any.
    fn behind(&self) -> Precedence {
        match self.others.are_called(Instant::now()) {
            true => Precedence::Aside,
            false => Precedence::Behind,
        }
    }

    /// A request begins, when the worker has used this much processor time.
    pub(super) fn begin(&mut self, worker: &Worker, cpu: Duration) {
        self.appetite.begin(cpu, Instant::now());
        self.place(worker);
        self.request = match self.place {
            Place::Usual => Some(self.others.begin()),
            Place::Behind | Place::BehindForGood => {
                if self.precedence != self.behind() {
                    self.keep_place(worker);
                }
                None
            }
        };
    }

    /// A request has ended, when the worker had used this much processor time.
    pub(super) fn end(&mut self, cpu: Duration) {
        self.appetite.end(cpu, Instant::now());
        self.request = None;
    }
}
