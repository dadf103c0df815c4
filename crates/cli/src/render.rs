//! How results, errors and events look.
//!
//! A command describes what it found twice: as a value, which becomes one JSON object, and as a [`Page`]
//! of lines for people. Both are safe to show whatever a skill or a manifest says: a page neutralises each
//! line as it is added, and the JSON writer escapes what a terminal would obey.

mod event;
mod failure;
mod json;
mod output;
mod page;
mod progress;
mod quantity;
mod table;
mod text;
mod untrusted;

pub(crate) use failure::Footer;
pub(crate) use failure::error_value;
#[cfg(test)]
pub(crate) use json::envelope;
pub(crate) use json::result_text;
pub(crate) use output::Output;
#[cfg(test)]
pub(crate) use page::Look;
pub(crate) use page::Page;
pub(crate) use page::Style;
pub(crate) use quantity::mebibytes;
pub(crate) use quantity::milliseconds;
pub(crate) use quantity::percent;
pub(crate) use quantity::quantity;
pub(crate) use quantity::uptime;
pub(crate) use table::Table;
pub(crate) use text::Text;
pub(crate) use untrusted::line;
