//! Faults of servers of any protocol.

use super::deviations;

deviations! {
    ServiceOneAtATime "service-one-at-atime" "serves one connection at a time"
        breaks "RFC 5321 section 4.5.4.2" for "5321-108" "DNS-24" "DNS-64";
}
