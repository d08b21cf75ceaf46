//! Malformed scripts: whatever stands in a text, parsing and formatting end, and what is said points into the text.

use rfcheck::script::{Definition, Definitions, format, lint, parse_with_warnings, print, render};

/// Well-formed scripts that mutations start from.
const SEEDS: [&str; 8] = [
    include_str!("data/accept.pkt"),
    include_str!("data/calls.pkt"),
    include_str!("data/packets.pkt"),
    include_str!("data/dialect.pkt"),
    include_str!("data/extensions.pkt"),
    include_str!("data/untidy.pkt"),
    include_str!("data/loops.pkt"),
    include_str!("data/captures.pkt"),
];

/// Pieces of the language, and of what is not.
const PIECES: [&str; 79] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    ",",
    ":",
    ";",
    "=",
    "|",
    "+",
    "-",
    "*",
    "~",
    "!",
    "?",
    "/",
    "//",
    "/*",
    "*/",
    "\"",
    "`",
    "%{",
    "}%",
    "...",
    ".",
    "0",
    "-1",
    "99999999999999999999",
    "0xffffffffffffffffff",
    "4294967296",
    "65536",
    "#ifdef",
    "#endif",
    "#ifdef FreeBSD",
    "#for I in 1..3",
    "\n#for J in {1,x}\n",
    "\n#end\n",
    "#include \"x.inc\" A=1",
    "//@ case: A={1,2}",
    "{I}",
    "assert",
    " as va",
    "with time as va",
    "tcp.sequence=va+1",
    "before(va, 1)",
    "unpredictable(va)",
    ">>",
    "200ms",
    "I",
    "--define=A=",
    "--mtu",
    "//@ requirement",
    "//@ title: x",
    "or",
    "silence",
    "stream",
    "with",
    "data",
    "fragment",
    "icmp",
    "udp",
    "gre",
    "mpls",
    "ipv6 ::",
    "sack",
    "TS val",
    "gen-",
    "exp-",
    "ECN",
    "\\x",
    "\u{feff}",
    "ä",
    "\0",
    "\r",
    "{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{",
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

/// Cuts a text into words and what is between them.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for c in text.chars() {
        let joins = |last: &String| {
            let before = last.chars().next_back().unwrap_or(' ');
            c.is_alphanumeric() && before.is_alphanumeric() || c == ' ' && before == ' '
        };
        match pieces.last_mut() {
            Some(last) if joins(last) => last.push(c),
            _ => pieces.push(c.to_string()),
        }
    }
    pieces
}

/// A script with a few changes.
fn mutate(seed: &str, numbers: &mut Numbers) -> String {
    let mut pieces = pieces(seed);
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(pieces.len());
        let other = numbers.below(pieces.len());
        match numbers.below(8) {
            0 => drop(pieces.remove(at)),
            1 => pieces.insert(at, pieces[other].clone()),
            2 => pieces.swap(at, other),
            3 => pieces.truncate(at.max(1)),
            4 => pieces.insert(at, PIECES[numbers.below(PIECES.len())].to_owned()),
            5 => pieces[at] = PIECES[numbers.below(PIECES.len())].to_owned(),
            6 => pieces.insert(at, char::from_u32(numbers.below(0x300) as u32).unwrap_or('?').to_string()),
            _ => drop(pieces.drain(at..(at + numbers.below(30)).min(pieces.len()))),
        }
        if pieces.is_empty() {
            pieces.push(String::new());
        }
    }
    pieces.concat()
}

/// Whether the text is well-formed; panics where something is wrong with what is said of it.
fn is_parsed(text: &str, definitions: &Definitions) -> bool {
    let parsed = parse_with_warnings(text, definitions);
    let (good, said) = match &parsed {
        Ok(parsed) => (true, &parsed.warnings),
        Err(said) => (false, said),
    };
    assert!(good || !said.is_empty(), "an error says what is wrong:\n{text}");
    assert!(said.len() <= 64, "what is said is not noise:\n{text}");
    for diagnostic in said {
        let span = diagnostic.span;
        assert!(span.start <= span.end && span.end as usize <= text.len(), "{diagnostic:?} is in\n{text}");
        assert!(!diagnostic.message.is_empty() && !diagnostic.message.contains('\n'), "{diagnostic:?}");
        assert!(render(diagnostic, "mutated.pkt", text).contains(diagnostic.code));
    }
    if let Ok(parsed) = &parsed {
        let _finds_what_it_finds = lint(&parsed.script);
        // What is well-formed keeps its meaning in canonical layout.
        let formatted = format(text).unwrap_or_else(|said| panic!("{said:?} is not said by parsing\n{text}"));
        let again = parse_with_warnings(&formatted, definitions).map(|parsed| parsed.script);
        assert_eq!(again.as_ref(), Ok(&parsed.script), "formatted:\n{formatted}\nof:\n{text}");
        let _prints_what_it_prints = print(&parsed.script);
    }
    if let Ok(formatted) = format(text) {
        assert_eq!(format(&formatted).as_ref(), Ok(&formatted), "formatted twice:\n{formatted}\nof:\n{text}");
    }
    good
}

fn definitions() -> Definitions {
    let mut definitions = Definitions::default();
    for (name, definition) in [
        ("COOKIE", Definition::Word("3021b9d889017eeb".to_owned())),
        ("CODE", Definition::Word("host_unreachable".to_owned())),
        ("CC", Definition::String("reno".to_owned())),
        ("LEVEL", Definition::Word("SOL_IP".to_owned())),
        ("FreeBSD", Definition::Command("true".to_owned())),
    ] {
        definitions.insert(name, definition);
    }
    definitions
}

#[test]
fn a_thousand_malformed_scripts_are_diagnosed() {
    let definitions = definitions();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let (mut malformed, mut tried) = (0, 0);
    while malformed < 1_000 {
        let seed = SEEDS[numbers.below(SEEDS.len())];
        malformed += usize::from(!is_parsed(&mutate(seed, &mut numbers), &definitions));
        tried += 1;
        assert!(tried < 20_000, "most mutations are malformed");
    }
}

#[test]
fn noise_is_diagnosed() {
    let definitions = definitions();
    let mut numbers = Numbers(42);
    for length in 0..400 {
        let text: String = (0..length % 80).map(|_| PIECES[numbers.below(PIECES.len())]).collect();
        assert!(!is_parsed(&text, &definitions), "noise is no script:\n{text}");
    }
}

#[test]
fn nothing_nests_or_repeats_without_limit() {
    let definitions = definitions();
    let long = 20_000;
    for text in [
        format!("0 f({}) = 0\n", "[".repeat(long)),
        format!("0 f({}) = 0\n", "{a=".repeat(long)),
        format!("0 f({}1) = 0\n", "1|".repeat(long)),
        format!("0 f({}1) = 0\n", "a=".repeat(long)),
        format!("0 > {}. 1:1(0)\n", "gre: ".repeat(long)),
        format!("0 > mpls {}: . 1:1(0)\n", "(label 1, tc 1, ttl 1)".repeat(long)),
        format!("0 > . 1:1(0) <{}>\n", "nop,".repeat(long)),
        "(".repeat(long),
        "1:".repeat(long),
        "\"\n".repeat(long + 1),
        "/* */".repeat(long),
        "//\n".repeat(long),
        "#ifdef A\n".repeat(long),
        "#for I in 1..2\n".repeat(long),
        format!("{}0 close(3) = 0\n{}", "#for I in 1..2\n".repeat(long), "#end\n".repeat(long)),
        "+".repeat(long),
        "0 > . 1:1(0) or\n".repeat(long),
    ] {
        assert!(!is_parsed(&text, &definitions), "this is well-formed: {}", &text[..60]);
    }
    let many = "+0 > . 1:1(0) or > . 2:2(0)\n".repeat(long / 10);
    assert!(is_parsed(&many, &definitions));
}

#[test]
fn every_prefix_is_diagnosed_or_parsed() {
    let definitions = definitions();
    for seed in SEEDS {
        for (end, _) in seed.char_indices().step_by(3) {
            let _either = is_parsed(&seed[..end], &definitions);
        }
    }
}
