//! Faults that no clause is meant by: any script that exercises the target at all should notice them.

use std::time::Duration;

use crate::target::fault::Fault;
use crate::target::fault::behaviour::{Fate, lose_injected, lose_sent, on_injected, on_sent};

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "generic-deaf",
        does: "hears nothing that comes over the link",
        breaks: "",
        requirements: &[],
        make: || lose_injected(|_, _| true),
    },
    Fault {
        name: "generic-mute",
        does: "sends nothing",
        breaks: "",
        requirements: &[],
        make: || lose_sent(|_, _| true),
    },
    Fault {
        name: "generic-mute-after-two",
        does: "sends nothing after its second packet",
        breaks: "",
        requirements: &[],
        make: || {
            let mut sent = 0;
            lose_sent(move |_, _| {
                sent += 1;
                sent > 2
            })
        },
    },
    Fault {
        name: "generic-forgets-second",
        does: "hears all packets but the second",
        breaks: "",
        requirements: &[],
        make: || {
            let mut heard = 0;
            lose_injected(move |_, _| {
                heard += 1;
                heard == 2
            })
        },
    },
    Fault {
        name: "generic-forgets-last",
        does: "hears all packets but those after the third",
        breaks: "",
        requirements: &[],
        make: || {
            let mut heard = 0;
            lose_injected(move |_, _| {
                heard += 1;
                heard > 3
            })
        },
    },
    Fault {
        name: "generic-says-twice",
        does: "sends every packet twice",
        breaks: "",
        requirements: &[],
        make: || on_sent(|packet, between| between.send(packet)),
    },
    Fault {
        name: "generic-hears-twice",
        does: "takes every packet for two",
        breaks: "",
        requirements: &[],
        make: || on_injected(|packet, between| between.deliver(packet)),
    },
    Fault {
        name: "generic-slow",
        does: "sends every packet a second late",
        breaks: "",
        requirements: &[],
        make: || {
            on_sent(|packet, between| {
                between.send_after(Duration::from_secs(1), packet);
                Fate::Lost
            })
        },
    },
    Fault {
        name: "generic-echoes-tester",
        does: "sends back whatever it is sent, unchanged",
        breaks: "",
        requirements: &[],
        make: || on_injected(|packet, between| between.send(packet)),
    },
];
