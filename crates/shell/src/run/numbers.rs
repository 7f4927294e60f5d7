//! `'{0:N2} of {1,10}' -f $a, $b`: values put into a text.
//!
//! Pure. The formats are those that people put sizes, shares and counts into reports with.

use crate::{error::ScriptError, syntax::Span, value::Value};

/// Columns that a value may be widened to.
const WIDTH_MAX: usize = 200;
/// Digits behind the point.
const DIGITS_MAX: usize = 15;

/// The template with the values in the places of their numbers.
pub(super) fn formatted(
    template: &str,
    values: &[Value],
    span: Span,
) -> Result<String, ScriptError> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(rest.get(..at).unwrap_or_default());
        let after = rest.get(at..).unwrap_or_default();
        if after.starts_with("{{") || after.starts_with("}}") {
            out.extend(after.chars().next());
            rest = after.get(2..).unwrap_or_default();
            continue;
        }
        let place = after
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'));
        let Some((place, behind)) = place else {
            return Err(ScriptError::new(
                span,
                "the text of -f has a brace that belongs to no place",
                "write {0} for a value, and {{ or }} for a brace",
            ));
        };
        out.push_str(&put(place, values, span)?);
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

/// One place: `0`, `0:N2`, `1,10`, `1,-10:D3`.
fn put(place: &str, values: &[Value], span: Span) -> Result<String, ScriptError> {
    let (place, format) = match place.split_once(':') {
        Some((place, format)) => (place, Some(format)),
        None => (place, None),
    };
    let (number, width) = match place.split_once(',') {
        Some((number, width)) => (number, width.trim()),
        None => (place, "0"),
    };
    let number = number.trim().parse::<usize>().ok();
    let Some((value, width)) = number
        .and_then(|number| values.get(number))
        .zip(width.parse::<i64>().ok())
    else {
        return Err(ScriptError::new(
            span,
            format!(
                "the text of -f asks for {{{place}}}, and {} values stand behind it",
                values.len()
            ),
            "the first value is {0}",
        ));
    };
    let text = match format {
        None => value.text(),
        Some(format) => shaped(value, format).ok_or_else(|| {
            let shown: String = value.text().chars().take(40).collect();
            ScriptError::new(
                span,
                format!("{shown:?} is not written as :{format}"),
                "there are N2 (1,234.50), F2 (1234.50), P1 (12.5 %), D5 (00012) and X (1F), for numbers",
            )
        })?,
    };
    let wanted = usize::try_from(width.unsigned_abs()).map_or(WIDTH_MAX, |w| w.min(WIDTH_MAX));
    let blanks = " ".repeat(wanted.saturating_sub(text.chars().count()));
    Ok(match width < 0 {
        true => text + &blanks,
        false => blanks + &text,
    })
}

/// A number in one of the formats.
fn shaped(value: &Value, format: &str) -> Option<String> {
    let number = value.number()?;
    let mut letters = format.chars();
    let letter = letters.next()?.to_ascii_uppercase();
    let digits = match letters.as_str() {
        "" => None,
        digits => Some(digits.parse::<usize>().ok()?.min(DIGITS_MAX)),
    };
    let whole = match value {
        Value::Integer(whole) => Some(*whole),
        _ => None,
    };
    Some(match letter {
        'N' => grouped(&format!("{number:.*}", digits.unwrap_or(2))),
        'F' => format!("{number:.*}", digits.unwrap_or(2)),
        'P' => format!(
            "{} %",
            grouped(&format!("{:.*}", digits.unwrap_or(2), number * 100.0))
        ),
        'D' => format!("{:0width$}", whole?, width = digits.unwrap_or(1)),
        'X' => format!("{:0width$X}", whole?, width = digits.unwrap_or(1)),
        _ => return None,
    })
}

/// Commas between the thousands.
fn grouped(number: &str) -> String {
    let (sign, number) = match number.strip_prefix('-') {
        Some(number) => ("-", number),
        None => ("", number),
    };
    let (whole, rest) = match number.split_once('.') {
        Some((whole, _)) => (whole, number.get(whole.len()..).unwrap_or_default()),
        None => (number, ""),
    };
    let mut out = sign.to_owned();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_where_their_numbers_stand() {
        let values = [Value::Integer(1_234_567), Value::Real(0.125), "x".into()];
        for (template, expect) in [
            ("{2}: {0}", "x: 1234567"),
            ("{0:N0} {0:n2} {1:F1}", "1,234,567 1,234,567.00 0.1"),
            ("{1:P1}|{2,4}|{2,-4}|", "12.5 %|   x|x   |"),
            ("{{{2}}} {0:X}", "{x} 12D687"),
            ("{0:D9}", "001234567"),
        ] {
            let done = formatted(template, &values, Span::default());
            assert_eq!(done.as_deref(), Ok(expect), "{template}");
        }
        for (template, part) in [
            ("{3}", "3 values"),
            ("{0", "belongs to no place"),
            ("{2:N2}", "not written as :N2"),
            ("{0:yyyy}", "not written as"),
            ("{x}", "asks for {x}"),
        ] {
            let error = formatted(template, &values, Span::default()).unwrap_err();
            assert!(error.problem.contains(part), "{error:?}");
        }
        assert_eq!(grouped("-1000.5"), "-1,000.5");
    }
}
