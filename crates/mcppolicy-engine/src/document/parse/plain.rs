//! Where the plain characters of a string end.

/// The first quote, backslash or control character of `bytes` at `at` or behind it;
/// their end where there is none.
///
/// It looks at eight bytes at a time.
#[inline(always)]
pub fn end_of_plain(bytes: &[u8], mut at: usize) -> usize {
    while let Some(stop) = stop_in_word(bytes, at) {
        match stop {
            Some(offset) => return at + offset,
            None => at += 8,
        }
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let offset = rest.iter().position(|byte| is_stop(*byte));
    at + offset.unwrap_or(rest.len())
}

/// Whether a run of a string's plain characters ends at this byte.
#[inline(always)]
const fn is_stop(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..=0x1F)
}

/// Where among the next eight bytes the first such byte is; `None` where there are no
/// eight bytes.
#[inline(always)]
fn stop_in_word(bytes: &[u8], at: usize) -> Option<Option<usize>> {
    let word = u64::from_le_bytes(*bytes.get(at..)?.first_chunk::<8>()?);
    // A byte is a control character or a quote when it is below 0x21 with its second bit
    // turned, and a backslash when the other word has a zero there. Bytes from 0x80 on
    // are none of them.
    let low = (word ^ repeated(0x02)).wrapping_sub(repeated(0x21));
    let backslash = (word ^ repeated(b'\\')).wrapping_sub(repeated(1));
    let stop = (low | backslash) & !word & repeated(0x80);
    // The lowest mark is right; those above may be carried over.
    Some((stop != 0).then(|| stop.trailing_zeros() as usize / 8))
}

/// A word that has this byte eight times.
const fn repeated(byte: u8) -> u64 {
    0x0101_0101_0101_0101 * byte as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_characters_end_where_each_byte_on_its_own_says() {
        for length in 0..20 {
            for at in 0..=length {
                for byte in 0..=255 {
                    let mut bytes = vec![b'x'; length];
                    bytes.iter_mut().skip(at).step_by(3).for_each(|x| *x = byte);
                    let own = bytes.iter().position(|byte| is_stop(*byte));
                    assert_eq!(end_of_plain(&bytes, 0), own.unwrap_or(length), "{bytes:?}");
                }
            }
        }
        assert_eq!(end_of_plain(b"\"ab\"", 1), 3);
        assert_eq!(end_of_plain(b"ab", 2), 2);
    }
}
