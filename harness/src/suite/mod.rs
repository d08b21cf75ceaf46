//! (room suite)
