//! `--format html` of `rfcheck run` and `rfcheck coverage`: one page that holds all that it shows.

use std::collections::BTreeSet;

use super::coverage::specs;
use super::support::{FAILS, FAILS_SHOULD, PASSES, folder, outcome, settled};

const BASELINE: &str = "\
[[known-failure]]
script = \"known.pkt\"
reason = \"nobody has looked at <it> yet\"
clause = \"RFC 792\"
";

/// A page has nothing from elsewhere and no script, its elements are closed, and what a link opens is there.
fn check(page: &str) {
    let tags: Vec<&str> = page.split('<').skip(1).filter_map(|tag| tag.split_once('>')).map(|(tag, _)| tag).collect();
    for tag in &tags {
        let name = tag.split(' ').next().unwrap_or_default();
        assert!(!matches!(name, "script" | "link" | "img" | "iframe" | "object" | "base"), "the page has <{tag}>");
        assert!(!tag.contains(" src=") && !tag.contains(" on"), "the page has <{tag}>");
        assert!(!tag.contains(" href=") || tag.contains(" href=\"#"), "the page leads elsewhere with <{tag}>");
    }
    assert!(!page.contains("url(") && !page.contains("@import"), "the style takes something from elsewhere");
    let mut open = Vec::new();
    for tag in tags {
        let name = tag.trim_start_matches('/').split(' ').next().unwrap_or_default();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "what is closed was opened last");
        } else if !tag.ends_with('/') && !matches!(name, "!DOCTYPE" | "meta" | "br") {
            open.push(name);
        }
    }
    assert_eq!(open, [""; 0], "all is closed");
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "each ID stands once: {ids:?}");
    for target in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).filter(|id| *id != "-") {
        assert!(ids.contains(&target), "there is no {target}");
    }
}

#[test]
fn a_run_is_a_page_whose_failed_cells_open_their_packets() {
    let folder = folder(&[
        ("baselines/smoltcp.toml", BASELINE),
        ("fails.pkt", FAILS),
        ("known.pkt", &FAILS.replace("id 8", "id 9")),
        ("passes.pkt", PASSES),
        ("should.pkt", FAILS_SHOULD),
    ]);
    let arguments = ["run", ".", "--ip-version", "ipv4", "--format", "html"];
    let (status, page, err) = outcome(folder.path(), &arguments);
    assert_eq!((status, err.as_str()), (100, ""));
    check(&page);
    assert!(page.contains("<td class=\"bad\"><a href=\"#run-1\">FAIL 1/3</a>"), "{page}");
    assert_eq!(page.matches("<svg").count(), 3, "a diagram for each run that did not pass");
    let (_, again, _) = outcome(folder.path(), &arguments);
    settled(|| insta::assert_snapshot!(page.split_once("</style>").unwrap().1));
    let settle = |page: &str| page.lines().filter(|line| !line.contains(" in 0.")).collect::<Vec<_>>().join("\n");
    assert_eq!(settle(&page), settle(&again), "the same runs give the same page");
}

#[test]
fn with_packets_the_runs_that_passed_can_be_opened_too() {
    let folder = folder(&[("passes.pkt", PASSES)]);
    let (status, page, _) =
        outcome(folder.path(), &["run", ".", "--ip-version", "ipv4", "--format", "html", "--packets"]);
    assert_eq!(status, 0);
    check(&page);
    assert!(page.contains("<a href=\"#run-1\">pass</a>") && page.contains("icmp echo_reply id 7 seq 1 (8)"), "{page}");
}

#[test]
fn out_keeps_the_page_beside_the_other_reports() {
    let folder = folder(&[("fails.pkt", FAILS)]);
    outcome(folder.path(), &["run", ".", "--out", "reports"]);
    let page = std::fs::read_to_string(folder.path().join("reports/report.html")).unwrap();
    check(&page);
    assert!(page.contains("FAIL"), "{page}");
}

#[test]
fn coverage_is_a_page_with_what_is_not_tested() {
    let (status, page, err) =
        outcome(specs().path(), &["coverage", "small", "--target", "smoltcp", "--format", "html"]);
    assert_eq!((status, err.as_str()), (100, ""));
    check(&page);
    settled(|| insta::assert_snapshot!(page.split_once("</style>").unwrap().1));
    let (status, page, _) = outcome(specs().path(), &["coverage", "small", "--format", "html"]);
    assert_eq!(status, 0);
    check(&page);
    assert!(page.contains("tested by small/a.pkt") && !page.contains("<section"), "{page}");
}
