//! Malformed dialogues: whatever stands in a text, parsing and formatting end, and what is said points into the text.

use rfcheck::dialogue::{Input, format, lint, print};
use rfcheck::text::render;

use crate::support::{DIALOGUES, Included, parse};

/// Pieces of the language, and of what is not.
const PIECES: &[&str] = &[
    "C: ",
    "S: ",
    "C2: ",
    "S2 ",
    "C ",
    "S1:",
    "or ",
    "or\n",
    "do ",
    "check ",
    "   ",
    "\n",
    "\n   ",
    "\"",
    "/",
    "\\",
    "{",
    "}",
    "{repeat 3 \"",
    "{base64 \"",
    "{repeat 99999999999999999999 \"a\"}",
    "{A}",
    "{a1}",
    "\\x",
    "\\xg",
    "#for I in 1..3\n",
    "#end\n",
    "#include \"smtp-greeted.inc\" CLIENT=x\n",
    "#include",
    "--define=A=1\n",
    "//@ case: A={1,2}\n",
    "//@ role: client\n",
    "//@ protocol: dns\n",
    "//@ protocol: http\n",
    "//@ protocol: imap\n",
    "//@",
    "250",
    "5xx",
    "x",
    "closes",
    "is silent for 1",
    "within ",
    "for 0",
    "as x",
    "no ",
    "count ",
    "= 1",
    "<= ",
    "line ",
    "header a ",
    "answer ",
    "query . A\n",
    "rcode NOERROR",
    "+OK multi-line",
    "* OK",
    "status 200",
    "connects with dns\n",
    "`",
    "(?<n>",
    "é",
    "\u{feff}",
    "\0",
    "\r",
    "\t",
    "999999999999",
    "0x",
    "\\\\\\",
];

/// A small generator of numbers (xorshift64*): the same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit.max(1)
    }
}

/// A dialogue with a few changes.
fn mutate(seed: &str, numbers: &mut Numbers) -> String {
    let mut text: Vec<char> = seed.chars().collect();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(text.len() + 1);
        let end = (at + numbers.below(20)).min(text.len());
        match numbers.below(5) {
            0 => drop(text.drain(at..end)),
            1 => drop(text.splice(at..at, PIECES[numbers.below(PIECES.len())].chars())),
            2 => drop(text.splice(at..end, PIECES[numbers.below(PIECES.len())].chars())),
            3 => drop(text.splice(at..at, char::from_u32(numbers.below(0x300) as u32))),
            _ => {
                let copied: Vec<char> = text[at..end].to_vec();
                let to = numbers.below(text.len() + 1);
                text.splice(to..to, copied);
            }
        }
    }
    text.into_iter().collect()
}

/// Whether the text is well-formed; panics where something is wrong with what is said of it.
fn is_parsed(text: &str) -> bool {
    let mut good = true;
    for parsed in parse(text).into_iter().take(3) {
        let said = match &parsed {
            Ok(dialogue) => lint(dialogue),
            Err(said) => said.clone(),
        };
        assert!(parsed.is_ok() || !said.is_empty(), "an error says what is wrong:\n{text}");
        assert!(said.len() <= 64 || parsed.is_ok(), "what is said is not noise:\n{text}");
        for diagnostic in &said {
            let span = diagnostic.span;
            let within = diagnostic.within.as_ref().and_then(|within| within.file.as_ref());
            let length = within.map_or(text.len(), |file| file.text.len());
            assert!(span.start <= span.end && span.end as usize <= length, "{diagnostic:?} is in\n{text}");
            assert!(!diagnostic.message.is_empty() && !diagnostic.message.contains('\n'), "{diagnostic:?}");
            assert!(render(diagnostic, "mutated.dlg", text).contains(diagnostic.code));
        }
        good &= parsed.is_ok();
        if let Ok(dialogue) = &parsed {
            let printed = print(dialogue);
            let again = Input::new(&printed).parse();
            assert_eq!(again.as_ref(), Ok(dialogue), "printed:\n{printed}\nof:\n{text}");
        }
    }
    if let Ok(formatted) = format(text) {
        assert_eq!(format(&formatted).as_ref(), Ok(&formatted), "formatted twice:\n{formatted}\nof:\n{text}");
        // What is well-formed keeps its meaning in canonical layout.
        if good {
            assert_eq!(parse(&formatted), parse(text), "formatted:\n{formatted}\nof:\n{text}");
        }
    }
    good
}

#[test]
fn a_thousand_malformed_dialogues_are_diagnosed() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let (mut malformed, mut tried) = (0, 0);
    while malformed < 1_000 {
        let (_, seed) = DIALOGUES[numbers.below(DIALOGUES.len())];
        malformed += usize::from(!is_parsed(&mutate(seed, &mut numbers)));
        tried += 1;
        assert!(tried < 20_000, "most mutations are malformed");
    }
}

#[test]
fn noise_is_diagnosed() {
    let mut numbers = Numbers(42);
    for length in 0..400 {
        let text: String = (0..length % 60).map(|_| PIECES[numbers.below(PIECES.len())]).collect();
        let _either = is_parsed(&text);
    }
}

#[test]
fn every_prefix_is_diagnosed_or_parsed() {
    for (_, seed) in DIALOGUES {
        for (end, _) in seed.char_indices().step_by(3) {
            let _either = is_parsed(&seed[..end]);
        }
    }
}

#[test]
fn nothing_nests_or_repeats_without_limit() {
    let long = 20_000;
    for text in [
        format!("C: {}\n", "{repeat 2 \"".repeat(long)),
        format!("C: {}\n", "{".repeat(long)),
        format!("C: {}\n", "{a".repeat(long)),
        "#for I in 1..2\n".repeat(long),
        format!("{}S: 250\n{}", "#for I in 1..2\n".repeat(long), "#end\n".repeat(long)),
        "or 250\n".repeat(long),
        format!("S: {}\n", "250 or ".repeat(long)),
        format!("S: 250 /{}/\n", "(".repeat(long)),
        "\"\n".repeat(long),
    ] {
        let input = Input { includes: &Included, ..Input::new(&text) };
        assert!(input.parse().is_err(), "this is well-formed: {}", &text[..20]);
        let _either = format(&text);
    }
}
