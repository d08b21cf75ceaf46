//! Which ports are open in the calling thread's network namespace, as /proc/net tells: nobody is spoken to.

use std::fs;
use std::io;

use crate::target::IpVersion;

/// States of sockets in these files: TCP_LISTEN, and TCP_CLOSE, in which UDP sockets are that have no peer.
const LISTENS: &str = "0A";
const UNCONNECTED: &str = "07";

/// The first of these ports that is not open to packets of this IP version, with the name of its transport. Ports with
/// `true` must be open for UDP as well as for TCP.
pub(super) fn closed_port(ports: &[(u16, bool)], ip_version: IpVersion) -> io::Result<Option<String>> {
    for (port, with_udp) in ports {
        if !is_open("tcp", LISTENS, *port, ip_version)? {
            return Ok(Some(format!("TCP port {port}")));
        }
        if *with_udp && !is_open("udp", UNCONNECTED, *port, ip_version)? {
            return Ok(Some(format!("UDP port {port}")));
        }
    }
    Ok(None)
}

fn is_open(transport: &str, state: &str, port: u16, ip_version: IpVersion) -> io::Result<bool> {
    let table = |name: &str| match fs::read_to_string(format!("/proc/thread-self/net/{name}")) {
        // A kernel without IPv6 has no such table.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        other => other,
    };
    // A socket of IPv6 may take packets of IPv4 as well.
    let in_ipv6 = has(&table(&format!("{transport}6"))?, state, port);
    Ok(in_ipv6 || (!ip_version.is_ipv6_on_wire() && has(&table(transport)?, state, port)))
}

/// Whether a table of sockets has one in this state with this local port.
fn has(table: &str, state: &str, port: u16) -> bool {
    let port = format!(":{port:04X}");
    table.lines().skip(1).any(|line| {
        let mut words = line.split_ascii_whitespace().skip(1);
        let local = words.next().unwrap_or_default();
        local.ends_with(&port) && words.nth(1) == Some(state)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_that_listen_are_told_from_others() {
        let table = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   1: 0100007F:0019 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0
";
        assert!(has(table, LISTENS, 80));
        assert!(!has(table, LISTENS, 25), "a connection's port is not open");
        assert!(!has(table, LISTENS, 5));
        assert!(!has("", LISTENS, 80));
    }

    #[test]
    fn a_port_of_this_machine_is_seen() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(closed_port(&[(port, false)], IpVersion::Ipv4).unwrap(), None);
        drop(listener);
        assert_eq!(closed_port(&[(port, false)], IpVersion::Ipv4).unwrap(), Some(format!("TCP port {port}")));
    }
}
