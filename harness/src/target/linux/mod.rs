//! The running Linux kernel, each run in a network namespace of its own.
