//! What a server that breaks its protocol on purpose makes of octets that are right.

use super::deviation::Deviation;

/// Distorts what stands behind `from`: one answer of a protocol; `udp` is a DNS message over UDP.
pub(super) fn distort(deviation: Option<Deviation>, protocol: &str, octets: &mut Vec<u8>, from: usize) {
    let Some(deviation) = deviation.filter(|_| octets.len() > from) else { return };
    let mut answer = octets.split_off(from);
    match protocol {
        "http" => http(deviation, &mut answer),
        "smtp" => smtp(deviation, &mut answer),
        "udp" => dns(deviation, &mut answer, 0),
        "dns" => dns(deviation, &mut answer, 2),
        _ => {}
    }
    if deviation == Deviation::Pop3LfSent && protocol == "pop3" {
        replace(&mut answer, b"\r\n", b"\n");
    }
    octets.append(&mut answer);
}

fn http(deviation: Deviation, answer: &mut Vec<u8>) {
    let end = position(answer, b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    let content = answer.split_off(end);
    let is_continue = answer.starts_with(b"HTTP/1.1 100");
    let is_chunked = position(answer, b"Transfer-Encoding: chunked").is_some();
    let mut content = content;
    match deviation {
        Deviation::HttpLfSent => replace(answer, b"\r\n", b"\n"),
        Deviation::HttpBareCrSent => replace(answer, b"text/plain", b"text/plain\r;a=b"),
        Deviation::HttpVersionWrong => replace(answer, b"HTTP/1.1 ", b"HTTP/2.0 "),
        Deviation::HttpStatusWithoutSpace => {
            let line = position(answer, b"\r\n").unwrap_or(answer.len());
            drop(answer.drain(12.min(line)..line));
        }
        Deviation::HttpStatusOfTwoDigits => drop(answer.drain(11.min(answer.len())..12.min(answer.len()))),
        Deviation::HttpFoldSent => replace(answer, b"Content-Type: ", b"Content-Type:\r\n "),
        Deviation::HttpFieldsRepeated => replace(answer, b"Date: ", b"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nDate: "),
        Deviation::HttpCodingInContinue if is_continue => {
            replace(answer, b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n");
        }
        Deviation::HttpLengthInContinue if is_continue => {
            replace(answer, b"\r\n\r\n", b"\r\nContent-Length: 0\r\n\r\n");
        }
        Deviation::HttpLengthBesideChunked if is_chunked => {
            replace(answer, b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n");
        }
        Deviation::HttpLastChunkMissing if is_chunked => content.truncate(content.len().saturating_sub(5)),
        Deviation::HttpCodingClaimed => replace(answer, b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n"),
        _ => {}
    }
    answer.append(&mut content);
}

fn smtp(deviation: Deviation, answer: &mut Vec<u8>) {
    match deviation {
        Deviation::SmtpLfSent => replace(answer, b"\r\n", b"\n"),
        Deviation::SmtpGreetingIsOk => replace_at_start(answer, b"220", b"250"),
        Deviation::SmtpCodesOfLinesDiffer => {
            // The last line of several.
            if answer.get(3) == Some(&b'-')
                && let Some(at) = position(answer, b"\r\n250 ")
            {
                answer[at + 2..at + 5].copy_from_slice(b"251");
            }
        }
        Deviation::SmtpCodesOutOfRange => replace_at_start(answer, b"250 ", b"650 "),
        Deviation::SmtpTextMissing => replace_at_start(answer, b"250 OK", b"250"),
        Deviation::SmtpCodesUnlisted => replace_at_start(answer, b"250 ", b"259 "),
        Deviation::SmtpRepliesLong => {
            let end = answer.len().saturating_sub(2);
            drop(answer.splice(end..end, vec![b'x'; 600]));
        }
        Deviation::SmtpCodesMixed => {
            replace_at_start(answer, b"503", b"450");
            replace_at_start(answer, b"555", b"250");
        }
        _ => {}
    }
}

/// A message that begins at `at`, behind its length.
fn dns(deviation: Deviation, answer: &mut [u8], at: usize) {
    let Some(message) = answer.get_mut(at..).filter(|message| message.len() >= 12) else { return };
    match deviation {
        Deviation::DnsIdWrong => message[1] ^= 1,
        Deviation::DnsQrClear => message[2] &= !0x80,
        Deviation::DnsOpcodeLost => message[2] &= !0x78,
        Deviation::DnsRdLost => message[2] &= !0x01,
        Deviation::DnsRaSet => message[3] |= 0x80,
        Deviation::DnsAaLost => message[2] &= !0x04,
        Deviation::DnsAaAlways => message[2] |= 0x04,
        Deviation::DnsCountsWrong => message[7] = message[7].wrapping_add(1),
        Deviation::DnsLengthCountsItself if at == 2 => {
            let length = (message.len() as u16).wrapping_add(2);
            answer[..2].copy_from_slice(&length.to_be_bytes());
        }
        _ => {}
    }
}

fn position(octets: &[u8], wanted: &[u8]) -> Option<usize> {
    octets.windows(wanted.len()).position(|part| part == wanted)
}

/// Puts `new` in the place of each `old`.
fn replace(octets: &mut Vec<u8>, old: &[u8], new: &[u8]) {
    let mut from = 0;
    while let Some(at) = octets.get(from..).and_then(|rest| position(rest, old)) {
        drop(octets.splice(from + at..from + at + old.len(), new.iter().copied()));
        from += at + new.len();
    }
}

fn replace_at_start(octets: &mut Vec<u8>, old: &[u8], new: &[u8]) {
    if octets.starts_with(old) {
        drop(octets.splice(..old.len(), new.iter().copied()));
    }
}
