//! Numbers that have names: types, classes, opcodes and RCODEs, from IANA's registry of DNS parameters.

use std::fmt;

macro_rules! named_numbers {
    ($(#[$doc:meta])* $type:ident, $prefix:literal, { $($name:literal = $number:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(pub u16);

        impl $type {
            /// All names, in order of number.
            pub const NAMES: &'static [(&'static str, u16)] = &[$(($name, $number),)*];

            /// The number of a name, or of the form for numbers that have none.
            pub fn named(name: &str) -> Option<Self> {
                let known = Self::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
                if let Some((_, number)) = known {
                    return Some($type(*number));
                }
                let head = name.get(..$prefix.len()).filter(|head| head.eq_ignore_ascii_case($prefix))?;
                let digits = &name[head.len()..];
                let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
                if is_number { digits.parse().ok().map($type) } else { None }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match Self::NAMES.iter().find(|(_, number)| *number == self.0) {
                    Some((name, _)) => f.write_str(name),
                    None => write!(f, "{}{}", $prefix, self.0),
                }
            }
        }
    };
}

named_numbers! {
    /// A type of records, or of questions; `TYPE` and a number where it has no name (RFC 3597 section 5).
    Kind, "TYPE", {
        "A" = 1, "NS" = 2, "MD" = 3, "MF" = 4, "CNAME" = 5, "SOA" = 6, "MB" = 7, "MG" = 8, "MR" = 9, "NULL" = 10,
        "WKS" = 11, "PTR" = 12, "HINFO" = 13, "MINFO" = 14, "MX" = 15, "TXT" = 16, "RP" = 17, "AAAA" = 28, "LOC" = 29,
        "SRV" = 33, "NAPTR" = 35, "DNAME" = 39, "OPT" = 41, "DS" = 43, "SSHFP" = 44, "RRSIG" = 46, "NSEC" = 47,
        "DNSKEY" = 48, "NSEC3" = 50, "NSEC3PARAM" = 51, "TLSA" = 52, "SVCB" = 64, "HTTPS" = 65, "SPF" = 99,
        "TKEY" = 249, "TSIG" = 250, "IXFR" = 251, "AXFR" = 252, "MAILB" = 253, "MAILA" = 254, "ANY" = 255, "CAA" = 257,
    }
}

named_numbers! {
    /// A class; `CLASS` and a number where it has no name (RFC 3597 section 5).
    Class, "CLASS", { "IN" = 1, "CH" = 3, "HS" = 4, "NONE" = 254, "ANY" = 255, }
}

named_numbers! {
    /// An OPCODE; `OPCODE` and a number where it has no name.
    Opcode, "OPCODE", { "QUERY" = 0, "IQUERY" = 1, "STATUS" = 2, "NOTIFY" = 4, "UPDATE" = 5, "DSO" = 6, }
}

named_numbers! {
    /// An RCODE, also an extended one (RFC 6891 section 6.1.3); `RCODE` and a number where it has no name.
    Rcode, "RCODE", {
        "NOERROR" = 0, "FORMERR" = 1, "SERVFAIL" = 2, "NXDOMAIN" = 3, "NOTIMP" = 4, "REFUSED" = 5, "YXDOMAIN" = 6,
        "YXRRSET" = 7, "NXRRSET" = 8, "NOTAUTH" = 9, "NOTZONE" = 10, "BADVERS" = 16, "BADKEY" = 17, "BADTIME" = 18,
        "BADMODE" = 19, "BADNAME" = 20, "BADALG" = 21, "BADTRUNC" = 22, "BADCOOKIE" = 23,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_name_has_a_number() {
        assert_eq!(Kind::named("aaaa"), Some(Kind(28)));
        assert_eq!(Kind::named("TYPE28"), Some(Kind(28)));
        assert_eq!(Kind(65280).to_string(), "TYPE65280");
        assert_eq!(Rcode(16).to_string(), "BADVERS");
        for none in ["", "TYPE", "TYPE65536", "TYPE-1", "TYP", "é"] {
            assert_eq!(Kind::named(none), None, "{none}");
        }
    }
}
