//! Two threads: one answers what workers' filters tell, one judges what was noted. And two more for workers that come after
//! others, which begin with the first of them.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::TrySendError;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::SystemTime;

use rustix::buffer::spare_capacity;
use rustix::event::EventfdFlags;
use rustix::event::epoll;
use rustix::event::eventfd;
use rustix::io::Errno;

use crate::OsError;
use crate::Precedence;
use crate::WorkerKind;
use crate::attempt::Attempts;
use crate::attempt::creation::creation;
use crate::attempt::destination;
use crate::attempt::destination::MAX_ADDRESS;
use crate::attempt::judge::Attempt;
use crate::attempt::judge::judge;
use crate::attempt::maker::Call;
use crate::attempt::maker::Maker;
use crate::attempt::maker::has_work;
use crate::attempt::subject::Place;
use crate::attempt::subject::Subject;
use crate::attempt::subject::name;
use crate::attempt::subject::opened;
use crate::attempt::subject::subjects;
use crate::filter::Answer;
use crate::question::Question;
use crate::question::Questions;
use crate::question::Reply;
use crate::turns;

/// Attempts that may wait for judgement, of all workers together. What comes on top is counted and not looked at.
const MAX_WAITING: usize = 4096;
/// What an event is about when it is no worker.
const STOP: u64 = u64::MAX;

/// Answers what the filters of a supervisor's workers tell, as long as it is there.
#[derive(Debug)]
pub(crate) struct AttemptService {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Where workers are heard that are among all, and those that come after others.
    queue: OwnedFd,
    behind: OwnedFd,
    /// Whether somebody answers those.
    is_behind_answered: OnceLock<bool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    stop: OwnedFd,
    /// Nobody answers any more when there is nothing here.
    workers: Mutex<Option<HashMap<u64, Observed>>>,
}

#[derive(Clone, Debug)]
struct Observed {
    told: Arc<Questions>,
    attempts: Arc<Attempts>,
    maker: Arc<Maker>,
}

/// Something noted, on its way to judgement.
struct Noted {
    attempts: Arc<Attempts>,
    time: SystemTime,
    attempt: Attempt,
}

impl AttemptService {
    pub(crate) fn start() -> Result<Self, OsError> {
        let shared = Arc::new(Shared {
            queue: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            behind: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            is_behind_answered: OnceLock::new(),
            threads: Mutex::default(),
            stop: eventfd(0, EventfdFlags::CLOEXEC)?,
            workers: Mutex::new(Some(HashMap::new())),
        });
        // From here on, whatever fails ends what has begun.
        let service = Self { shared };
        service.shared.begin(Precedence::Normal)?;
        Ok(service)
    }

    /// Listens to what the filter of worker `number` tells.
    pub(crate) fn add(
        &self,
        number: u64,
        kind: WorkerKind,
        listener: OwnedFd,
    ) -> Result<Arc<Attempts>, OsError> {
        let attempts = Arc::new(Attempts::new(kind));
        let told = Arc::new(Questions::new(listener));
        let mut workers = self.shared.workers();
        // A listener that nobody can answer closes here: the calls it would have told of fail.
        if let Some(workers) = workers.as_mut() {
            self.shared.follow(Precedence::Normal, &*told, number)?;
            workers.insert(
                number,
                Observed {
                    told,
                    attempts: Arc::clone(&attempts),
                    maker: Arc::default(),
                },
            );
        }
        Ok(attempts)
    }
}

impl Drop for AttemptService {
    fn drop(&mut self) {
        // Fails only if the counter is full, which also wakes the thread.
        let _ = rustix::io::write(&self.shared.stop, &1_u64.to_ne_bytes());
        // One of them may begin others until it ends.
        while let Some(thread) = self.shared.next_thread() {
            let _ = thread.join();
        }
    }
}

/// Closes every listener when the answering thread ends, however it does. The kernel lets calls that
/// would have been told fail from then on, and nobody waits for an answer that never comes.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.workers().take();
    }
}

impl Shared {
    fn workers(&self) -> MutexGuard<'_, Option<HashMap<u64, Observed>>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_thread(&self) -> Option<JoinHandle<()>> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.pop()
    }

    fn queue(&self, precedence: Precedence) -> &OwnedFd {
        match precedence {
            Precedence::Normal => &self.queue,
            Precedence::Behind | Precedence::Aside => &self.behind,
        }
    }

    fn follow(&self, precedence: Precedence, source: impl AsFd, about: u64) -> Result<(), OsError> {
        let data = epoll::EventData::new_u64(about);
        let queue = self.queue(precedence);
        Ok(epoll::add(queue, source, data, epoll::EventFlags::IN)?)
    }

    /// Begins to answer the workers with this precedence, and to judge what they try.
    fn begin(self: &Arc<Self>, precedence: Precedence) -> Result<(), OsError> {
        self.follow(precedence, &self.stop, STOP)?;
        let (sender, receiver) = sync_channel(MAX_WAITING);
        let answering = Arc::clone(self);
        let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let judge =
            thread("mycelium-judge").spawn(move || pass_judgement(precedence, &receiver))?;
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.push(judge);
        threads
            .push(thread("mycelium-answer").spawn(move || answering.answer(precedence, &sender))?);
        Ok(())
    }

    /// Answers until it is told to stop.
    fn answer(self: &Arc<Self>, precedence: Precedence, judge: &SyncSender<Noted>) {
        let _closing = Closing(self);
        turns::join(precedence);
        loop {
            let mut events = Vec::with_capacity(16);
            match epoll::wait(self.queue(precedence), spare_capacity(&mut events), None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return,
            }
            for event in events {
                match event.data.u64() {
                    STOP => return,
                    number => self.hear(precedence, (number, event.flags), judge),
                }
            }
        }
    }

    fn hear(
        self: &Arc<Self>,
        precedence: Precedence,
        (number, flags): (u64, epoll::EventFlags),
        judge: &SyncSender<Noted>,
    ) {
        let worker = self
            .workers()
            .as_ref()
            .and_then(|workers| workers.get(&number).cloned());
        let Some(worker) = worker else {
            return;
        };
        if flags.contains(epoll::EventFlags::IN) {
            // The kernel said that there is one, and nobody else takes it: this does not wait. One that has
            // been withdrawn meanwhile is none.
            if let Ok(Some(question)) = worker.told.next() {
                respond(worker.clone(), question, judge);
            }
            let now = worker.attempts.precedence();
            if now != precedence {
                self.move_over(number, &worker, (precedence, now));
            }
        } else {
            // Nobody is left who could make a call.
            let _ = epoll::delete(self.queue(precedence), &*worker.told);
            if let Some(workers) = self.workers().as_mut() {
                workers.remove(&number);
            }
        }
    }

    /// Leaves a worker to those who answer the others of its precedence. Only who answers it now does that: two who hear
    /// of the same call would wait for it both, and one in vain.
    fn move_over(
        self: &Arc<Self>,
        number: u64,
        worker: &Observed,
        (from, to): (Precedence, Precedence),
    ) {
        let is_answered = match to {
            Precedence::Normal => true,
            Precedence::Behind | Precedence::Aside => *self
                .is_behind_answered
                .get_or_init(|| self.begin(to).is_ok()),
        };
        // Where that fails, it is answered as before.
        if is_answered && self.follow(to, &*worker.told, number).is_ok() {
            let _ = epoll::delete(self.queue(from), &*worker.told);
        }
    }
}

/// Notes what the call is about, and lets it go on, refuses it or has its work done.
fn respond(worker: Observed, question: Question, judge: &SyncSender<Noted>) {
    let Observed {
        told,
        attempts,
        maker,
    } = worker;
    if attempts.policy().is_some() {
        let noted: Vec<_> = subjects(question.call, &question.arguments)
            .into_iter()
            .filter_map(|subject| read(&question, subject))
            .collect();
        // What was read is the worker's only if it still stood in its call afterwards.
        if told.is_open(&question) {
            for attempt in noted {
                // Before the worker goes on: whoever waits for its next word must know of this one.
                if attempts.note() {
                    let attempts = Arc::clone(&attempts);
                    let noted = Noted {
                        attempts,
                        time: SystemTime::now(),
                        attempt,
                    };
                    pass_on(noted, judge);
                }
            }
        }
    }
    let answer = attempts
        .filter()
        .answer(question.call as u32, &question.arguments);
    match answer {
        Answer::Watch => {
            let policy = attempts.policy().filter(|policy| has_work(policy));
            match policy.and_then(|_| creation(&question)) {
                None => told.answer(&question, Reply::Proceed),
                Some(creation) => maker.take(Call {
                    told,
                    attempts,
                    question,
                    creation,
                }),
            }
        }
        Answer::Tell | Answer::Ask | Answer::Allow | Answer::Refuse(_) | Answer::Kill => {
            told.answer(&question, Reply::Refuse(libc::EPERM));
        }
    }
}

fn pass_on(noted: Noted, judge: &SyncSender<Noted>) {
    if let Err(TrySendError::Full(noted) | TrySendError::Disconnected(noted)) =
        judge.try_send(noted)
    {
        noted.attempts.passed_over();
    }
}

/// What the worker's memory says about the subject.
fn read(question: &Question, subject: Subject) -> Option<Attempt> {
    match subject {
        Subject::Path(place) => path(question, place),
        Subject::PathWithFlags {
            folder,
            address,
            flags,
        } => {
            let flags = question.bytes(flags, size_of::<u64>()).ok()?;
            let (kind, last) = opened(u64::from_ne_bytes(flags.try_into().ok()?))?;
            let place = Place {
                kind,
                folder,
                address,
                last,
            };
            path(question, place)
        }
        Subject::Address {
            kind,
            address,
            length,
        } => {
            let length = usize::try_from(length).ok()?.min(MAX_ADDRESS);
            let bytes = question.bytes(address, length).ok()?;
            let destination = destination::parse(&bytes)?;
            Some(Attempt::Address { kind, destination })
        }
        Subject::Privilege => Some(Attempt::Privilege(name(question.call))),
    }
}

fn path(question: &Question, place: Place) -> Option<Attempt> {
    let text = question.text(place.address).ok()?;
    let text = PathBuf::from(OsStr::from_bytes(&text));
    // Without a name a call is about a descriptor that the worker has.
    if text.as_os_str().is_empty() {
        return None;
    }
    let folder = match text.is_absolute() {
        true => None,
        false => Some(question.folder(place.folder).ok()?),
    };
    Some(Attempt::Path {
        kind: place.kind,
        text,
        folder,
        last: place.last,
    })
}

fn pass_judgement(precedence: Precedence, noted: &Receiver<Noted>) {
    turns::join(precedence);
    while let Ok(Noted {
        attempts,
        time,
        attempt,
    }) = noted.recv()
    {
        let (policy, entrances) = (attempts.policy(), attempts.entrances.get());
        let seen = policy.and_then(|policy| judge((policy, entrances), time, attempt));
        attempts.judged(seen);
    }
}

#[cfg(test)]
mod tests;
