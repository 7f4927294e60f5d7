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

mod archive;
mod directories;
mod feeds;
mod outside;
mod probes;
mod repairs;
mod support;
mod talk;
mod terminal;

mod a_bad_feed_leaves_the_last_good_list_in_force;
mod a_case_begins_at_the_stage_that_cured_it_before;
mod a_clock_that_jumps_neither_bounces_nor_stalls_mail;
mod a_dynamic_group_follows_its_recipients;
mod a_feed_moves_a_connectors_ranges_without_a_restart;
mod a_forecast_says_what_will_break;
mod a_forged_probe_is_ordinary_mail_or_refused;
mod a_full_disk_is_freed_by_the_rules_and_a_command_is_run;
mod a_full_disk_refuses_mail_and_recovers_by_itself;
mod a_group_never_loses_its_last_node;
mod a_health_mailbox_and_its_key_mend_themselves;
mod a_health_set_in_shadow_mode_is_told_about_and_left_alone;
mod a_held_connector_rests_while_the_other_serves;
mod a_hold_ends_by_force_with_a_reason_or_when_nobody_would_end_it;
mod a_hung_or_killed_role_is_replaced_in_time;
mod a_killed_transport_loses_nothing_and_refuses_nobody;
mod a_new_certificate_serves_the_next_handshake;
mod a_share_of_bad_results_is_judged_as_its_rule_says;
mod a_worker_that_falls_over_runs_in_safe_mode;
mod administrators_find_exchanges_shell;
mod an_act_that_is_refused_is_explained_and_a_person_told;
mod an_alert_reaches_people_without_the_queue;
mod an_archive_that_was_away_gets_every_report_once;
mod an_override_is_in_force_within_a_second_and_ends;
mod an_untrusted_certificate_is_refused_everywhere_within_a_second;
mod archives_written_by_others_read_a_report;
mod dialogs_hold_against_the_live_server;
mod dovecot_takes_mail_over_lmtp;
mod drills_break_something_and_see_it_repaired;
mod each_role_may_be_stopped_or_killed_at_any_moment;
mod endpoints_are_tested_as_a_stranger_sees_them;
mod exchange_names_run_the_same_operations;
mod health_notices_and_repairs_a_wedged_connector;
mod health_pages_tell_load_balancers_and_prometheus;
mod hostile_clients_get_replies_and_others_get_service;
mod load_balancers_take_a_drained_node_out_and_put_it_back;
mod mail_flow_is_judged_at_both_ends;
mod mail_reaches_a_mailbox_and_is_journaled_once;
mod metrics_and_events_reach_a_collector;
mod neighbours_are_watched;
mod nodes_share_their_objects_in_a_database;
mod objects_change_without_a_restart;
mod operators_command_the_queue;
mod people_hear_once_of_what_broke_and_once_that_it_is_over;
mod postfix_hands_mail_in_and_takes_mail_out;
mod probes_leave_no_trace;
mod prometheus_reads_the_metrics_and_the_rules_fit_them;
mod recipients_are_found_by_a_filter;
mod recipients_come_in_and_go_out_as_tables;
mod recipients_follow_active_directory;
mod recipients_follow_openldap;
mod reports_are_sent_once_whenever_transport_is_killed;
mod roles_run_as_their_user;
mod systemd_hears_that_it_is_ready_and_alive;
mod the_hosts_firewall_follows_the_feed;
mod the_machine_is_restarted_once_and_after_a_countdown;
mod the_manager_survives_what_it_loses;
mod the_perimeter_is_explained_and_written_for_other_firewalls;
mod top_shows_the_node_live_and_finds_it_again;
mod what_is_in_maintenance_is_shown_and_left_alone;
