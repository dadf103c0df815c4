mod builtins;
mod coded_errors;
mod compile;
mod differential;
mod errors;
mod event_loop;
mod modules;
mod reference;
