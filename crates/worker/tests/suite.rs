mod differential;
mod modules;
mod reference;
