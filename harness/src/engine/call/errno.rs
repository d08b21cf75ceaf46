//! Errors of calls, by name and in words.

use nix::errno::Errno as Named;

/// `EAGAIN (Try again)`: name and meaning of an errno of the Linux ABI.
pub(crate) fn describe_errno(errno: i32) -> String {
    match Named::from_raw(errno) {
        Named::UnknownErrno => format!("errno {errno}"),
        named => format!("{named:?} ({})", named.desc()),
    }
}

/// `EAGAIN`, or the number if it has no name.
pub(super) fn errno_name(errno: i32) -> String {
    match Named::from_raw(errno) {
        Named::UnknownErrno => errno.to_string(),
        named => format!("{named:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_names_and_words() {
        assert_eq!(describe_errno(111), "ECONNREFUSED (Connection refused)");
        assert_eq!(describe_errno(9999), "errno 9999");
        assert_eq!(errno_name(11), "EAGAIN");
    }
}
