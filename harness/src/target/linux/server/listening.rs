//! Which ports a server holds open, as /proc/net tells of its network namespace: nobody is spoken to.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};

use crate::target::IpVersion;

/// States of sockets in these files: TCP_LISTEN, and TCP_CLOSE, in which UDP sockets are that have no peer.
const LISTENS: &str = "0A";
const UNCONNECTED: &str = "07";
/// Octets that are read at a time: less than a line.
const PIECE: usize = 128;

/// The ports that a server must hold open.
#[derive(Debug)]
pub(super) struct Listening {
    /// Those with `true` for UDP as well as for TCP.
    ports: Vec<(u16, bool)>,
    /// Tables of sockets that take packets of the link's IP version.
    tcp: Vec<File>,
    udp: Vec<File>,
}

impl Listening {
    /// These ports, in the network namespace in which the calling thread is now.
    pub(super) fn new(ports: Vec<(u16, bool)>, ip_version: IpVersion) -> io::Result<Listening> {
        // A socket of IPv6 may take packets of IPv4 as well.
        let families = if ip_version.is_ipv6_on_wire() { &["6"][..] } else { &["6", ""] };
        let tables = |transport: &str| {
            let open = |family: &&str| match File::open(format!("/proc/thread-self/net/{transport}{family}")) {
                // A kernel without IPv6 has no such table.
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                other => Some(other),
            };
            families.iter().filter_map(open).collect::<io::Result<Vec<File>>>()
        };
        Ok(Listening { ports, tcp: tables("tcp")?, udp: tables("udp")? })
    }

    /// The first of the ports that is not open now, with the name of its transport.
    pub(super) fn closed_port(&mut self) -> io::Result<Option<String>> {
        for (port, with_udp) in &self.ports {
            if !is_open(&mut self.tcp, LISTENS, *port)? {
                return Ok(Some(format!("TCP port {port}")));
            }
            if *with_udp && !is_open(&mut self.udp, UNCONNECTED, *port)? {
                return Ok(Some(format!("UDP port {port}")));
            }
        }
        Ok(None)
    }
}

/// Whether one of the tables has such a socket; it is the first one from now on.
fn is_open(tables: &mut [File], state: &str, port: u16) -> io::Result<bool> {
    for place in 0..tables.len() {
        if has(&mut tables[place], state, port)? {
            tables.swap(0, place);
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a table of sockets has one in this state with this local port. Those that listen come first; the kernel looks for
/// the others in a table of all namespaces, which takes milliseconds, and only as far as it is read.
fn has(table: &mut (impl Read + Seek), state: &str, port: u16) -> io::Result<bool> {
    let port = format!(":{port:04X}");
    table.rewind()?;
    for line in BufReader::with_capacity(PIECE, table).lines().skip(1) {
        let line = line?;
        let mut words = line.split_ascii_whitespace().skip(1);
        let local = words.next().unwrap_or_default();
        if local.ends_with(&port) && words.nth(1) == Some(state) {
            return Ok(true);
        }
    }
    Ok(false)
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
        let has = |text: &str, port| has(&mut io::Cursor::new(text), LISTENS, port).unwrap();
        assert!(has(table, 80));
        assert!(!has(table, 25), "a connection's port is not open");
        assert!(!has(table, 5));
        assert!(!has("", 80));
    }

    #[test]
    fn a_port_of_this_machine_is_seen() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut listening = Listening::new(vec![(port, false)], IpVersion::Ipv4).unwrap();
        assert_eq!(listening.closed_port().unwrap(), None);
        drop(listener);
        assert_eq!(listening.closed_port().unwrap(), Some(format!("TCP port {port}")));
    }
}
