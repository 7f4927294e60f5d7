//! The sockets that no object names: of administrators, of other nodes, of health pages, of load
//! balancers' agents.
//! Access serves them; the manager keeps them open over every restart of it.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    os::{fd::OwnedFd, unix::net::UnixListener},
};

use mailward_api::control;
use mailward_host::listen::{self, Inherited};

use super::Manager;
use crate::config::Config;

/// Those that are open.
#[derive(Debug, Default)]
pub(super) struct OwnSockets {
    admin: Option<UnixListener>,
    http: Option<TcpListener>,
    agent: Option<TcpListener>,
    remote: Option<TcpListener>,
}

impl OwnSockets {
    /// Those of an access role that an earlier manager left behind; what the configuration does not
    /// name is closed.
    pub(super) fn adopt(&mut self, found: Inherited, config: &Config) {
        let Inherited { mut tcp, unix } = found;
        self.admin = unix.into_iter().next();
        self.http = listen::take_up(&mut tcp, config.http);
        self.agent = listen::take_up(&mut tcp, config.agent);
        self.remote = listen::take_up(&mut tcp, config.remote_listen());
    }

    /// False where one that is wanted could not be opened.
    pub(super) fn are_all_open(&self, config: &Config) -> bool {
        self.admin.is_some()
            && self.http.is_some() == config.http.is_some()
            && self.agent.is_some() == config.agent.is_some()
            && self.remote.is_some() == config.remote_listen().is_some()
    }

    /// Copies of all of them for the access role.
    ///
    /// # Errors
    /// Where descriptors ran out.
    pub(super) fn share(&self) -> io::Result<Vec<(String, OwnedFd)>> {
        let mut sockets = Vec::new();
        if let Some(admin) = &self.admin {
            sockets.push(("admin".to_owned(), listen::share(admin)?));
        }
        if let Some(http) = &self.http {
            sockets.push(("http".to_owned(), listen::share(http)?));
        }
        if let Some(agent) = &self.agent {
            sockets.push(("agent".to_owned(), listen::share(agent)?));
        }
        if let Some(remote) = &self.remote {
            sockets.push(("remote".to_owned(), listen::share(remote)?));
        }
        Ok(sockets)
    }
}

impl Manager {
    /// Opens those that are wanted and not open. True where one was opened.
    pub(super) fn open_own_sockets(&mut self) -> bool {
        let mut opened = false;
        if self.own.admin.is_none() {
            match control::bind(&self.config.run_dir.join("admin.sock")) {
                Ok(socket) => {
                    self.own.admin = Some(socket);
                    self.open_to_administrators();
                    opened = true;
                }
                Err(error) => self.failing("open the admin socket", &error),
            }
        }
        if self.own.http.is_none() {
            self.own.http = self.open_address("http", self.config.http);
            opened |= self.own.http.is_some();
        }
        if self.own.agent.is_none() {
            self.own.agent = self.open_address("agent", self.config.agent);
            opened |= self.own.agent.is_some();
        }
        if self.own.remote.is_none() {
            self.own.remote = self.open_address("remote.listen", self.config.remote_listen());
            opened |= self.own.remote.is_some();
        }
        opened
    }

    /// Opens an address of `mailward.toml`, where one is set.
    fn open_address(&self, key: &str, address: Option<SocketAddr>) -> Option<TcpListener> {
        let address = address?;
        match listen::bind(address) {
            Ok(socket) => Some(socket),
            Err(error) => {
                self.failing(&format!("listen on {address} (`{key}`)"), &error);
                None
            }
        }
    }
}
