//! System calls and their expressions.

use std::net::IpAddr;

use super::{GreSpec, Micros, MplsSpec};
use crate::script::{Span, Spanned};

/// A system call and what it must return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `...end`: when it must return, if it blocks; relative where the event's time is.
    pub end: Option<Micros>,
    /// Name.
    pub name: Spanned<String>,
    /// Arguments.
    pub arguments: Vec<Expression>,
    /// Result.
    pub result: Expression,
    /// Error symbol, such as `EAGAIN`.
    pub error: Option<Spanned<String>>,
    /// Words in parentheses after the error or result; not compared.
    pub note: Option<String>,
}

/// An expression in a call.
#[derive(Clone, Debug)]
pub struct Expression {
    /// Its place.
    pub span: Span,
    /// What it is.
    pub kind: ExpressionKind,
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Expression {}

/// What an expression is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpressionKind {
    /// `...`.
    Ellipsis,
    /// A number.
    Integer {
        /// Its value.
        value: i64,
        /// Written in hexadecimal.
        hexadecimal: bool,
    },
    /// A symbol, such as `SO_REUSEADDR`.
    Word(String),
    /// A string, escapes resolved; adjacent strings are joined.
    String {
        /// Its octets.
        octets: Vec<u8>,
        /// `"..."...`: only the beginning.
        truncated: bool,
    },
    /// `a | b`.
    Or(Box<Expression>, Box<Expression>),
    /// `WORD = value`.
    Assign(Spanned<String>, Box<Expression>),
    /// `[a, b]`.
    List(Vec<Expression>),
    /// `{a, b}`.
    Braces(Vec<Expression>),
    /// `inet_addr("...")`, `inet6_addr("...")`.
    Address(IpAddr),
    /// `{sa_family = AF_INET, sin_port = htons(N), sin_addr = inet_addr("...")}`.
    SocketAddress(std::net::SocketAddr),
    /// `{msg_name(...)=..., msg_iov(N)=[...], msg_flags=F, msg_control=[...]}`.
    MessageHeader {
        /// `msg_iov`.
        iov: Box<Expression>,
        /// The N of `msg_iov(N)`.
        iov_length: i64,
        /// `msg_flags`.
        flags: Box<Expression>,
        /// `msg_control`, if written.
        control: Option<Box<Expression>>,
        /// The N of `msg_control(N)` (FreeBSD dialect).
        control_length: Option<i64>,
    },
    /// `{..., N}`, or `{iov_base=..., iov_len=N}` (FreeBSD dialect).
    IoVector {
        /// Length in octets.
        length: i64,
    },
    /// `{cmsg_level=L, cmsg_type=T, cmsg_data=D}`.
    ControlMessage {
        /// `cmsg_len` (FreeBSD dialect), in octets.
        length: Option<i64>,
        /// `cmsg_level`.
        level: Box<Expression>,
        /// `cmsg_type`.
        kind: Box<Expression>,
        /// `cmsg_data`.
        data: Box<Expression>,
    },
    /// `{fd=F, events=E, revents=R}`.
    PollFd {
        /// `fd`.
        fd: Box<Expression>,
        /// `events`.
        events: Box<Expression>,
        /// `revents`, if written.
        revents: Option<Box<Expression>>,
    },
    /// `{onoff=A, linger=B}`.
    Linger {
        /// `l_onoff`.
        on: i64,
        /// `l_linger`, in seconds.
        seconds: i64,
    },
    /// `{scm_sec=S, scm_nsec=N}`.
    Timestamping {
        /// Seconds.
        seconds: i64,
        /// Nanoseconds.
        nanoseconds: i64,
    },
    /// `{ee_errno=..., ee_origin=..., ee_type=..., ee_code=..., ee_info=..., ee_data=...}`, in this order.
    ExtendedError(Box<[Expression; 6]>),
    /// `{events=E, fd=F}` and its kin.
    EpollEvent {
        /// `events`.
        events: Box<Expression>,
        /// Which member of the union.
        member: EpollMember,
        /// Its value.
        data: Box<Expression>,
    },
    /// A GRE header in braces.
    Gre(GreSpec),
    /// An MPLS label stack in braces.
    Mpls(Vec<MplsSpec>),
}

/// The member of `epoll_data`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum EpollMember {
    Fd,
    Ptr,
    U32,
    U64,
}
