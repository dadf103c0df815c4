mod builtins;
mod coded_errors;
mod compile;
mod differential;
mod event_loop;
mod modules;
mod reference;
