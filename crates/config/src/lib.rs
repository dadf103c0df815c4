//! Layers system, user, project, environment and runtime into one typed configuration that knows where each value came from.
