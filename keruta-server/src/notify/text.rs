//! Texts of tasks and logs, made harmless: whoever writes them does not write the message.

/// How many characters of a reason are kept.
pub(crate) const REASON_MAX: usize = 500;

/// A text as one line of at most so many characters. Characters that steer something (controls, marks that turn the
/// direction of writing, those that nobody sees) are replaced by a space.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let mut line = String::new();
    let mut characters = 0;
    for character in text.chars() {
        let character = if steers(character) || character.is_whitespace() { ' ' } else { character };
        if character == ' ' && (line.is_empty() || line.ends_with(' ')) {
            continue;
        }
        if characters == most {
            line.truncate(line.trim_end().len());
            line.push('…');
            return line;
        }
        line.push(character);
        characters += 1;
    }
    line.truncate(line.trim_end().len());
    line
}

fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// A text for Slack, where `<`, `>` and `&` alone mean something once `mrkdwn` is off
/// ([Slack](https://docs.slack.dev/messaging/formatting-message-text#escaping)).
pub(super) fn for_slack(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_steers_is_gone() {
        for (text, line) in [
            ("a\r\nBcc: x@y", "a Bcc: x@y"),
            ("\u{1b}[31mred\u{7}", "[31mred"),
            ("a\u{202e}b\u{200b}c\0d", "a b c d"),
            ("  two   words \n", "two words"),
            ("", ""),
            ("日本語 \u{1f980}", "日本語 \u{1f980}"),
        ] {
            assert_eq!(one_line(text, 100), line, "{text:?}");
        }
        assert_eq!(one_line("abcdef", 3), "abc…");
        assert_eq!(one_line("ab cdef", 3), "ab…");
        assert_eq!(one_line("abc", 3), "abc");
    }

    #[test]
    fn slack_sees_no_markup() {
        assert_eq!(
            for_slack("<!channel> <@U1> a&b <http://x|y>"),
            "&lt;!channel&gt; &lt;@U1&gt; a&amp;b &lt;http://x|y&gt;"
        );
    }

    proptest! {
        #[test]
        fn a_line_is_a_line(text in "\\PC*|(?s).*", most in 1_usize..200) {
            let line = one_line(&text, most);
            prop_assert!(line.chars().count() <= most + 1);
            prop_assert!(!line.chars().any(|character| character.is_control() || steers(character)));
            prop_assert_eq!(one_line(&line, most + 1), line);
        }
    }
}
