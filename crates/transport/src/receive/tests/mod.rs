//! The receiver over real sockets, with a real queue: dialogs, and what only a live server shows.

mod mail;
mod operate;
mod scene;
