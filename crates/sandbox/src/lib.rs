//! Enforces a SandboxPolicy with the kernel, and says how much of it held.
