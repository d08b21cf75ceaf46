//! The target is a client: the tester listens and answers.

use super::server::{Do, Server, send};
use super::support::report;

/// A client of HTTP that follows a redirect on the same connection.
fn client(state: &mut usize, octets: &[u8]) -> (usize, Vec<Do>) {
    let get = |target: &str| send(&format!("GET {target} HTTP/1.1\r\nHost: server.example\r\n\r\n"));
    *state += 1;
    match *state {
        1 => (0, get("/")),
        2 if octets.starts_with(b"HTTP/1.1 302") => (octets.len(), get("/next")),
        _ => (octets.len(), vec![Do::Close]),
    }
}

fn on_client(dialogue: &str) -> String {
    let head = "//@ role: client\n//@ protocol: http\ndo fetch \"http://server.example/\"\n";
    report(Server::new("http", 80, client).factory(), &format!("{head}{dialogue}"))
}

#[test]
fn a_client_is_held_against_its_lines() {
    let dialogue = "C: request GET \"/\"\n   header Host \"server.example\"\n   count header Host = 1\nS: HTTP/1.1 302 Found\n\
                    S: Location: /next\nS: Content-Length: 0\nS:\nC: request GET \"/next\" within 3\nS: HTTP/1.1 204 No Content\nS:\n\
                    C closes within 3\n";
    let text = on_client(dialogue);
    assert!(text.contains("1 passed"), "{text}");
    insta::assert_snapshot!(on_client("C: request GET \"/other\"\n"));
}

#[test]
fn a_client_that_opens_nothing_more_is_silent() {
    assert!(on_client("C: request GET\nC2 is silent for 3\n").contains("1 passed"));
    let text = on_client("C: request GET\nC2: request GET within 3\n");
    assert!(text.contains("the target opens no connection within 3"), "{text}");
}
