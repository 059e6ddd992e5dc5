//! Markup within a line of text, which a reader does not see.
//!
//! Owns: which elements are such (HTML, phrasing content), and comments. Refuses: elements that set their content apart
//! (`td`, `li`, `br`, `p`): numbers on either side of those are two. Stays true: a tag is short, and each
//! byte of it is looked at once.

/// Elements that flow with the text around them.
const INLINE: [&[u8]; 26] = [
    b"a", b"abbr", b"b", b"bdi", b"bdo", b"big", b"code", b"em", b"font", b"i", b"ins", b"kbd",
    b"mark", b"q", b"s", b"samp", b"small", b"span", b"strike", b"strong", b"sub", b"sup", b"tt",
    b"u", b"var", b"wbr",
];

/// The same, each as a number.
static NUMBERS: [u64; INLINE.len()] = {
    let mut numbers = [0; INLINE.len()];
    let mut at = 0;
    while at < INLINE.len() {
        let mut byte = 0;
        while byte < INLINE[at].len() {
            numbers[at] = numbers[at] << 8 | INLINE[at][byte] as u64;
            byte += 1;
        }
        at += 1;
    }
    numbers
};

/// Longest name of one.
const NAME_BYTES_MAX: usize = 6;
/// Longest tag, attributes and all.
const TAG_BYTES_MAX: usize = 256;

/// The length of the inline tag or comment that the text begins with.
pub(super) fn unseen(text: &[u8]) -> Option<usize> {
    let inside = text.strip_prefix(b"<")?;
    if let Some(comment) = inside.strip_prefix(b"!--") {
        return end_of(comment).map(|len| 4 + len);
    }
    let name_at = inside.strip_prefix(b"/").unwrap_or(inside);
    let count = name_at
        .iter()
        .take(NAME_BYTES_MAX + 1)
        .take_while(|c| c.is_ascii_alphanumeric())
        .count();
    let (name, rest) = name_at.split_at_checked(count)?;
    let name = name
        .iter()
        .fold(0, |name, byte| name << 8 | u64::from(byte | 0x20));
    let inline = count <= NAME_BYTES_MAX && NUMBERS.contains(&name);
    let ends = matches!(
        rest.first(),
        Some(b'>' | b'/' | b' ' | b'\t' | b'\n' | b'\r')
    );
    if !inline || !ends {
        return None;
    }
    end_of(rest).map(|len| text.len() - rest.len() + len)
}

/// Through the next `>`; none when another tag begins first.
fn end_of(text: &[u8]) -> Option<usize> {
    let end = text
        .iter()
        .take(TAG_BYTES_MAX)
        .position(|byte| matches!(byte, b'>' | b'<'))?;
    (text.get(end) == Some(&b'>')).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_does_not_see() {
        for tag in [
            "<b>",
            "</b>",
            "<B>",
            "<wbr>",
            "<wbr/>",
            "<br2>",
            "<span class=\"x\">",
            "<a href='y' >",
            "<!-- -->",
            "<!---->",
            "<td>",
            "<br>",
            "<p>",
            "<bar>",
            "<b",
            "<b <b>",
            "<>",
            "</>",
            "<strongs>",
        ] {
            let text = format!("{tag}1111");
            let inline = matches!(
                tag,
                "<b>" | "</b>" | "<B>" | "<wbr>" | "<wbr/>" | "<!-- -->" | "<!---->"
            ) || tag.starts_with("<span ")
                || tag.starts_with("<a ");
            assert_eq!(
                unseen(text.as_bytes()),
                inline.then_some(tag.len()),
                "{tag}"
            );
        }
    }
}
