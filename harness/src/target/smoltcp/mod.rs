//! smoltcp in process on a virtual clock, and smoltcp behind a real TUN device.
