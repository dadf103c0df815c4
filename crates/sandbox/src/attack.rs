//! x
use crate::Seat;
pub(crate) fn worker_main(_seat: Seat) -> u8 { 0 }
