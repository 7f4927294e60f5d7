//! The access role: the admin API, health pages and metrics.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use mailward_admin::{AdminConfig, Details, DetailsTo};
use mailward_api::control::{self, ControlReply, ControlRequest, Role};
use mailward_events::{Event, Events};
use mailward_host::{
    clock::{Clock, SystemClock},
    listen::Inherited,
};

use super::RoleError;
use crate::config::Config;

/// Runs the admin API until it is told to stop.
///
/// # Errors
/// What keeps it from starting.
pub(crate) fn run(config: &Config, parent: Option<u32>) -> Result<(), RoleError> {
    super::small_runtime()?.block_on(serve(config, parent))
}

async fn serve(config: &Config, parent: Option<u32>) -> Result<(), RoleError> {
    let Inherited { tcp, unix } =
        Inherited::take().map_err(|error| RoleError::start("the sockets of the manager", error))?;
    let events = super::events(config, Role::Access)?;
    let store = super::store(config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let (status_store, counted) = (store.clone(), events.clone());
    let started = clock.unix_ms();
    let _control = control::serve(
        &Role::Access.socket(&config.run_dir),
        move |request: ControlRequest| {
            let status = super::role_status(Role::Access, started, status_store.revision());
            let figures = super::role_figures(started, &counted);
            async move {
                match request {
                    ControlRequest::Ping => Ok(ControlReply::Pong(status)),
                    ControlRequest::Status => Ok(ControlReply::Role(status)),
                    ControlRequest::Figures { .. } => Ok(ControlReply::Figures(figures)),
                    other => Err(mailward_api::fault::Fault::unsupported(
                        Role::Access.name(),
                        other.name(),
                    )),
                }
            }
        },
    )
    .map_err(|error| RoleError::start("the control socket", error))?;
    let mut tcp = tcp;
    let (http, agent) = (
        take_up(&mut tcp, config.http),
        take_up(&mut tcp, config.agent),
    );
    let served = mailward_admin::serve(AdminConfig {
        run_dir: config.run_dir.clone(),
        events_dir: config.events_dir(),
        tracking_dir: config.tracking_dir(),
        node: config.hostname.to_string(),
        store,
        events: events.clone(),
        clock,
        group_key: match &config.group {
            Some(group) => Some(group.key()?),
            None => None,
        },
        unix: unix.into_iter().next(),
        http,
        agent,
        details: details(config, &events),
        otlp: config.otlp(),
    });
    let _server = match served {
        Ok(server) => server,
        Err(error) => {
            super::report_start_failure(&events, Role::Access, &error);
            return Err(RoleError::start("the admin API", error));
        }
    };
    // The runtime that answers administrators is the one that says so.
    super::serve_until_stopped(parent, async || true).await?;
    events.flush();
    Ok(())
}

/// The socket that the manager opened for this address: the one that is bound to it, or to the port
/// that the kernel chose where the configuration leaves it open.
fn take_up(sockets: &mut Vec<TcpListener>, address: Option<SocketAddr>) -> Option<TcpListener> {
    let address = address?;
    let fits = |socket: &TcpListener| {
        socket.local_addr().is_ok_and(|at| {
            at.ip() == address.ip() && (address.port() == 0 || at.port() == address.port())
        })
    };
    let at = sockets.iter().position(fits)?;
    Some(sockets.remove(at))
}

/// The shortest token that is not guessed.
const TOKEN_OCTETS_MIN: usize = 16;

/// Who is told reasons on the health pages. A token file that cannot be used is an event, and then
/// nobody is told them there: administrators are answered all the same.
fn details(config: &Config, events: &Events) -> Details {
    let to = config.http_details;
    let Some(path) = &config.http_token_file else {
        return Details { to, token: None };
    };
    let read = std::fs::read_to_string(path).and_then(|text| match text.trim() {
        token if token.len() >= TOKEN_OCTETS_MIN => Ok(token.to_owned()),
        _ => Err(std::io::Error::other(format!(
            "the token has fewer than {TOKEN_OCTETS_MIN} octets"
        ))),
    });
    match read {
        Ok(token) => Details {
            to,
            token: Some(token),
        },
        Err(error) => {
            events.emit(Event::PageTokenUnusable {
                file: path.display().to_string(),
                error: error.to_string(),
            });
            Details {
                to: DetailsTo::Token,
                token: None,
            }
        }
    }
}
