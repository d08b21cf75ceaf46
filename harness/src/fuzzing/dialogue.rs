//! Dialogues: their text, and the framing of what servers answer.

use std::fmt::Debug;

use crate::dialogue::framing::dns::{Message, MessageReader, framed};
use crate::dialogue::framing::http::{AnswerTo, RequestReader, ResponseReader};
use crate::dialogue::framing::imap::{AnswerReader, Awaited};
use crate::dialogue::framing::{Reader, pop3, smtp};
use crate::dialogue::{Input, format, lint, print};

/// A text parses without panic, and a dialogue that parses prints and parses to the same tree.
///
/// # Panics
///
/// Where that does not hold: the fuzzer's finding.
pub fn dialogue_round_trip(text: &str) {
    let _either = format(text);
    let Ok(tree) = Input::new(text).parse() else { return };
    let _finds_what_it_finds = lint(&tree);
    let printed = print(&tree);
    match Input::new(&printed).parse() {
        Ok(again) => assert_eq!(again, tree, "printing must keep the tree:\n{printed}"),
        Err(diagnostics) => panic!("what was printed must parse: {diagnostics:?}\n{printed}"),
    }
}

/// The reader that the first octet chooses gives the same messages for the octets behind it, whole and in pieces of 1 to
/// 24 octets, as the first octet chooses too.
///
/// # Panics
///
/// Where that does not hold: the fuzzer's finding.
pub fn dialogue_framing(input: &[u8]) {
    let Some((selector, octets)) = input.split_first() else { return };
    let size = 1 + usize::from(selector / 11);
    match selector % 11 {
        0 => same(octets, size, smtp::ReplyReader::default),
        1 => same(octets, size, smtp::InputReader::default),
        2 => same(octets, size, || with(|reader: &mut smtp::InputReader| reader.expect_message())),
        3 => same(octets, size, pop3::ResponseReader::default),
        4 => same(octets, size, || with(|reader: &mut pop3::ResponseReader| reader.expect_multi_line())),
        5 => same(octets, size, || with(|reader: &mut AnswerReader| reader.expect(Awaited::Tagged(b"a1".to_vec())))),
        6 => same(octets, size, || with(|reader: &mut AnswerReader| reader.expect(Awaited::Continuation))),
        7 => same(octets, size, ResponseReader::default),
        8 => same(octets, size, || with(|reader: &mut ResponseReader| reader.expect(AnswerTo::Head))),
        9 => same(octets, size, RequestReader::default),
        _ => same(octets, size, MessageReader::default),
    }
}

/// A message of DNS is read without panic, and its records can be shown; over TCP it is the same message.
///
/// # Panics
///
/// Where that does not hold: the fuzzer's finding.
pub fn dns_message(octets: &[u8]) {
    let message = Message::parse(octets);
    for record in message.sections.iter().flatten() {
        assert!(!format!("{} {} {}", record.name, record.kind, record.data).is_empty());
    }
    if let Ok(length) = u16::try_from(octets.len())
        && length > 0
    {
        let fed = MessageReader::default().feed(&framed(octets, None));
        assert_eq!(fed.message, Some(message), "framing must not matter");
    }
}

fn with<R: Default>(change: impl Fn(&mut R)) -> R {
    let mut reader = R::default();
    change(&mut reader);
    reader
}

/// Asserts that cuts do not matter.
fn same<R>(octets: &[u8], size: usize, new: impl Fn() -> R)
where
    R: Reader,
    R::Message: PartialEq + Debug,
{
    let whole = read(new(), octets, octets.len().max(1));
    assert_eq!(read(new(), octets, size), whole, "pieces of {size} octets must give the same messages");
}

/// All messages with the octets at which they ended.
fn read<R: Reader>(mut reader: R, octets: &[u8], size: usize) -> Vec<(usize, R::Message)> {
    let (mut found, mut at) = (Vec::new(), 0);
    for piece in octets.chunks(size) {
        let mut rest = piece;
        while !rest.is_empty() {
            let fed = reader.feed(rest);
            assert!(fed.taken <= rest.len() && fed.taken > 0, "a reader takes something");
            assert!(fed.message.is_some() || fed.taken == rest.len(), "a reader stops where a message ends");
            at += fed.taken;
            rest = &rest[fed.taken..];
            found.extend(fed.message.map(|message| (at, message)));
        }
    }
    found.extend(reader.end().map(|message| (at, message)));
    found
}
