//! The library: lifecycle, supervision, execution, hooks, retry, breaker, telemetry.
