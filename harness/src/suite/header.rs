//! What a script says of itself, read without parsing it: only lines that begin with `//@`.
//!
//! Planning needs a few directives of every script before it is known which definitions to parse it with. The
//! parser reads them again and judges them; here a line that is not understood says nothing.

use crate::target::IpVersion;

/// The values of the directive `key`, in order.
pub(super) fn values<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| {
        let (found, value) = line.trim_start().strip_prefix("//@")?.split_once(':')?;
        (found.trim() == key).then_some(value.trim())
    })
}

/// The IP versions that a script declares, if it does.
pub(super) fn ip_versions(text: &str) -> Option<Vec<IpVersion>> {
    let value = values(text, "ip-version").next()?;
    let versions: Vec<_> = words(value).filter_map(|word| word.parse().ok()).collect();
    (!versions.is_empty()).then_some(versions)
}

/// The IP version of a script's own `--ip_version=` line, if it has one.
pub(super) fn own_ip_version(text: &str) -> Option<IpVersion> {
    let at = text.find("--ip_version=")?;
    let starts_line =
        text[..at].lines().next_back().is_none_or(|line| text[..at].ends_with('\n') || line.trim().is_empty());
    let word = text[at + "--ip_version=".len()..].split_whitespace().next()?;
    if starts_line { word.parse().ok() } else { None }
}

/// The words of a list with commas or spaces.
pub(super) fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split([',', ' ', '\t']).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_found_and_comments_are_not() {
        let text = "// requirement: none\n//@ requirement: A-1\n  //@requirement:B-2 \n0 < . 1:1(0)\n";
        assert_eq!(values(text, "requirement").collect::<Vec<_>>(), ["A-1", "B-2"]);
        assert_eq!(values(text, "title").next(), None);
    }

    #[test]
    fn ip_versions_come_from_the_directive_or_the_option() {
        assert_eq!(ip_versions("//@ ip-version: ipv4, ipv6\n"), Some(vec![IpVersion::Ipv4, IpVersion::Ipv6]));
        assert_eq!(ip_versions("0 < . 1:1(0)\n"), None);
        assert_eq!(own_ip_version("--tolerance_usecs=1\n--ip_version=ipv6\n"), Some(IpVersion::Ipv6));
        assert_eq!(own_ip_version("// not --ip_version=ipv6\n"), None);
    }
}
