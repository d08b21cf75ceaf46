//! What a check writes: for each item its size in octets, in decimal on a line of its own, and then its octets.

/// Reads the items.
///
/// # Errors
/// What is wrong, and where.
pub(super) fn read(mut output: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut items = Vec::new();
    while !output.is_empty() {
        let number = items.len() + 1;
        let end = output.iter().position(|octet| *octet == b'\n').unwrap_or(output.len());
        let line = String::from_utf8_lossy(&output[..end]);
        let size = line.trim().parse::<usize>().map_err(|_| {
            format!("it writes `{}` where the size of item {number} in octets must stand", shortened(&line))
        })?;
        output = output.get(end + 1..).unwrap_or_default();
        let Some((item, rest)) = output.split_at_checked(size) else {
            return Err(format!("item {number} has {} octets of {size}", output.len()));
        };
        items.push(item.to_vec());
        output = rest;
    }
    Ok(items)
}

fn shortened(line: &str) -> String {
    line.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_any_octets_are_read() {
        assert_eq!(read(b""), Ok(Vec::new()));
        assert_eq!(read(b"3\na\n\x002\n\xff\n"), Ok(vec![b"a\n\0".to_vec(), b"\xff\n".to_vec()]));
        assert_eq!(read(b"     0\n"), Ok(vec![Vec::new()]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(read(b"4\nabc").unwrap_err(), "item 1 has 3 octets of 4");
        assert_eq!(
            read(b"1\naNo such file\n").unwrap_err(),
            "it writes `No such file` where the size of item 2 in octets must stand"
        );
    }
}
