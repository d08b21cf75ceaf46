//! Symbols of the socket API and their values in the Linux ABI.
