//! The Linux target: how much the adapter adds to a bare TUN device, and what a namespace costs.

use std::cell::RefCell;
use std::fs::File;
use std::io::{Read, Write};
use std::net::IpAddr;
use std::os::fd::AsRawFd;

use divan::Bencher;
use rfcheck::target::linux::LinuxFactory;
use rfcheck::target::{Event, IpVersion, Link, Target, TargetFactory};

fn main() {
    divan::main();
}

const VERSIONS: [IpVersion; 2] = [IpVersion::Ipv4, IpVersion::Ipv6];

/// An echo request with its checksums, four octets of data.
fn ping(link: &Link) -> Vec<u8> {
    let mut octets = match (link.remote, link.local) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            [&[0x45, 0, 0, 32, 0, 0, 0, 0, 64, 1, 0, 0][..], &from.octets(), &to.octets()].concat()
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            [&[0x60, 0, 0, 0, 0, 12, 58, 64][..], &from.octets(), &to.octets()].concat()
        }
        _ => unreachable!("a link has one IP version"),
    };
    let header = octets.len();
    octets.extend([if header == 20 { 8 } else { 128 }, 0, 0, 0, 1, 2, 0, 1, 9, 9, 9, 9]);
    if header == 20 {
        let sum = checksum(&octets[..20]);
        octets[10..12].copy_from_slice(&sum.to_be_bytes());
        let sum = checksum(&octets[20..]);
        octets[22..24].copy_from_slice(&sum.to_be_bytes());
    } else {
        let pseudo = [&octets[8..40], &[0, 0, 0, 12, 0, 0, 0, 58], &octets[40..]].concat();
        octets[42..44].copy_from_slice(&checksum(&pseudo).to_be_bytes());
    }
    octets
}

fn checksum(octets: &[u8]) -> u16 {
    let mut sum: u32 = octets.chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1])).sum();
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}

/// The target's own descriptor of its TUN device: what `/proc` calls so and was not there before.
fn with_target(version: IpVersion, body: impl FnOnce(Box<dyn Target>, Link)) {
    let link = Link::default_for(version);
    match LinuxFactory::new().and_then(|factory| factory.create(&link)) {
        Ok(target) => body(target, link),
        Err(error) => eprintln!("NOT MEASURED: {error}"),
    }
}

/// inject, then wait for the answer.
#[divan::bench(args = VERSIONS)]
fn target_echo(bencher: Bencher, version: IpVersion) {
    with_target(version, |target, link| {
        let target = RefCell::new(target);
        let request = ping(&link);
        bencher.bench_local(|| {
            let mut target = target.borrow_mut();
            let mut answer = Vec::with_capacity(1 << 17);
            target.inject(&request).expect("a TUN device takes a ping");
            let deadline = target.now();
            let event = target.wait(deadline, &mut answer).expect("a TUN device can be read");
            assert!(matches!(event, Event::Packet(_)));
            answer
        });
    });
}

/// write, then read, on the same device and with the same packet.
#[divan::bench(args = VERSIONS)]
fn bare_echo(bencher: Bencher, version: IpVersion) {
    with_target(version, |target, link| {
        let mut device = tun_of_this_process().expect("the target has a TUN device");
        let request = ping(&link);
        bencher.bench_local(|| {
            let mut answer = vec![0; 2_000];
            device.write_all(&request).expect("a TUN device takes a ping");
            let length = device.read(&mut answer).expect("a TUN device can be read");
            assert_eq!(length, request.len());
            answer
        });
        drop(target);
    });
}

/// A duplicate of the only TUN descriptor this process has.
fn tun_of_this_process() -> Option<File> {
    let open = std::fs::read_dir("/proc/self/fd").ok()?.flatten();
    let tun = open.filter(|fd| std::fs::read_link(fd.path()).is_ok_and(|path| path.ends_with("net/tun"))).last()?;
    let number: i32 = tun.file_name().to_str()?.parse().ok()?;
    // SAFETY: the descriptor is open, and a duplicate may be closed by its owner.
    let duplicate = unsafe { std::os::fd::BorrowedFd::borrow_raw(number) }.try_clone_to_owned().ok()?;
    debug_assert_ne!(duplicate.as_raw_fd(), number);
    Some(duplicate.into())
}

/// A run's namespace, device, addresses and routes, made and left again.
#[divan::bench(args = VERSIONS, threads = [1, 2])]
fn make_and_drop(bencher: Bencher, version: IpVersion) {
    let link = Link::default_for(version);
    match LinuxFactory::new() {
        Ok(factory) => bencher.bench(|| drop(factory.create(&link).expect("what was possible once is possible again"))),
        Err(error) => eprintln!("NOT MEASURED: {error}"),
    }
}

/// The same over a veth pair, which an ordinary user may have to use.
#[divan::bench(args = VERSIONS, threads = [1, 2])]
fn make_and_drop_veth(bencher: Bencher, version: IpVersion) {
    let link = Link::default_for(version);
    match LinuxFactory::new().and_then(|factory| factory.over_veth_pairs()) {
        Ok(factory) => bencher.bench(|| drop(factory.create(&link).expect("what was possible once is possible again"))),
        Err(error) => eprintln!("NOT MEASURED: {error}"),
    }
}

/// A run with one command that does nothing.
#[divan::bench(threads = [1, 2])]
fn one_command(bencher: Bencher) {
    let link = Link::default_for(IpVersion::Ipv4);
    match LinuxFactory::new() {
        Ok(factory) => bencher.bench(|| {
            let mut target = factory.create(&link).expect("what was possible once is possible again");
            target.command("true", &[], &|| true).expect("a shell can be run")
        }),
        Err(error) => eprintln!("NOT MEASURED: {error}"),
    }
}
