//! Readers give the same messages however what they read is cut, and never panic.

use proptest::prelude::*;

/// Octets that look like the protocols.
fn octets() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(
        &[
            "220",
            "250-",
            "250 ",
            "5",
            "\r\n",
            "\n",
            "\r",
            ".",
            "..",
            "\r\n.\r\n",
            "+OK",
            "-ERR",
            "* ",
            "+ ",
            "a1 OK",
            "{3}\r\n",
            "{0}\r\n",
            "{99999999999999999999}",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 204 x\r\n",
            "GET / HTTP/1.1\r\n",
            "POST /a HTTP/1.1\r\n",
            "Content-Length: 3\r\n",
            "Content-Length: 18446744073709551615\r\n",
            "Transfer-Encoding: chunked\r\n",
            ": x\r\n",
            " fold\r\n",
            "\r\n\r\n",
            "3\r\nabc\r\n",
            "ffffffffffffffff\r\n",
            "0\r\n\r\n",
            "abc",
            "\0",
            "\0\x03",
            "\u{c}",
            "\0\x01",
        ][..],
    );
    let octet = any::<u8>().prop_map(|octet| vec![octet]);
    let piece = prop_oneof![4 => pieces.prop_map(|piece| piece.as_bytes().to_vec()), 1 => octet];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1024) })]

    #[test]
    fn how_octets_are_cut_does_not_matter(octets in octets(), selector in any::<u8>()) {
        let input = [&[selector], &octets[..]].concat();
        rfcheck::fuzzing::dialogue_framing(&input);
    }

    #[test]
    fn any_message_of_dns_can_be_read(octets in prop::collection::vec(any::<u8>(), 0..80)) {
        rfcheck::fuzzing::dns_message(&octets);
        // With counts that lead into the octets.
        let header = [0, 1, 0x81, 0x80, 0, 1, 0, 2, 0, 1, 0, 1];
        rfcheck::fuzzing::dns_message(&[&header[..], &octets].concat());
    }
}
