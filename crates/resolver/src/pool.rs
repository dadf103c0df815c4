//! A few threads for many small jobs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread::Scope;

type Job<'scope> = Box<dyn FnOnce() + Send + 'scope>;

/// Runs jobs on at most so many threads, which are started when there is work for them and end when
/// the pool is dropped and nothing is left to do.
pub(crate) struct Pool<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    limit: usize,
    shared: Arc<Shared<'scope>>,
}

struct Shared<'scope> {
    queue: Mutex<Queue<'scope>>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue<'scope> {
    waiting: VecDeque<Job<'scope>>,
    threads: usize,
    idle: usize,
    is_closed: bool,
}

impl<'scope, 'env> Pool<'scope, 'env> {
    pub(crate) fn new(scope: &'scope Scope<'scope, 'env>, limit: usize) -> Self {
        Self {
            scope,
            limit: limit.max(1),
            shared: Arc::new(Shared {
                queue: Mutex::default(),
                changed: Condvar::new(),
            }),
        }
    }

    /// Puts a job behind those that wait.
    pub(crate) fn submit(&self, job: impl FnOnce() + Send + 'scope) {
        let mut queue = self.shared.lock();
        queue.waiting.push_back(Box::new(job));
        if queue.idle >= queue.waiting.len() {
            self.shared.changed.notify_one();
        } else if queue.threads < self.limit {
            queue.threads += 1;
            let shared = Arc::clone(&self.shared);
            self.scope.spawn(move || shared.work());
        }
    }
}

impl Drop for Pool<'_, '_> {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_all();
    }
}

impl<'scope> Shared<'scope> {
    fn work(&self) {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.waiting.pop_front() {
                drop(queue);
                job();
                queue = self.lock();
            } else if queue.is_closed {
                return;
            } else {
                queue.idle += 1;
                queue = self
                    .changed
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
                queue.idle -= 1;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue<'scope>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
    fn a_thread_that_waits_is_used_again() {
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            let pool = Pool::new(scope, 2);
            for _ in 0..20 {
                let sender = sender.clone();
                pool.submit(move || sender.send(std::thread::current().id()).unwrap());
                receiver.recv().unwrap();
            }
            assert!(pool.shared.lock().threads <= 2);
        });
    }

    #[test]
    fn the_first_failure_ends_it() {
        let items: Vec<usize> = (0..100).collect();
        let (done, outcome) = for_each(
            &items,
            1,
            |item, _| {
                if *item == 5 { Err(*item) } else { Ok(*item) }
            },
        );
        assert_eq!(done, [0, 1, 2, 3, 4]);
        assert_eq!(outcome, Err(5));
    }
}
