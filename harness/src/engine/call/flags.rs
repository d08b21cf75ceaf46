//! Bit masks in words.

/// Names of bits.
type Names = &'static [(u32, &'static str)];

/// Events of poll(2).
pub(super) const POLL: Names = &[
    (0x001, "POLLIN"),
    (0x002, "POLLPRI"),
    (0x004, "POLLOUT"),
    (0x008, "POLLERR"),
    (0x010, "POLLHUP"),
    (0x020, "POLLNVAL"),
    (0x040, "POLLRDNORM"),
    (0x080, "POLLRDBAND"),
    (0x100, "POLLWRNORM"),
    (0x200, "POLLWRBAND"),
    (0x400, "POLLMSG"),
    (0x1000, "POLLREMOVE"),
    (0x2000, "POLLRDHUP"),
];

/// Events of epoll_wait(2).
pub(super) const EPOLL: Names = &[
    (0x001, "EPOLLIN"),
    (0x002, "EPOLLPRI"),
    (0x004, "EPOLLOUT"),
    (0x008, "EPOLLERR"),
    (0x010, "EPOLLHUP"),
    (0x040, "EPOLLRDNORM"),
    (0x080, "EPOLLRDBAND"),
    (0x100, "EPOLLWRNORM"),
    (0x200, "EPOLLWRBAND"),
    (0x400, "EPOLLMSG"),
    (0x2000, "EPOLLRDHUP"),
];

/// Flags that recvmsg(2) returns.
pub(super) const MESSAGE: Names = &[
    (0x1, "MSG_OOB"),
    (0x8, "MSG_CTRUNC"),
    (0x20, "MSG_TRUNC"),
    (0x80, "MSG_EOR"),
    (0x2000, "MSG_ERRQUEUE"),
    (0x4000_0000, "MSG_CMSG_CLOEXEC"),
];

/// `POLLIN|POLLOUT`; bits without a name as one hexadecimal number; `0` if there are none.
pub(super) fn flags(value: u32, names: Names) -> String {
    let mut parts: Vec<String> =
        names.iter().filter(|(bit, _)| value & bit != 0).map(|(_, name)| (*name).to_owned()).collect();
    let nameless = names.iter().fold(value, |rest, (bit, _)| rest & !bit);
    if nameless != 0 {
        parts.push(format!("{nameless:#x}"));
    }
    if parts.is_empty() { "0".to_owned() } else { parts.join("|") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_named_and_the_rest_is_kept() {
        assert_eq!(flags(0x5, POLL), "POLLIN|POLLOUT");
        assert_eq!(flags(0, EPOLL), "0");
        assert_eq!(flags(0x8000_0008, EPOLL), "EPOLLERR|0x80000000");
    }
}
