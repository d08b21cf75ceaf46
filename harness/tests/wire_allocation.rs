//! A plain packet is read and written without a heap allocation.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use rfcheck::wire::{Header, Ipv4, Ipv4Option, Ipv6, Packet, Tcp, TcpOption, Udp};

/// The system's allocator, and a count of what this thread asked of it.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on unchanged to the system's allocator, which keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations that reading and writing `octets` takes, with room in the buffer.
fn allocations(octets: &[u8]) -> usize {
    let mut out = Vec::with_capacity(octets.len());
    let before = ALLOCATIONS.get();
    let parsed = Packet::parse(octets, None);
    parsed.packet.emit(&mut out);
    let after = ALLOCATIONS.get();
    assert_eq!(out, octets);
    after - before
}

#[test]
fn plain_packets_do_not_allocate() {
    let mut tcp = Tcp::new(1, 2);
    tcp.options.push(TcpOption::Timestamps { value: 1, echo_reply: 2 }).push_sack(&[(1, 2), (3, 4), (5, 6)]).pad();
    assert_eq!(tcp.options.len(), 36);
    let mut ipv4 = Ipv4::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    ipv4.options.push(Ipv4Option::Other { kind: Ipv4Option::RECORD_ROUTE, data: &[4; 37] }).pad();
    let ipv6 = Ipv6::new([1; 16].into(), [2; 16].into());
    let ips = [Header::from(ipv4), Header::from(ipv6)];
    for ip in ips {
        for transport in [Header::from(tcp.clone()), Header::from(Udp::new(1, 2))] {
            let packet = Packet::new([ip.clone(), transport], &[7; 100]);
            assert_eq!(allocations(&packet.to_octets()), 0, "{packet:?}");
        }
    }
    // The counter counts: a fourth header does not fit inline.
    let deep = Packet::new([ipv6_header(), ipv6_header(), ipv6_header(), ipv6_header()], &[]);
    assert_ne!(allocations(&deep.to_octets()), 0);
}

fn ipv6_header() -> Header {
    Ipv6::new([1; 16].into(), [2; 16].into()).into()
}
