//! Memory for socket buffers, used again from run to run, and the set of sockets that borrows it.
//!
//! A smoltcp socket cannot hand its buffers back, and zeroing two of 64 KiB for each socket of each run costs
//! more than the run. So sockets borrow blocks from a pool of the thread; a block goes back when its socket is gone.

use std::cell::RefCell;
use std::ptr::NonNull;

use ::smoltcp::iface::{SocketHandle, SocketSet};
use ::smoltcp::socket::{AnySocket, Socket, icmp, tcp, udp};

/// Octets of a pooled block; larger buffers are allocated and freed each time.
const BLOCK_SIZE: usize = 65_536;
/// Blocks that a thread keeps.
const BLOCKS_KEPT: usize = 64;
/// Datagrams that a UDP or ICMP socket queues in each direction.
const DATAGRAMS: usize = 64;
/// Empty places among the sockets from which on listeners use them too: see [`Sockets::add_listener`].
const PLACEHOLDERS_KEPT: usize = 64;

thread_local! {
    static POOL: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
}

/// A block of memory that a socket borrows.
struct Block(NonNull<[u8]>);

// SAFETY: a block is plain memory that nobody else has, and its pool is that of the thread where it ends.
unsafe impl Send for Block {}

impl Block {
    fn take(size: usize) -> Block {
        let pooled = if size <= BLOCK_SIZE { POOL.with_borrow_mut(Vec::pop) } else { None };
        let block = pooled.unwrap_or_else(|| vec![0; size.max(BLOCK_SIZE)].into_boxed_slice());
        Block(NonNull::from(Box::leak(block)))
    }

    /// The first `size` octets.
    ///
    /// # Safety
    ///
    /// Called once per block, and what it returns is gone before the block is dropped.
    unsafe fn lend(&mut self, size: usize) -> &'static mut [u8] {
        // SAFETY: the block owns this memory until it is dropped, and the caller promises to be the only borrower.
        let octets: &'static mut [u8] = unsafe { self.0.as_mut() };
        &mut octets[..size]
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: the pointer came from a leaked box in `take`, and the borrow that `lend` gave is gone.
        let block = unsafe { Box::from_raw(self.0.as_ptr()) };
        // While the thread ends the pool may be gone; then the block is freed.
        let _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if block.len() == BLOCK_SIZE && pool.len() < BLOCKS_KEPT {
                pool.push(block);
            }
        });
    }
}

/// One place of the set.
struct Place {
    handle: SocketHandle,
    /// What the socket borrows; a placeholder borrows nothing.
    blocks: Option<[Block; 2]>,
}

/// The sockets of one stack, with the memory they borrow.
///
/// smoltcp offers a segment to its sockets in the order of the set, and a listener takes any SYN for its port. So
/// that a SYN of an existing connection reaches that connection, listeners stand behind the connections: the place
/// of a socket that is gone is kept by an empty one, and a listener is put at the end, also one that listens again.
pub(super) struct Sockets {
    // Dropped before `places`, which is what makes the borrows sound: fields drop in the order they are written.
    set: SocketSet<'static>,
    places: Vec<Place>,
    placeholders: usize,
}

impl Sockets {
    pub(super) fn new() -> Self {
        Sockets { set: SocketSet::new(Vec::with_capacity(4)), places: Vec::with_capacity(4), placeholders: 0 }
    }

    /// For polling. No socket may be moved out of the set: it borrows from `places`.
    pub(super) fn set_mut(&mut self) -> &mut SocketSet<'static> {
        &mut self.set
    }

    /// A TCP socket for a listener, behind all connections (or, after very many connections, anywhere).
    pub(super) fn add_listener(&mut self, receive: usize, send: usize) -> SocketHandle {
        let (socket, blocks) = new_tcp(receive, send);
        if self.placeholders > PLACEHOLDERS_KEPT { self.put(socket, blocks) } else { self.push(socket, blocks) }
    }

    /// Puts a TCP socket that listens again behind all connections; its handle is another one then.
    pub(super) fn move_listener(&mut self, handle: SocketHandle) -> SocketHandle {
        let Some(index) = self.places.iter().position(|place| place.handle == handle) else { return handle };
        if index + 1 == self.places.len() || self.placeholders > PLACEHOLDERS_KEPT {
            return handle;
        }
        // Where only placeholders are behind it, it is behind all connections already.
        if self.places[index + 1..].iter().all(|place| place.blocks.is_none()) {
            return handle;
        }
        let socket = self.set.remove(handle);
        // This place is the only free one, so what is added first lands in it.
        let (Socket::Tcp(socket), Some(blocks)) = (socket, self.places[index].blocks.take()) else {
            unreachable!("listeners are TCP sockets with memory");
        };
        let placeholder = self.set.add(placeholder());
        debug_assert_eq!(placeholder, handle);
        self.placeholders += 1;
        self.push(socket, blocks)
    }

    /// A TCP socket for an active open.
    pub(super) fn add_tcp(&mut self, receive: usize, send: usize) -> SocketHandle {
        let (socket, blocks) = new_tcp(receive, send);
        self.put(socket, blocks)
    }

    /// A UDP socket.
    pub(super) fn add_udp(&mut self, receive: usize, send: usize) -> SocketHandle {
        let mut blocks = [Block::take(receive), Block::take(send)];
        // SAFETY: the socket goes into the set, which is dropped or emptied of it before the blocks are.
        let (receive, send) = unsafe { (blocks[0].lend(receive), blocks[1].lend(send)) };
        let socket = udp::Socket::new(
            udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; DATAGRAMS], receive),
            udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; DATAGRAMS], send),
        );
        self.put(socket, blocks)
    }

    /// An ICMP socket.
    pub(super) fn add_icmp(&mut self, receive: usize, send: usize) -> SocketHandle {
        let mut blocks = [Block::take(receive), Block::take(send)];
        // SAFETY: as in `add_udp`.
        let (receive, send) = unsafe { (blocks[0].lend(receive), blocks[1].lend(send)) };
        let socket = icmp::Socket::new(
            icmp::PacketBuffer::new(vec![icmp::PacketMetadata::EMPTY; DATAGRAMS], receive),
            icmp::PacketBuffer::new(vec![icmp::PacketMetadata::EMPTY; DATAGRAMS], send),
        );
        self.put(socket, blocks)
    }

    pub(super) fn tcp(&self, handle: SocketHandle) -> &tcp::Socket<'static> {
        self.set.get(handle)
    }

    pub(super) fn tcp_mut(&mut self, handle: SocketHandle) -> &mut tcp::Socket<'static> {
        self.set.get_mut(handle)
    }

    pub(super) fn udp_mut(&mut self, handle: SocketHandle) -> &mut udp::Socket<'static> {
        self.set.get_mut(handle)
    }

    pub(super) fn icmp_mut(&mut self, handle: SocketHandle) -> &mut icmp::Socket<'static> {
        self.set.get_mut(handle)
    }

    /// Drops a socket; its memory goes back to the pool.
    pub(super) fn remove(&mut self, handle: SocketHandle) {
        let Some(index) = self.places.iter().position(|place| place.handle == handle) else { return };
        drop(self.set.remove(handle));
        self.places[index].blocks = None;
        if index + 1 < self.places.len() {
            // This place is the only free one, so the placeholder lands in it.
            let placeholder = self.set.add(placeholder());
            debug_assert_eq!(placeholder, handle);
            self.placeholders += 1;
            return;
        }
        self.places.pop();
        while let Some(last) = self.places.pop_if(|place| place.blocks.is_none()) {
            drop(self.set.remove(last.handle));
            self.placeholders -= 1;
        }
    }

    /// Adds a socket in the place of a placeholder, or at the end.
    fn put(&mut self, socket: impl AnySocket<'static>, blocks: [Block; 2]) -> SocketHandle {
        let place = if self.placeholders == 0 { None } else { self.places.iter().position(|p| p.blocks.is_none()) };
        let Some(index) = place else { return self.push(socket, blocks) };
        drop(self.set.remove(self.places[index].handle));
        let handle = self.set.add(socket);
        self.places[index] = Place { handle, blocks: Some(blocks) };
        self.placeholders -= 1;
        handle
    }

    fn push(&mut self, socket: impl AnySocket<'static>, blocks: [Block; 2]) -> SocketHandle {
        let handle = self.set.add(socket);
        self.places.push(Place { handle, blocks: Some(blocks) });
        handle
    }
}

fn new_tcp(receive: usize, send: usize) -> (tcp::Socket<'static>, [Block; 2]) {
    let mut blocks = [Block::take(receive), Block::take(send)];
    // SAFETY: both callers put the socket into the set, which is dropped or emptied of it before the blocks are.
    let (receive, send) = unsafe { (blocks[0].lend(receive), blocks[1].lend(send)) };
    (tcp::Socket::new(tcp::SocketBuffer::new(receive), tcp::SocketBuffer::new(send)), blocks)
}

/// A closed socket without memory: it takes part in nothing.
fn placeholder() -> tcp::Socket<'static> {
    tcp::Socket::new(tcp::SocketBuffer::new(Vec::new()), tcp::SocketBuffer::new(Vec::new()))
}
