mod builtins;
mod compile;
mod differential;
mod event_loop;
mod modules;
mod reference;
