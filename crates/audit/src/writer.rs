//! The log's own thread: everything that may have to wait.

use std::collections::VecDeque;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use serde_json::json;

use crate::AuditError;
use crate::Recorded;
use crate::chain::Chain;
use crate::entry::Body;
use crate::event::Level;
use crate::log::Queued;
use crate::log::Shared;
use crate::log::State;

/// Time until a log that could not be written is tried again by itself.
const RETRY: Duration = Duration::from_secs(1);

/// Works until the log is closed.
pub(crate) fn run(shared: &Shared) {
    let mut state = shared.lock();
    loop {
        state = wait_for_work(shared, state);
        let is_closing = state.is_closing;
        if wants_to_write(&state) {
            state = write(shared, state);
        }
        // Taken after writing: it covers what was just written.
        if !state.uncommitted.is_empty() || is_due(shared, &state) {
            state = commit(shared, state);
        }
        if is_closing {
            for queued in std::mem::take(&mut state.queue) {
                answer(
                    queued,
                    Err(state.failure.clone().unwrap_or(AuditError::Closed)),
                );
            }
            state.chain = None;
            return;
        }
    }
}

fn wants_to_write(state: &State) -> bool {
    let wants_checkpoint = |chain: &Chain| chain.wants_checkpoint() || state.is_closing;
    match &state.chain {
        Some(chain) => !state.queue.is_empty() || wants_checkpoint(chain),
        // What is there has to be found out before anything can be put on disk.
        None => !state.queue.is_empty() || state.dirty.is_some(),
    }
}

fn is_due(shared: &Shared, state: &State) -> bool {
    let is_late = |since: Instant| since.elapsed() >= shared.settings.patience;
    state
        .dirty
        .is_some_and(|since| is_late(since) || state.is_closing)
}

/// Waits until there is something to do. There is no timer while nothing waits.
fn wait_for_work<'a>(
    shared: &'a Shared,
    mut state: MutexGuard<'a, State>,
) -> MutexGuard<'a, State> {
    let mut retry = state.failure.as_ref().map(|_| Instant::now() + RETRY);
    loop {
        let has_work =
            !state.uncommitted.is_empty() || wants_to_write(&state) || is_due(shared, &state);
        if state.is_closing || (has_work && retry.is_none()) {
            return state;
        }
        let due = state.dirty.map(|since| since + shared.settings.patience);
        let Some(until) = retry.or(due) else {
            state = shared
                .wake
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        let time = until.saturating_duration_since(Instant::now());
        (state, _) = shared
            .wake
            .wait_timeout(state, time)
            .unwrap_or_else(PoisonError::into_inner);
        // It is time to try again, or somebody has something new, which is a reason too.
        retry = None;
    }
}

/// Writes what waits. Until that is done nobody else appends, so that the order stays.
fn write<'a>(shared: &'a Shared, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    // What waits is not on disk because somebody tries to put it there, which may take long.
    state.is_trying = state.is_blocked();
    let chain = state.chain.take();
    let mut queue = std::mem::take(&mut state.queue);
    let lost = std::mem::take(&mut state.lost);
    if lost > 0 {
        queue.push_back(Queued {
            body: Body::own(Level::Security, "lost", json!({ "entries": lost })),
            waiter: None,
        });
    }
    let is_closing = state.is_closing;
    drop(state);

    let mut written = Vec::new();
    let opened = chain.map_or_else(|| Chain::open(&shared.settings), Ok);
    let (chain, outcome) = match opened {
        Ok(mut chain) => {
            let outcome = write_queue(&mut chain, &mut queue, is_closing, &mut written);
            (Some(chain), outcome)
        }
        Err(error) => (None, Err(error)),
    };

    let mut state = shared.lock();
    for (queued, recorded) in written {
        match (queued.body.level, queued.waiter) {
            (Level::Security, Some(waiter)) => state.uncommitted.push((waiter, recorded)),
            (Level::Ordinary, Some(waiter)) => {
                let _ = waiter.send(Ok(recorded));
            }
            (Level::Security | Level::Ordinary, None) => {}
        }
    }
    state.dirty.get_or_insert_with(Instant::now);
    state.chain = chain;
    match outcome {
        Ok(()) if state.is_unsafe => {}
        Ok(()) => state.failure = None,
        Err(error) => {
            for queued in &mut queue {
                if let Some(waiter) = queued.waiter.take() {
                    let _ = waiter.send(Err(error.clone()));
                }
            }
            state.failure = Some(error);
        }
    }
    // What came meanwhile comes after what could not be written.
    queue.append(&mut state.queue);
    state.queue = queue;
    state.is_trying = false;
    state
}

/// Writes entries, and a checkpoint if it is time for one.
fn write_queue(
    chain: &mut Chain,
    queue: &mut VecDeque<Queued>,
    is_closing: bool,
    written: &mut Vec<(Queued, Recorded)>,
) -> Result<(), AuditError> {
    while let Some(queued) = queue.pop_front() {
        match chain.append(&queued.body) {
            Ok(recorded) => written.push((queued, recorded)),
            Err(error) => {
                queue.push_front(queued);
                return Err(error);
            }
        }
    }
    if chain.wants_checkpoint() || is_closing {
        chain.checkpoint()?;
    }
    Ok(())
}

/// Puts everything that is written on disk, for all who wait for it together. Others append meanwhile.
fn commit<'a>(shared: &'a Shared, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    let Some(commit) = state.chain.as_ref().map(Chain::commit) else {
        return state;
    };
    let waiting = std::mem::take(&mut state.uncommitted);
    state.dirty = None;
    drop(state);
    let outcome = commit.run();
    let mut state = shared.lock();
    match &outcome {
        Ok(()) if state.is_unsafe => {
            state.is_unsafe = false;
            state.failure = None;
        }
        Ok(()) => {}
        Err(error) => {
            // What the kernel could not write it forgets: only reading the file tells what is there.
            state.chain = None;
            state.dirty = Some(Instant::now());
            state.is_unsafe = true;
            state.failure = Some(error.clone());
        }
    }
    for (waiter, recorded) in waiting {
        let _ = waiter.send(outcome.clone().map(|()| recorded));
    }
    state
}

fn answer(queued: Queued, outcome: Result<Recorded, AuditError>) {
    if let Some(waiter) = queued.waiter {
        let _ = waiter.send(outcome);
    }
}
