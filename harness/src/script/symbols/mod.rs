//! Symbols of the socket API and their values in the Linux ABI, which scripts mean on every target.

mod table;

use table::SYMBOLS;

/// The value of a symbol, such as 9 for `SO_KEEPALIVE`.
pub fn value(name: &str) -> Option<i64> {
    SYMBOLS.binary_search_by(|(known, _)| (*known).cmp(name)).ok().map(|at| SYMBOLS[at].1)
}

/// Every name, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    SYMBOLS.iter().map(|(name, _)| *name)
}

/// The known name nearest to an unknown one, if one is near enough to be meant.
pub fn nearest(name: &str) -> Option<&'static str> {
    super::suggest::nearest(name, names())
}

/// The name of an error number, such as `EAGAIN` for 11; of two names the one that manual pages prefer.
pub fn errno_name(errno: i32) -> Option<&'static str> {
    let is_second = |name: &str| matches!(name, "EWOULDBLOCK" | "EDEADLOCK" | "ENOTSUP");
    errno_names().find(|(name, value)| *value == i64::from(errno) && !is_second(name)).map(|(name, _)| name)
}

/// The number of an error's name, such as 11 for `EAGAIN`; none for symbols that are no errors.
pub fn errno(name: &str) -> Option<i32> {
    let (_, value) = errno_names().find(|(known, _)| *known == name)?;
    i32::try_from(value).ok()
}

/// The flags of poll(2) in a value, such as `POLLIN|POLLOUT`; `0` for none. Bits without a name are hexadecimal.
pub fn poll_flags(value: i16) -> String {
    flags("POLL", i64::from(value as u16))
}

/// The flags of epoll(7) in a value, such as `EPOLLIN|EPOLLET`; `0` for none. Bits without a name are hexadecimal.
pub fn epoll_flags(value: u32) -> String {
    flags("EPOLL", i64::from(value))
}

/// The flags of send(2) and recv(2) in a value, such as `MSG_PEEK`; `0` for none. Bits without a name are hexadecimal.
pub fn message_flags(value: i32) -> String {
    flags("MSG_", i64::from(value as u32))
}

fn errno_names() -> impl Iterator<Item = (&'static str, i64)> {
    let is_errno = |name: &str| name.starts_with('E') && !name.starts_with("EPOLL");
    SYMBOLS.iter().copied().filter(move |(name, _)| is_errno(name))
}

/// Names of single bits with a prefix, lowest bit first, and what is left over.
fn flags(prefix: &str, value: i64) -> String {
    // `EPOLL_CTL_ADD` and its kin are operations.
    let is_flag = |name: &str| name.starts_with(prefix) && !name.starts_with("EPOLL_");
    let mut names: Vec<(i64, &str)> = SYMBOLS
        .iter()
        .filter(|(name, bit)| is_flag(name) && bit.count_ones() == 1 && value & bit != 0)
        .map(|(name, bit)| (*bit, *name))
        .collect();
    names.sort_unstable();
    let left = names.iter().fold(value, |left, (bit, _)| left & !bit);
    let mut text = names.iter().map(|(_, name)| *name).collect::<Vec<_>>().join("|");
    if left != 0 || text.is_empty() {
        let rest = if left == 0 { "0".to_owned() } else { format!("{left:#x}") };
        text = if text.is_empty() { rest } else { format!("{text}|{rest}") };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        assert!(SYMBOLS.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn values_are_those_of_the_running_system() {
        for (name, expected) in [
            ("AF_INET6", i64::from(libc::AF_INET6)),
            ("SO_REUSEADDR", libc::SO_REUSEADDR.into()),
            ("TCP_INFO", libc::TCP_INFO.into()),
            ("MSG_ZEROCOPY", libc::MSG_ZEROCOPY.into()),
            ("EPOLLET", 1 << 31),
            ("O_NONBLOCK", libc::O_NONBLOCK.into()),
            ("FIONREAD", libc::FIONREAD as i64),
            ("EINPROGRESS", libc::EINPROGRESS.into()),
            ("NULL", 0),
        ] {
            assert_eq!(value(name), Some(expected), "{name}");
        }
        assert_eq!(value("SO_REUSEADR"), None);
        assert_eq!(nearest("SO_REUSEADR"), Some("SO_REUSEADDR"));
    }

    #[test]
    fn numbers_have_names() {
        assert_eq!(errno_name(libc::EAGAIN), Some("EAGAIN"));
        assert_eq!(errno_name(libc::EPERM), Some("EPERM"));
        assert_eq!(errno_name(0), None);
        assert_eq!(errno("ECONNRESET"), Some(libc::ECONNRESET));
        assert_eq!(errno("EPOLLIN"), None);
        assert_eq!(poll_flags(libc::POLLIN | libc::POLLOUT), "POLLIN|POLLOUT");
        assert_eq!(epoll_flags(0x8000_0001), "EPOLLIN|EPOLLET");
        assert_eq!(message_flags(0), "0");
        assert_eq!(message_flags(0x10_0002), "MSG_PEEK|0x100000");
    }
}
