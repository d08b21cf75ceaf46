//! TCP connections that a script closed and that go on without a descriptor.
//!
//! The kernel goes on to send a FIN to a peer that is gone, for minutes, and the socket keeps its namespace alive. At
//! the end of a run such connections are reset over socket diagnosis (sock_diag(7)).

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use crate::target::linux::link::netlink::{self, Batch, split_message};
use crate::target::linux::system::check_size;

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const SOCK_DESTROY: u16 = 21;
/// Length of `struct inet_diag_sockid`, which says which socket is meant.
const SOCKET_ID: usize = 48;
/// Where it begins in `struct inet_diag_msg`.
const ID_IN_MESSAGE: usize = 4;
/// Most connections that one run's end looks at.
const ENOUGH: usize = 4_096;

/// Resets all TCP connections in the calling thread's namespace. A kernel built without CONFIG_INET_DIAG_DESTROY
/// refuses.
pub(in crate::target::linux) fn reset_all() -> io::Result<()> {
    let socket = netlink::open(libc::NETLINK_SOCK_DIAG)?;
    for family in [libc::AF_INET, libc::AF_INET6] {
        for id in connections(&socket, family)? {
            let mut batch = Batch::default();
            batch.message("reset a connection", SOCK_DESTROY, 0, &request(family, &id));
            match batch.run(&socket) {
                // It ended by itself meanwhile.
                Err(refused) if refused.source.raw_os_error() == Some(libc::ENOENT) => {}
                Err(refused) => return Err(refused.source),
                Ok(()) => {}
            }
        }
    }
    Ok(())
}

/// `struct inet_diag_req_v2` for TCP sockets in any state.
fn request(family: i32, id: &[u8; SOCKET_ID]) -> [u8; 8 + SOCKET_ID] {
    let mut request = [0; 8 + SOCKET_ID];
    request[0] = family as u8;
    request[1] = libc::IPPROTO_TCP as u8;
    request[4..8].copy_from_slice(&u32::MAX.to_ne_bytes());
    request[8..].copy_from_slice(id);
    request
}

fn connections(socket: &OwnedFd, family: i32) -> io::Result<Vec<[u8; SOCKET_ID]>> {
    let mut dump = Batch::default();
    dump.message("list connections", SOCK_DIAG_BY_FAMILY, libc::NLM_F_DUMP, &request(family, &[0; SOCKET_ID]));
    dump.send(socket)?;
    let mut found = Vec::new();
    let mut answer = [0u8; 16_384];
    loop {
        // SAFETY: the buffer is valid for its length.
        let got = unsafe { libc::recv(socket.as_raw_fd(), answer.as_mut_ptr().cast(), answer.len(), 0) };
        let mut rest = &answer[..check_size(got)?];
        while let Some((message, more)) = split_message(rest) {
            rest = more;
            match i32::from(message.kind) {
                libc::NLMSG_DONE => return Ok(found),
                libc::NLMSG_ERROR => return Err(io::Error::from_raw_os_error(message.errno())),
                _ => {}
            }
            let id = message.body.get(ID_IN_MESSAGE..).and_then(|id| id.first_chunk());
            found.extend(id.filter(|_| found.len() < ENOUGH));
        }
    }
}
