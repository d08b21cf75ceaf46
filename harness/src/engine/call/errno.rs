//! Errors of calls, by name and in words.

use crate::script::symbols;

/// `EAGAIN (Try again)`: name and meaning of an errno of the Linux ABI.
pub(crate) fn describe_errno(errno: i32) -> String {
    let meaning = nix::errno::Errno::from_raw(errno).desc();
    match symbols::errno_name(errno) {
        None => format!("errno {errno}"),
        Some(name) => format!("{name} ({meaning})"),
    }
}

/// `EAGAIN`, or the number if it has no name.
pub(super) fn errno_name(errno: i32) -> String {
    symbols::errno_name(errno).map_or_else(|| errno.to_string(), str::to_owned)
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
