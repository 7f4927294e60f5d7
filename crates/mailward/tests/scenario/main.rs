//! Scenarios: the real program, run as an administrator and as other mail servers would. One module
//! per behaviour, named as a sentence.
//!
//! Each node lives in a folder and on ports of its own. What needs root or a package says so and
//! ends; `scripts/test` provides both.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a scenario that cannot go on has failed, and says where"
)]

mod support;

mod a_clock_that_jumps_neither_bounces_nor_stalls_mail;
mod a_full_disk_refuses_mail_and_recovers_by_itself;
mod a_group_never_loses_its_last_node;
mod a_held_connector_rests_while_the_other_serves;
mod a_killed_transport_loses_nothing_and_refuses_nobody;
mod a_new_certificate_serves_the_next_handshake;
mod an_alert_reaches_people_without_the_queue;
mod dialogs_hold_against_the_live_server;
mod dovecot_takes_mail_over_lmtp;
mod health_notices_and_repairs_a_wedged_connector;
mod health_pages_tell_load_balancers_and_prometheus;
mod hostile_clients_get_replies_and_others_get_service;
mod mail_reaches_a_mailbox_and_is_journaled_once;
mod objects_change_without_a_restart;
mod operators_command_the_queue;
mod postfix_hands_mail_in_and_takes_mail_out;
mod roles_run_as_their_user;
mod systemd_hears_that_it_is_ready_and_alive;
