//! The bar that shows packages being fetched.

use indicatif::ProgressBar;
use indicatif::ProgressStyle;

/// A progress bar on standard error, where somebody looks at it.
#[derive(Debug)]
pub(super) struct Progress {
    enabled: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A bar that is drawn only if `enabled`.
    pub(super) fn new(enabled: bool) -> Self {
        Self { enabled, bar: None }
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Draws the bar at `done` of `total`.
    pub(super) fn draw(&mut self, done: usize, total: usize, message: String) {
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new(total as u64);
            if let Ok(style) = ProgressStyle::with_template("[{bar:30}] {pos}/{len} {wide_msg}") {
                bar.set_style(style.progress_chars("=> "));
            }
            bar
        });
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        bar.set_message(message);
        if done >= total {
            self.clear();
        }
    }

    /// Takes the bar off the screen, so that other lines can be written.
    pub(super) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
