//! JSON laid out for people, without reading it: order and numbers stay as they were sent.

/// The same JSON with line breaks and two blanks per level. What is no JSON comes out as some text.
pub(crate) fn pretty(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth: usize = 0;
    let mut in_string = false;
    let mut escaped = false;
    let mut chars = json.chars().peekable();
    let break_line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(c) = chars.next() {
        if in_string {
            out.push(c);
            in_string = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                let close = if c == '{' { '}' } else { ']' };
                if chars.peek() == Some(&close) {
                    out.push(close);
                    chars.next();
                } else {
                    depth += 1;
                    break_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                break_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn layout() {
        let text = r#"{"b":1,"a":[],"c":{"x":["{,:",null]}}"#;
        let expect = "{\n  \"b\": 1,\n  \"a\": [],\n  \"c\": {\n    \"x\": [\n      \"{,:\",\n      null\n    ]\n  }\n}";
        assert_eq!(pretty(text), expect);
    }

    proptest! {
        #[test]
        fn the_meaning_stays(key: String, text: String, number: i64) {
            let value = json!({ key: [text, number, { "e": {} }] });
            let read: Value = serde_json::from_str(&pretty(&value.to_string())).unwrap();
            prop_assert_eq!(read, value);
        }

        #[test]
        fn no_text_upsets_it(text: String) {
            let _ = pretty(&text);
        }
    }
}
