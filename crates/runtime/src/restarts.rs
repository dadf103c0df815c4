//! A skill whose worker keeps ending is started again ever later, so that starting it does not slow the others.
//!
//! The breaker counts failed calls in a row, and one that succeeds closes it. This counts workers that ended
//! in the middle of something: making one costs a hundred times what a call does, and somebody who wants
//! to do harm could have one made after the other.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use mycelium_types::SkillName;
use tokio::time::Instant;

/// The first delay. Each further one is twice as long.
const FIRST_DELAY: Duration = Duration::from_millis(10);
/// The longest.
const LAST_DELAY: Duration = Duration::from_secs(1);
/// Without an end for so long, the next one is a first one again.
const CALM: Duration = Duration::from_secs(10);
/// So many ends are no accident.
const MANY: u32 = 2;
/// The most skills that are remembered. Only those count that had a worker end a moment ago.
const MAX_SKILLS: usize = 1_000;

/// A skill in a workspace, whoever calls it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RestartKey {
    pub(crate) workspace: PathBuf,
    pub(crate) skill: SkillName,
}

/// The skills whose workers ended in the middle of something.
#[derive(Debug, Default)]
pub(crate) struct Restarts(Mutex<HashMap<RestartKey, Ends>>);

#[derive(Clone, Copy, Debug)]
struct Ends {
    count: u32,
    last: Instant,
}

impl Ends {
    fn delay(self) -> Duration {
        let doublings = self.count.saturating_sub(1).min(16);
        (FIRST_DELAY * (1 << doublings)).min(LAST_DELAY)
    }

    fn counts_at(self, now: Instant) -> bool {
        now.duration_since(self.last) < CALM
    }
}

impl Restarts {
    /// Takes note that a skill's worker ended in the middle of something.
    pub(crate) fn ended(&self, key: RestartKey) {
        let now = Instant::now();
        let mut table = self.lock();
        if table.len() >= MAX_SKILLS {
            table.retain(|_, ends| ends.counts_at(now));
        }
        let before = table.get(&key).filter(|ends| ends.counts_at(now));
        let count = before.map_or(0, |ends| ends.count).saturating_add(1);
        if table.len() < MAX_SKILLS || table.contains_key(&key) {
            table.insert(key, Ends { count, last: now });
        }
    }

    /// Waits until the skill may be started.
    pub(crate) async fn wait(&self, key: &RestartKey) {
        let until = self.lock().get(key).map(|ends| ends.last + ends.delay());
        if let Some(until) = until {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Whether the skill's workers ended often lately.
    pub(crate) fn keep_ending(&self, key: &RestartKey) -> bool {
        let now = Instant::now();
        let table = self.lock();
        table
            .get(key)
            .is_some_and(|ends| ends.counts_at(now) && ends.count >= MANY)
    }

    /// Lets a skill start at once. Returns whether it could not.
    pub(crate) fn forget(&self, key: &RestartKey) -> bool {
        let forgotten = self.lock().remove(key);
        let now = Instant::now();
        forgotten.is_some_and(|ends| now < ends.last + ends.delay())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RestartKey, Ends>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(skill: &str) -> RestartKey {
        RestartKey {
            workspace: "/w".into(),
            skill: skill.parse().unwrap(),
        }
    }

    /// How long a skill has to wait.
    async fn waited(restarts: &Restarts, skill: &str) -> Duration {
        let start = Instant::now();
        restarts.wait(&key(skill)).await;
        start.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn the_delay_doubles_up_to_a_second_and_is_forgotten_in_time() {
        let restarts = Restarts::default();
        assert_eq!(waited(&restarts, "bad").await, Duration::ZERO);
        for expected in [10, 20, 40, 80, 160, 320, 640, 1_000, 1_000] {
            restarts.ended(key("bad"));
            assert_eq!(waited(&restarts, "good").await, Duration::ZERO);
            assert_eq!(waited(&restarts, "bad").await.as_millis(), expected);
        }
        assert_eq!(
            waited(&restarts, "bad").await,
            Duration::ZERO,
            "it has waited"
        );
        tokio::time::sleep(CALM).await;
        restarts.ended(key("bad"));
        assert!(restarts.forget(&key("bad")));
        assert!(!restarts.forget(&key("bad")));
        assert_eq!(waited(&restarts, "bad").await, Duration::ZERO);
        restarts.ended(key("bad"));
        assert_eq!(waited(&restarts, "bad").await.as_millis(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_remembered_than_count() {
        let restarts = Restarts::default();
        for number in 0..MAX_SKILLS + 1 {
            restarts.ended(key(&format!("skill-{number}")));
        }
        assert_eq!(restarts.lock().len(), MAX_SKILLS);
        tokio::time::sleep(CALM).await;
        restarts.ended(key("later"));
        assert_eq!(restarts.lock().len(), 1);
    }
}
