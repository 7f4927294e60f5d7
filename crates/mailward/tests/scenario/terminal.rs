//! A real terminal (tmux) in which the program runs, for scenarios.

use std::{
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

use crate::support::{Node, text, wait_for};

/// A terminal in which a command runs.
pub(crate) struct Tmux {
    socket: String,
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]);
    }
}

impl Tmux {
    /// Starts it at 80 by 24.
    pub(crate) fn start(node: &Node, command: &str) -> Tmux {
        // A server that is ending still has its socket.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("tmux{}.sock", COUNT.fetch_add(1, Ordering::Relaxed));
        let socket = node.path(&name).display().to_string();
        let tmux = Tmux { socket };
        // The session outlives the command, so that what it leaves behind can be seen.
        let shell = format!("{command}; echo ended with $?; exec cat");
        tmux.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "80",
            "-y",
            "24",
            &shell,
        ]);
        tmux
    }

    /// Asks tmux.
    pub(crate) fn tmux(&self, arguments: &[&str]) -> String {
        let output = Command::new("tmux")
            .args(["-S", &self.socket])
            .args(arguments)
            .env("TERM", "xterm-256color")
            .env_remove("TMUX")
            .output()
            .unwrap();
        text(&output)
    }

    /// What stands on the terminal, without colours or with their codes.
    pub(crate) fn screen(&self, codes: bool) -> String {
        let more: &[&str] = if codes { &["-e"] } else { &[] };
        self.tmux(&[&["capture-pane", "-p"], more].concat())
    }

    /// Waits until it shows this.
    #[track_caller]
    pub(crate) fn shows(&self, what: &str) {
        wait_for(&format!("{what:?} on the terminal"), || {
            self.screen(false).contains(what)
        });
    }
}

/// Whether there is tmux; says so where there is none.
pub(crate) fn is_there() -> bool {
    let there = Command::new("tmux").arg("-V").output().is_ok();
    if !there {
        eprintln!("passed over: tmux is not installed (scripts/test installs it)");
    }
    there
}
