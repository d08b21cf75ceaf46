//! Command lines of SMTP, and the parameters of MAIL and RCPT (RFC 5321 section 4.1).

use crate::target::reference::deviation::Deviation;
use crate::target::reference::line::{Line, decimal, split};
use crate::target::reference::world::World;

/// Octets of a command line without its end. RFC 5321 section 4.5.3.1.4 demands 510, and more where extensions add
/// parameters.
pub(super) const LONGEST_COMMAND: usize = 1_000;

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// In capitals.
    pub(super) verb: String,
    /// What follows the blank after the verb, without blanks at the end.
    pub(super) argument: Vec<u8>,
}

/// Octets of a command line that are read.
pub(super) fn longest(world: &World) -> usize {
    if world.deviates(Deviation::SmtpCommandsShort) { 256 } else { LONGEST_COMMAND }
}

impl Command {
    /// Reads a line; none if it is no command at all.
    pub(super) fn parse(line: &Line, world: &World) -> Option<Command> {
        let is_text = |octet: &u8| matches!(octet, b' '..=b'~' | b'\t');
        let is_text = |octet: &u8| is_text(octet) || *octet < 0x80 && world.deviates(Deviation::SmtpControlsTaken);
        let is_high = |octet: &u8| *octet >= 0x80 && world.deviates(Deviation::SmtpHighOctetsTaken);
        if line.is_too_long
            || line.octets.len() > longest(world)
            || !line.octets.iter().all(|octet| is_text(octet) || is_high(octet))
        {
            return None;
        }
        let mut text = &line.octets[..];
        while let [rest @ .., b' ' | b'\t'] = text
            && !world.deviates(Deviation::SmtpTrailingBlanksRefused)
        {
            text = rest;
        }
        let (verb, argument) = split(text, b' ');
        let verb = String::from_utf8_lossy(verb).into_owned();
        let verb = if world.deviates(Deviation::SmtpVerbsCased) { verb } else { verb.to_ascii_uppercase() };
        Some(Command { verb, argument: argument.unwrap_or_default().to_vec() })
    }

    /// The argument behind `FROM:` or `TO:`.
    pub(super) fn after(&self, keyword: &str) -> Option<&[u8]> {
        let (head, rest) = self.argument.split_at_checked(keyword.len())?;
        head.eq_ignore_ascii_case(keyword.as_bytes()).then_some(rest)
    }
}

/// What parameters of MAIL say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    /// SIZE (RFC 1870).
    pub(super) size: Option<u64>,
    /// BODY=8BITMIME (RFC 1652) rather than 7BIT; none if it was not said.
    pub(super) is_8bit: Option<bool>,
}

/// What is wrong with parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// They are no parameters, or a value is none of its keyword's.
    Syntax,
    /// A keyword is not known.
    Unknown,
}

impl Parameters {
    /// Reads `*( SP keyword [ "=" value ] )`. Without `extended` no keyword is known.
    pub(super) fn parse(text: &[u8], extended: bool, world: &World) -> Result<Parameters, Wrong> {
        let mut parameters = Parameters::default();
        let Some(text) = text.strip_prefix(b" ") else {
            return if text.is_empty() { Ok(parameters) } else { Err(Wrong::Syntax) };
        };
        for parameter in text.split(|octet| *octet == b' ') {
            let (keyword, value) = split(parameter, b'=');
            let is_keyword = keyword.first().is_some_and(u8::is_ascii_alphanumeric)
                && keyword.iter().all(|octet| octet.is_ascii_alphanumeric() || *octet == b'-');
            if !is_keyword || value.is_some_and(<[u8]>::is_empty) {
                return Err(Wrong::Syntax);
            }
            let cased = world.deviates(Deviation::SmtpKeywordsCased);
            let keyword = if cased { keyword.to_vec() } else { keyword.to_ascii_uppercase() };
            match (&keyword[..], value.unwrap_or_default()) {
                (b"SIZE", value) if extended => {
                    let size = decimal(value).filter(|_| value.len() <= 20);
                    if world.deviates(Deviation::SmtpSizeUnchecked) {
                        parameters.size = size.or(parameters.size);
                        continue;
                    }
                    if parameters.size.is_some() || size.is_none() {
                        return Err(Wrong::Syntax);
                    }
                    parameters.size = size;
                }
                (b"BODY", value) if extended && !world.deviates(Deviation::SmtpBodyUnknown) => {
                    let is_8bit = value.eq_ignore_ascii_case(b"8BITMIME");
                    let is_known = is_8bit || value.eq_ignore_ascii_case(b"7BIT");
                    let unchecked = world.deviates(Deviation::SmtpBodyUnchecked);
                    if !unchecked && (parameters.is_8bit.is_some() || !is_known) {
                        return Err(Wrong::Syntax);
                    }
                    parameters.is_8bit = Some(is_8bit);
                }
                _ if world.deviates(Deviation::SmtpUnknownParametersTaken) => {}
                _ => return Err(Wrong::Unknown),
            }
        }
        Ok(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(text: &str) -> Result<Parameters, Wrong> {
        Parameters::parse(text.as_bytes(), true, &World::default())
    }

    #[test]
    fn parameters_are_read_whatever_their_case() {
        let all = Parameters { size: Some(10), is_8bit: Some(true) };
        assert_eq!(parameters(" size=10 BODY=8bitmime"), Ok(all));
        assert_eq!(parameters(""), Ok(Parameters::default()));
        for text in [
            "SIZE=1",
            " ",
            "  SIZE=1",
            " SIZE",
            " SIZE=",
            " SIZE=-1",
            " SIZE=abc",
            " SIZE=1 SIZE=2",
            " SIZE=111111111111111111111",
            " BODY=FOO",
            " -A",
        ] {
            assert_eq!(parameters(text), Err(Wrong::Syntax), "{text}");
        }
        assert_eq!(parameters(" FOO=bar"), Err(Wrong::Unknown));
        assert_eq!(Parameters::parse(b" SIZE=1", false, &World::default()), Err(Wrong::Unknown));
    }
}
