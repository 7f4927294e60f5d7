//! Clocks: whether this host's wall clock runs steadily, and how far it is from an NTP server's.

use std::{net::SocketAddr, path::Path, time::Duration};

use mailward_model::kind::{HostName, NtpTarget};
use rsntp::{AsyncSntpClient, Config};

use super::{Context, Found, Steps};
use crate::{Cause, Now};

/// A difference between the clocks' steps that is a jump, in milliseconds: NTP slews by 0.5 ms in a
/// second at most, 30 ms in a minute.
const JUMP_MS: u64 = 2_000;
/// Made by systemd-timesyncd when it has set the clock (systemd-timesyncd.service(8)).
const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";
/// How long the server may take.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Compares how far both clocks went since the last look.
pub(super) fn steady(context: &Context) -> Found {
    let now = Now::of(&*context.clock);
    let before = context.last_clocks.lock().replace(now);
    let synchronised = match Path::new(SYNCHRONISED).exists() {
        true => "set by systemd-timesyncd",
        false => "who sets it is not known",
    };
    let Some(before) = before else {
        return Found::pass(format!(
            "the wall clock is watched from now on, {synchronised}"
        ));
    };
    let wall = i128::from(now.unix_ms) - i128::from(before.unix_ms);
    let jump = wall - i128::from(now.since(before));
    let found = if jump.unsigned_abs() > u128::from(JUMP_MS) {
        let word = if jump > 0 { "forward" } else { "back" };
        Found::fail(format!(
            "the wall clock jumped {word} by {} ms, {synchronised}",
            jump.unsigned_abs()
        ))
        .of(Cause::Config)
    } else {
        Found::pass(format!("the wall clock runs steadily, {synchronised}"))
    };
    found.measured("jump_ms", i64::try_from(jump).unwrap_or(i64::MAX))
}

/// Asks an NTP server.
pub(super) async fn offset(context: &Context, target: &NtpTarget, steps: &mut Steps) -> Found {
    steps.next("resolve");
    let addresses = match context.dns.addresses(&target.host, &steps.seen()).await {
        Ok(addresses) => addresses,
        Err(found) => return found,
    };
    let Some(ip) = addresses.first() else {
        return Found::fail(format!("{} has no address", target.host)).of(Cause::Dns);
    };
    let server = SocketAddr::new(*ip, target.port);
    steps.next("ask");
    let any = if ip.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let Ok(any) = any.parse() else {
        return Found::error("no local address");
    };
    let config = Config::default().bind_address(any).timeout(ANSWER_MAX);
    let answer = AsyncSntpClient::with_config(config)
        .synchronize(server.to_string())
        .await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Found::fail(format!("{}: {error}", shown(&target.host, server))),
    };
    let seconds = answer.clock_offset().as_secs_f64();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a conversion to i64 saturates"
    )]
    let offset_us = (seconds * 1e6).round() as i64;
    steps.note(format!(
        "stratum {}, offset {offset_us} us, way {:.3} ms",
        answer.stratum(),
        answer.round_trip_delay().as_secs_f64() * 1e3
    ));
    let most = i64::try_from(target.max_offset.get().as_micros()).unwrap_or(i64::MAX);
    let found = if offset_us.saturating_abs() > most {
        Found::fail(format!(
            "this clock is {} ms off that of {}",
            offset_us / 1000,
            target.host
        ))
        .of(Cause::Config)
    } else {
        Found::pass(format!("this clock is right by that of {}", target.host))
    };
    found.measured("offset_us", offset_us)
}

fn shown(host: &HostName, server: SocketAddr) -> String {
    format!("{host} ({server})")
}
