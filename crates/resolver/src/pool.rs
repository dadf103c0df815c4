//! A few threads for many small jobs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread::Scope;

type Job<'scope> = Box<dyn FnOnce() + Send + 'scope>;

/// Runs jobs on at most so many threads, which are started when there is work and end when there
/// is none.
pub(crate) struct Pool<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    limit: usize,
    queue: Arc<Mutex<Queue<'scope>>>,
}

struct Queue<'scope> {
    waiting: VecDeque<Job<'scope>>,
    threads: usize,
}

impl<'scope, 'env> Pool<'scope, 'env> {
    pub(crate) fn new(scope: &'scope Scope<'scope, 'env>, limit: usize) -> Self {
        Self {
            scope,
            limit: limit.max(1),
            queue: Arc::new(Mutex::new(Queue {
                waiting: VecDeque::new(),
                threads: 0,
            })),
        }
    }

    /// Puts a job behind those that wait.
    pub(crate) fn submit(&self, job: impl FnOnce() + Send + 'scope) {
        let mut queue = lock(&self.queue);
        queue.waiting.push_back(Box::new(job));
        if queue.threads < self.limit {
            queue.threads += 1;
            let queue = Arc::clone(&self.queue);
            self.scope.spawn(move || work(&queue));
        }
    }
}

fn work(queue: &Mutex<Queue<'_>>) {
    loop {
        let mut held = lock(queue);
        let Some(job) = held.waiting.pop_front() else {
            held.threads -= 1;
            return;
        };
        drop(held);
        job();
    }
}

fn lock<'q, 'scope>(queue: &'q Mutex<Queue<'scope>>) -> MutexGuard<'q, Queue<'scope>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does `work` for every item, on at most `limit` threads. After the first failure nothing new is
/// begun, and what runs can see that it need not go on; the results that there are come back with it.
pub(crate) fn for_each<T: Sync, R: Send, E: Send>(
    items: &[T],
    limit: usize,
    work: impl Fn(&T, &AtomicBool) -> Result<R, E> + Sync,
) -> (Vec<R>, Result<(), E>) {
    let failed = AtomicBool::new(false);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        let pool = Pool::new(scope, limit);
        for item in items {
            let (sender, failed, work) = (sender.clone(), &failed, &work);
            pool.submit(move || {
                if failed.load(Ordering::Acquire) {
                    return;
                }
                let result = work(item, failed);
                let is_failure = result.is_err();
                // The receiver outlives the scope. Those who are told to stop come behind.
                let _ = sender.send(result);
                if is_failure {
                    failed.store(true, Ordering::Release);
                }
            });
        }
    });
    drop(sender);
    let mut done = Vec::with_capacity(items.len());
    let mut outcome = Ok(());
    for result in receiver {
        match result {
            Ok(result) => done.push(result),
            // What fails after the first failure may only have been told to stop.
            Err(error) => outcome = outcome.and(Err(error)),
        }
    }
    (done, outcome)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn no_more_threads_than_allowed_do_all_the_work() {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let items: Vec<usize> = (0..100).collect();
        let (mut done, outcome) = for_each(&items, 3, |item, _| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            running.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, ()>(*item)
        });
        done.sort_unstable();
        assert_eq!(done, items);
        assert_eq!(outcome, Ok(()));
        assert!(most.into_inner() <= 3);
    }

    #[test]
    fn the_first_failure_ends_it() {
        let items: Vec<usize> = (0..100).collect();
        let (done, outcome) = for_each(&items, 1, |item, _| {
            if *item == 5 { Err(*item) } else { Ok(*item) }
        });
        assert_eq!(done, [0, 1, 2, 3, 4]);
        assert_eq!(outcome, Err(5));
    }
}
