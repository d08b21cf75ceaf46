//! What a fault does in one run, and the short ways to write it.

use super::between::Between;
use crate::target::reference::Deviation;
use crate::target::{CallOutput, Errno, Returned, SocketCall};
use crate::wire::Packet;

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes on, as the hook left it.
    Passes,
    /// It is never seen again.
    Lost,
}

impl From<()> for Fate {
    fn from((): ()) -> Fate {
        Fate::Passes
    }
}

/// What a call comes to that the target never hears of.
pub(super) type Answer = (Result<i64, Errno>, CallOutput);

/// A misbehaving target's part in one run. What no hook touches goes on as it is.
pub(super) trait Behaviour {
    /// What the target's servers are told to do wrong; such a behaviour has no hooks.
    fn deviation(&self) -> Option<Deviation> {
        None
    }

    /// A packet of the tester on its way to the target.
    fn injected(&mut self, _packet: &mut Packet<'_>, _between: &mut Between) -> Fate {
        Fate::Passes
    }

    /// A packet of the target on its way to the tester.
    fn sent(&mut self, _packet: &mut Packet<'_>, _between: &mut Between) -> Fate {
        Fate::Passes
    }

    /// A call on its way to the target; what the hook answers itself does not get there.
    fn called(&mut self, _call: &mut SocketCall, _between: &mut Between) -> Option<Answer> {
        None
    }

    /// A call that returned, on its way to the tester.
    fn returned(&mut self, _call: &SocketCall, _returned: &mut Returned, _between: &mut Between) {}
}

/// Does something to every packet of the target.
pub(super) fn on_sent<R: Into<Fate>>(
    hook: impl FnMut(&mut Packet<'_>, &mut Between) -> R + 'static,
) -> Box<dyn Behaviour> {
    Box::new(Sent(hook))
}

/// Loses the target's packets that are meant.
pub(super) fn lose_sent(mut meant: impl FnMut(&Packet<'_>, &mut Between) -> bool + 'static) -> Box<dyn Behaviour> {
    on_sent(move |packet, between| if meant(packet, between) { Fate::Lost } else { Fate::Passes })
}

/// Does something to every packet of the tester.
pub(super) fn on_injected<R: Into<Fate>>(
    hook: impl FnMut(&mut Packet<'_>, &mut Between) -> R + 'static,
) -> Box<dyn Behaviour> {
    Box::new(Injected(hook))
}

/// Loses the tester's packets that are meant.
pub(super) fn lose_injected(mut meant: impl FnMut(&Packet<'_>, &mut Between) -> bool + 'static) -> Box<dyn Behaviour> {
    on_injected(move |packet, between| if meant(packet, between) { Fate::Lost } else { Fate::Passes })
}

/// Changes calls, or answers them in the target's stead.
pub(super) fn on_call(
    hook: impl FnMut(&mut SocketCall, &mut Between) -> Option<Answer> + 'static,
) -> Box<dyn Behaviour> {
    Box::new(Called(hook))
}

/// Changes what calls return.
pub(super) fn on_return(hook: impl FnMut(&SocketCall, &mut Returned, &mut Between) + 'static) -> Box<dyn Behaviour> {
    Box::new(Return(hook))
}

/// Both: the first sees each thing before the second.
pub(super) fn both(first: Box<dyn Behaviour>, second: Box<dyn Behaviour>) -> Box<dyn Behaviour> {
    Box::new(Both(first, second))
}

/// Has the target's servers break their protocol.
pub(super) fn deviates(deviation: Deviation) -> Box<dyn Behaviour> {
    Box::new(Deviates(deviation))
}

struct Deviates(Deviation);

impl Behaviour for Deviates {
    fn deviation(&self) -> Option<Deviation> {
        Some(self.0)
    }
}

struct Sent<F>(F);

impl<R: Into<Fate>, F: FnMut(&mut Packet<'_>, &mut Between) -> R> Behaviour for Sent<F> {
    fn sent(&mut self, packet: &mut Packet<'_>, between: &mut Between) -> Fate {
        self.0(packet, between).into()
    }
}

struct Injected<F>(F);

impl<R: Into<Fate>, F: FnMut(&mut Packet<'_>, &mut Between) -> R> Behaviour for Injected<F> {
    fn injected(&mut self, packet: &mut Packet<'_>, between: &mut Between) -> Fate {
        self.0(packet, between).into()
    }
}

struct Called<F>(F);

impl<F: FnMut(&mut SocketCall, &mut Between) -> Option<Answer>> Behaviour for Called<F> {
    fn called(&mut self, call: &mut SocketCall, between: &mut Between) -> Option<Answer> {
        self.0(call, between)
    }
}

struct Return<F>(F);

impl<F: FnMut(&SocketCall, &mut Returned, &mut Between)> Behaviour for Return<F> {
    fn returned(&mut self, call: &SocketCall, returned: &mut Returned, between: &mut Between) {
        self.0(call, returned, between);
    }
}

struct Both(Box<dyn Behaviour>, Box<dyn Behaviour>);

impl Behaviour for Both {
    fn injected(&mut self, packet: &mut Packet<'_>, between: &mut Between) -> Fate {
        match self.0.injected(packet, between) {
            Fate::Passes => self.1.injected(packet, between),
            Fate::Lost => Fate::Lost,
        }
    }

    fn sent(&mut self, packet: &mut Packet<'_>, between: &mut Between) -> Fate {
        match self.0.sent(packet, between) {
            Fate::Passes => self.1.sent(packet, between),
            Fate::Lost => Fate::Lost,
        }
    }

    fn called(&mut self, call: &mut SocketCall, between: &mut Between) -> Option<Answer> {
        self.0.called(call, between).or_else(|| self.1.called(call, between))
    }

    fn returned(&mut self, call: &SocketCall, returned: &mut Returned, between: &mut Between) {
        self.0.returned(call, returned, between);
        self.1.returned(call, returned, between);
    }
}
