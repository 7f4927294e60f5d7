//! The parameters of MAIL and RCPT: SIZE, BODY, SMTPUTF8, RET, ENVID, NOTIFY, ORCPT, XOORG.
//!
//! RFC 1870, RFC 6152, RFC 3030, RFC 6531, RFC 3461. Which of them a session offers is the
//! session's business: here is only what they say.

use mailward_model::{BodyType, Domain, Notify, Ret};

use super::xtext;

/// Characters an ENVID may have (RFC 3461 §4.4).
pub const ENVID_OCTETS_MAX: usize = 100;
/// Characters an ORCPT may have (RFC 3461 §4.2).
pub const ORCPT_OCTETS_MAX: usize = 500;

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameter {
    /// `SIZE=n`; what does not fit 64 bits is `u64::MAX`.
    Size(u64),
    /// `BODY=`.
    Body(BodyType),
    /// `SMTPUTF8`.
    SmtpUtf8,
    /// `RET=`.
    Ret(Ret),
    /// `ENVID=`, decoded.
    Envid(String),
    /// `NOTIFY=`.
    Notify(Notify),
    /// `ORCPT=`, `type;address` with the address decoded.
    Orcpt(String),
    /// `XOORG=`: the organisation that the message comes from, as Exchange servers name it.
    Xoorg(Domain),
}

/// Why a parameter is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// No extension offered here has it.
    #[error("a parameter is not known here")]
    Unknown,
    /// Known, but its value says nothing.
    #[error("the value of {0} is not valid")]
    Value(&'static str),
    /// Given twice.
    #[error("{0} is given twice")]
    Twice(&'static str),
}

/// The parameters of a command, one after the other.
pub fn read(text: &str) -> impl Iterator<Item = Result<Parameter, ParameterError>> {
    text.split(' ').filter(|word| !word.is_empty()).map(one)
}

fn one(word: &str) -> Result<Parameter, ParameterError> {
    let (key, value) = match word.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (word, None),
    };
    let is = |name: &str| key.eq_ignore_ascii_case(name);
    let needs = |name: &'static str| {
        value
            .filter(|v| !v.is_empty())
            .ok_or(ParameterError::Value(name))
    };
    if is("SIZE") {
        size(needs("SIZE")?).map(Parameter::Size)
    } else if is("BODY") {
        body(needs("BODY")?).map(Parameter::Body)
    } else if is("SMTPUTF8") {
        match value {
            None => Ok(Parameter::SmtpUtf8),
            Some(_) => Err(ParameterError::Value("SMTPUTF8")),
        }
    } else if is("RET") {
        let value = needs("RET")?;
        if value.eq_ignore_ascii_case("FULL") {
            Ok(Parameter::Ret(Ret::Full))
        } else if value.eq_ignore_ascii_case("HDRS") {
            Ok(Parameter::Ret(Ret::Headers))
        } else {
            Err(ParameterError::Value("RET"))
        }
    } else if is("ENVID") {
        let value = needs("ENVID")?;
        xtext::decode(value)
            .ok()
            .filter(|decoded| value.len() <= ENVID_OCTETS_MAX && decoded.is_ascii())
            .map(Parameter::Envid)
            .ok_or(ParameterError::Value("ENVID"))
    } else if is("NOTIFY") {
        notify(needs("NOTIFY")?).map(Parameter::Notify)
    } else if is("ORCPT") {
        orcpt(needs("ORCPT")?).map(Parameter::Orcpt)
    } else if is("XOORG") {
        xtext::decode(needs("XOORG")?)
            .ok()
            .and_then(|domain| domain.parse::<Domain>().ok())
            .map(Parameter::Xoorg)
            .ok_or(ParameterError::Value("XOORG"))
    } else {
        Err(ParameterError::Unknown)
    }
}

fn size(value: &str) -> Result<u64, ParameterError> {
    // RFC 1870 §3: size-value ::= 1*20DIGIT
    if value.len() > 20 || !value.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ParameterError::Value("SIZE"));
    }
    Ok(value.parse().unwrap_or(u64::MAX))
}

fn body(value: &str) -> Result<BodyType, ParameterError> {
    if value.eq_ignore_ascii_case("7BIT") {
        Ok(BodyType::SevenBit)
    } else if value.eq_ignore_ascii_case("8BITMIME") {
        Ok(BodyType::EightBitMime)
    } else if value.eq_ignore_ascii_case("BINARYMIME") {
        Ok(BodyType::BinaryMime)
    } else {
        Err(ParameterError::Value("BODY"))
    }
}

fn notify(value: &str) -> Result<Notify, ParameterError> {
    let wrong = ParameterError::Value("NOTIFY");
    if value.eq_ignore_ascii_case("NEVER") {
        return Ok(Notify::NEVER);
    }
    let mut notify = Notify::NEVER;
    for word in value.split(',') {
        // RFC 3461 §4.1: NEVER stands alone; SUCCESS, FAILURE and DELAY once each.
        let flag = if word.eq_ignore_ascii_case("SUCCESS") {
            &mut notify.success
        } else if word.eq_ignore_ascii_case("FAILURE") {
            &mut notify.failure
        } else if word.eq_ignore_ascii_case("DELAY") {
            &mut notify.delay
        } else {
            return Err(wrong);
        };
        if std::mem::replace(flag, true) {
            return Err(wrong);
        }
    }
    Ok(notify)
}

fn orcpt(value: &str) -> Result<String, ParameterError> {
    let wrong = ParameterError::Value("ORCPT");
    let (kind, address) = value.split_once(';').ok_or(wrong)?;
    let is_atom = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let decoded = if kind.eq_ignore_ascii_case("utf-8") {
        // RFC 6533 §3: a client without SMTPUTF8 may also send the utf-8 type as xtext.
        xtext::decode_utf8(address).or_else(|_| xtext::decode(address))
    } else {
        xtext::decode(address)
    };
    decoded
        .ok()
        .filter(|address| is_atom && value.len() <= ORCPT_OCTETS_MAX && !address.is_empty())
        .map(|address| format!("{kind};{address}"))
        .ok_or(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expect: Result<Parameter, ParameterError>) {
        assert_eq!(read(input).next(), Some(expect), "{input}");
    }

    #[test]
    fn parameters() {
        use Parameter as P;
        use ParameterError::{Unknown, Value};
        check("SIZE=36", Ok(P::Size(36)));
        check("size=99999999999999999999", Ok(P::Size(u64::MAX)));
        check("SIZE", Err(Value("SIZE")));
        check("SIZE=", Err(Value("SIZE")));
        check("SIZE=+1", Err(Value("SIZE")));
        check("SIZE=000000000000000000001", Err(Value("SIZE")));
        check("BODY=8bitmime", Ok(P::Body(BodyType::EightBitMime)));
        check("BODY=9BIT", Err(Value("BODY")));
        check("SMTPUTF8", Ok(P::SmtpUtf8));
        check("SMTPUTF8=1", Err(Value("SMTPUTF8")));
        check("RET=hdrs", Ok(P::Ret(Ret::Headers)));
        check("RET=NONE", Err(Value("RET")));
        check("ENVID=QQ+2B1", Ok(P::Envid("QQ+1".into())));
        check(&format!("ENVID={}", "a".repeat(101)), Err(Value("ENVID")));
        check("NOTIFY=NEVER", Ok(P::Notify(Notify::NEVER)));
        check(
            "NOTIFY=SUCCESS,delay",
            Ok(P::Notify(Notify {
                success: true,
                failure: false,
                delay: true,
                given: true,
            })),
        );
        check("NOTIFY=NEVER,DELAY", Err(Value("NOTIFY")));
        check("NOTIFY=DELAY,DELAY", Err(Value("NOTIFY")));
        check("NOTIFY=", Err(Value("NOTIFY")));
        check(
            "ORCPT=rfc822;a+2Bb@x.org",
            Ok(P::Orcpt("rfc822;a+b@x.org".into())),
        );
        check(
            "ORCPT=utf-8;gr\\x{E5}@x.org",
            Ok(P::Orcpt("utf-8;grå@x.org".into())),
        );
        check("ORCPT=rfc822", Err(Value("ORCPT")));
        check("ORCPT=;a", Err(Value("ORCPT")));
        check("ORCPT=rfc822;a+0D+0Ab", Err(Value("ORCPT")));
        check(
            "xoorg=contoso.example",
            Ok(P::Xoorg("contoso.example".parse().unwrap())),
        );
        check("XOORG=", Err(Value("XOORG")));
        check("XOORG=a+0D+0Ab", Err(Value("XOORG")));
        check("AUTH=<>", Err(Unknown));
        check("=", Err(Unknown));
    }
}
