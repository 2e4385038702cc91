//! The header: what is a field, what is not, and how long a line of it is.

use super::{LINE_LIMIT, words};

/// What a first line that is no field is called.
const BROKEN: &[u8] = b"X-Broken-Line: ";

/// What stands so far behind is no colon of a field.
const NAME_LIMIT: usize = 200;

/// True for `name: value` (RFC 5322 section 2.2); spaces before the colon are an old form.
pub(super) fn is_field(line: &[u8]) -> bool {
    let Some(colon) = line.iter().position(|&byte| byte == b':') else { return false };
    let name = line[..colon].trim_ascii_end();
    !name.is_empty() && colon < NAME_LIMIT && name.iter().all(u8::is_ascii_graphic)
}

fn is_continued(line: &[u8]) -> bool {
    line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'))
}

/// Lines that are all fields or continue one, and the lines that belong to the body: those behind the last field.
/// A line between fields that is none is taken as a piece of the one before it.
pub(super) fn fields_and_body(mut lines: Vec<Vec<u8>>) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let fields = lines.iter().rposition(|line| is_field(line)).map_or(0, |last| last + 1);
    let end = lines[fields..]
        .iter()
        .position(|line| fields == 0 || !is_continued(line))
        .map_or(lines.len(), |behind| fields + behind);
    let body = lines.split_off(end);
    for (n, line) in lines.iter_mut().enumerate() {
        if is_field(line) || (n > 0 && is_continued(line)) {
            continue;
        }
        let prefix = if n == 0 { BROKEN } else { b" " };
        line.splice(..0, prefix.iter().copied());
    }
    (lines, body)
}

/// The lines with 8-bit letters as encoded words.
pub(super) fn encoded(lines: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut encoded = Vec::with_capacity(lines.len());
    let mut lines = lines.into_iter().peekable();
    while let Some(mut field) = lines.next() {
        let mut more = Vec::new();
        while let Some(line) = lines.next_if(|line| is_continued(line)) {
            more.push(line);
        }
        if field.is_ascii() && more.iter().all(|line| line.is_ascii()) {
            encoded.push(field);
            encoded.extend(more);
            continue;
        }
        for line in more {
            field.extend_from_slice(b"\r\n");
            field.extend(line);
        }
        let text = words::encode_field(&field);
        encoded.extend(text.split("\r\n").map(|line| line.as_bytes().to_vec()));
    }
    encoded
}

/// Writes a line, folded (RFC 5322 section 2.2.3) where it is too long.
pub(super) fn fold(line: &[u8], out: &mut Vec<u8>) {
    let mut rest = line;
    let mut room = LINE_LIMIT;
    let mut value = if is_continued(line) { 0 } else { line.iter().position(|&byte| byte == b':').unwrap_or(0) + 1 };
    while rest.len() > room {
        let first_word = value + rest[value..].iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(0);
        value = 0;
        let space = rest[..=room].iter().rposition(|byte| matches!(byte, b' ' | b'\t')).filter(|&at| at > first_word);
        let at = space.unwrap_or(room);
        out.extend_from_slice(&rest[..at]);
        // Where there is no space to fold at, one comes in.
        out.extend_from_slice(if space.is_some() { b"\r\n".as_slice() } else { b"\r\n " });
        room = if space.is_some() { LINE_LIMIT } else { LINE_LIMIT - 1 };
        rest = &rest[at..];
    }
    out.extend_from_slice(rest);
}
