//! Dialogs of the client machine with scripted peers.

use mailward_model::EmailAddress;
use proptest::prelude::*;

use super::*;

fn client(lmtp: bool) -> Client {
    Client::new(Options {
        helo: "edge.example.org".into(),
        lmtp,
        chunking: true,
    })
}

/// Feeds the peer's words, gives what the machine then writes and wants.
fn says(client: &mut Client, words: &str) -> (String, Result<Step, ClientError>) {
    client.feed(words.as_bytes());
    let step = client.step();
    let output = String::from_utf8(std::mem::take(client.output())).unwrap();
    (output, step)
}

/// The same where nobody asks what the machine then wants.
fn hears(client: &mut Client, words: &str) {
    let _ = says(client, words);
}

/// A client that stands after EHLO with these extensions.
fn ready(lmtp: bool, extensions: &str) -> Client {
    let mut client = client(lmtp);
    let verb = if lmtp { "LHLO" } else { "EHLO" };
    assert_eq!(
        says(&mut client, "220 mx.example ESMTP\r\n"),
        (format!("{verb} edge.example.org\r\n"), Ok(Step::Read))
    );
    let lines = format!("mx.example {extensions}");
    let count = lines.split(' ').filter(|l| !l.is_empty()).count();
    let reply: String = lines
        .split(' ')
        .filter(|l| !l.is_empty())
        .enumerate()
        .map(|(i, line)| {
            let sign = if i + 1 == count { ' ' } else { '-' };
            format!("250{sign}{}\r\n", line.replace('_', " "))
        })
        .collect();
    assert_eq!(says(&mut client, &reply), (String::new(), Ok(Step::Ready)));
    client
}

const NULL: ReversePath = ReversePath::Null;

fn tx() -> Transaction<'static> {
    Transaction {
        mail_from: &NULL,
        size: 5,
        body: BodyType::SevenBit,
        smtputf8: false,
        ret: None,
        envid: None,
        xoorg: None,
    }
}

fn begin(client: &mut Client, locals: &str) -> String {
    let recipients: Vec<EnvelopeRecipient> = locals
        .chars()
        .map(|l| EnvelopeRecipient::new(format!("{l}@x.example").parse::<EmailAddress>().unwrap()))
        .collect();
    client.begin(&tx(), recipients.iter()).unwrap();
    String::from_utf8(std::mem::take(client.output())).unwrap()
}

fn codes(client: &mut Client) -> Vec<u16> {
    client.outcome().iter().map(|r| r.code).collect()
}

#[test]
fn a_pipelined_transaction_and_the_next_one() {
    let mut client = ready(false, "PIPELINING SIZE_1000");
    assert_eq!(
        begin(&mut client, "ab"),
        "MAIL FROM:<> SIZE=5\r\nRCPT TO:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\n"
    );
    let (out, step) = says(
        &mut client,
        "250 ok\r\n250 ok\r\n550 5.1.1 no\r\n354 go\r\n",
    );
    assert_eq!(
        (out.as_str(), step),
        ("", Ok(Step::SendBody(Framing::Dots)))
    );
    client.body_sent(true);
    let (_, step) = says(&mut client, "250 2.0.0 queued as 7\r\n");
    assert_eq!(step, Ok(Step::Done));
    assert_eq!(codes(&mut client), [250, 550]);
    assert!(client.is_idle());
    assert!(begin(&mut client, "c").starts_with("MAIL"));
}

#[test]
fn without_pipelining_each_command_waits() {
    let mut client = ready(false, "");
    assert_eq!(begin(&mut client, "ab"), "MAIL FROM:<>\r\n");
    for (reply, command) in [
        ("250 ok\r\n", "RCPT TO:<a@x.example>\r\n"),
        ("550 no\r\n", "RCPT TO:<b@x.example>\r\n"),
        ("250 ok\r\n", "DATA\r\n"),
    ] {
        assert_eq!(
            says(&mut client, reply),
            (command.to_owned(), Ok(Step::Read))
        );
    }
    let (_, step) = says(&mut client, "354\r\n");
    assert_eq!(step, Ok(Step::SendBody(Framing::Dots)));
    client.body_sent(true);
    assert_eq!(says(&mut client, "451 later\r\n").1, Ok(Step::Done));
    assert_eq!(codes(&mut client), [550, 451]);
}

#[test]
fn chunking_waits_for_the_recipients_and_needs_no_dots() {
    let mut client = ready(false, "PIPELINING CHUNKING");
    assert!(begin(&mut client, "a").ends_with("RCPT TO:<a@x.example>\r\n"));
    let (out, step) = says(&mut client, "250 ok\r\n250 ok\r\n");
    assert_eq!(out, "BDAT 5 LAST\r\n");
    assert_eq!(step, Ok(Step::SendBody(Framing::Chunk)));
    client.body_sent(true);
    assert_eq!(says(&mut client, "250 ok\r\n").1, Ok(Step::Done));
    assert_eq!(codes(&mut client), [250]);
}

#[test]
fn a_peer_that_does_not_know_bdat_after_all_defers() {
    let mut client = ready(false, "PIPELINING CHUNKING");
    begin(&mut client, "a");
    hears(&mut client, "250 ok\r\n250 ok\r\n");
    client.body_sent(true);
    assert_eq!(says(&mut client, "502 5.5.2 what?\r\n").1, Ok(Step::Done));
    assert!(client.chunking_refused());
    assert_eq!(codes(&mut client), [451]);
}

#[test]
fn lmtp_answers_for_each_accepted_recipient() {
    let mut client = ready(true, "PIPELINING");
    begin(&mut client, "abc");
    hears(
        &mut client,
        "250 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n",
    );
    client.body_sent(true);
    assert_eq!(says(&mut client, "250 ok\r\n").1, Ok(Step::Read));
    assert_eq!(says(&mut client, "452 4.2.2 full\r\n").1, Ok(Step::Done));
    assert_eq!(codes(&mut client), [250, 550, 452]);
}

#[test]
fn mail_refused_settles_everybody() {
    for (extensions, replies) in [
        ("", "550 5.7.1 go away\r\n"),
        (
            "PIPELINING",
            "550 5.7.1 go away\r\n503 first MAIL\r\n503 first MAIL\r\n503 first RCPT\r\n",
        ),
    ] {
        let mut client = ready(false, extensions);
        begin(&mut client, "ab");
        assert_eq!(says(&mut client, replies).1, Ok(Step::Done));
        let outcome = client.outcome();
        assert!(outcome.iter().all(|r| r.to_string() == "550 5.7.1 go away"));
        assert!(client.is_idle());
    }
}

#[test]
fn a_server_that_wants_data_for_nobody_gets_a_lone_dot() {
    let mut client = ready(false, "PIPELINING");
    begin(&mut client, "a");
    let (out, step) = says(&mut client, "250 ok\r\n550 no\r\n354 go\r\n");
    assert_eq!((out.as_str(), step), (".\r\n", Ok(Step::Read)));
    assert_eq!(says(&mut client, "250 fine\r\n").1, Ok(Step::Done));
    assert_eq!(codes(&mut client), [550]);
}

#[test]
fn a_server_that_takes_recipients_without_a_sender_gets_nothing() {
    let mut client = ready(false, "PIPELINING");
    begin(&mut client, "a");
    let (out, step) = says(&mut client, "550 no\r\n250 ok\r\n354 go\r\n");
    assert_eq!((out.as_str(), step), ("", Ok(Step::Done)));
    assert_eq!(codes(&mut client), [550]);
    assert!(!client.is_idle());
}

#[test]
fn what_a_failed_transaction_left_is_reset_before_the_next() {
    let mut client = ready(false, "PIPELINING CHUNKING");
    begin(&mut client, "a");
    assert_eq!(
        says(&mut client, "250 ok\r\n550 no\r\n"),
        (String::new(), Ok(Step::Done))
    );
    codes(&mut client);
    assert!(begin(&mut client, "b").starts_with("RSET\r\nMAIL FROM"));
    hears(&mut client, "250 reset\r\n250 ok\r\n250 ok\r\n");
    client.body_sent(true);
    assert_eq!(says(&mut client, "250 ok\r\n").1, Ok(Step::Done));
    assert_eq!(codes(&mut client), [250]);
}

#[test]
fn a_421_defers_what_is_open_and_keeps_what_was_said() {
    let mut client = ready(false, "PIPELINING");
    begin(&mut client, "abc");
    let (_, step) = says(
        &mut client,
        "250 ok\r\n250 ok\r\n550 no\r\n421 4.3.2 bye\r\n",
    );
    assert_eq!(step, Ok(Step::Done));
    assert_eq!(codes(&mut client), [421, 550, 421]);
    assert!(!client.is_idle());
}

#[test]
fn a_421_while_idle_is_seen() {
    let mut client = ready(false, "PIPELINING");
    let (_, step) = says(&mut client, "421 4.4.2 idle\r\n");
    assert!(matches!(step, Ok(Step::Closed(_))), "{step:?}");
}

#[test]
fn a_broken_body_is_never_accepted() {
    let mut client = ready(false, "PIPELINING");
    begin(&mut client, "a");
    hears(&mut client, "250 ok\r\n250 ok\r\n354 go\r\n");
    client.body_sent(false);
    assert_eq!(says(&mut client, "250 ok\r\n").1, Ok(Step::Done));
    assert_eq!(codes(&mut client), [451]);
}

#[test]
fn a_lost_connection_keeps_the_refusals() {
    let mut client = ready(false, "PIPELINING");
    begin(&mut client, "ab");
    hears(&mut client, "250 ok\r\n550 no\r\n");
    let lost = Reply::new(451, EnhancedCode(4, 4, 2), "lost");
    let codes: Vec<_> = client.abandon(&lost).iter().map(|r| r.code).collect();
    assert_eq!(codes, [550, 451]);
}

#[test]
fn old_servers_are_greeted_with_helo() {
    let mut client = client(false);
    hears(&mut client, "220 old\r\n");
    assert_eq!(
        says(&mut client, "502 5.5.2 what?\r\n"),
        ("HELO edge.example.org\r\n".into(), Ok(Step::Read))
    );
    assert_eq!(says(&mut client, "250 hello\r\n").1, Ok(Step::Ready));
    assert_eq!(
        client.capabilities(),
        &Capabilities {
            name: "hello".into(),
            ..Default::default()
        }
    );
}

#[test]
fn refusals_before_mail() {
    for greeting in ["554 no\r\n", "421 busy\r\n", "450 later\r\n"] {
        let (_, step) = says(&mut client(false), greeting);
        assert!(matches!(step, Ok(Step::Refused(_))), "{step:?}");
    }
    let mut client = client(true);
    hears(&mut client, "220 lmtp\r\n");
    let (_, step) = says(&mut client, "500 no LHLO\r\n");
    assert!(matches!(step, Ok(Step::Refused(_))), "{step:?}");
}

#[test]
fn words_behind_the_answer_to_starttls_are_fatal() {
    let mut client = ready(false, "STARTTLS PIPELINING");
    client.start_tls();
    let (out, step) = says(&mut client, "220 go\r\n250 forged\r\n");
    assert_eq!(out, "STARTTLS\r\n");
    assert_eq!(step, Err(ClientError::BeforeTls));
}

#[test]
fn tls_forgets_what_was_said_before() {
    let mut client = ready(false, "STARTTLS PIPELINING SIZE_1");
    client.start_tls();
    assert_eq!(says(&mut client, "220 go\r\n").1, Ok(Step::Handshake));
    client.tls_established();
    assert_eq!(
        says(&mut client, "250 mx.example\r\n"),
        ("EHLO edge.example.org\r\n".into(), Ok(Step::Ready))
    );
    assert!(!client.capabilities().pipelining);
    let mut client = ready(false, "STARTTLS");
    client.start_tls();
    let (_, step) = says(&mut client, "454 4.7.0 not now\r\n");
    assert!(matches!(step, Ok(Step::TlsRefused(_))), "{step:?}");
    assert!(client.is_idle());
}

/// A client that is about to send a body, with another transaction begun behind it for `local`.
fn behind(extensions: &str, local: &str) -> Client {
    let mut client = ready(false, extensions);
    begin(&mut client, "a");
    hears(&mut client, "250 ok\r\n250 ok\r\n354 go\r\n");
    assert!(begin_behind(&mut client, local));
    client
}

fn begin_behind(client: &mut Client, local: &str) -> bool {
    let address = format!("{local}@x.example").parse().unwrap();
    let recipient = EnvelopeRecipient::new(address);
    client.begin_behind(&tx(), [&recipient].into_iter())
}

#[test]
fn a_transaction_behind_another_costs_one_round_trip() {
    let mut client = behind("PIPELINING", "b");
    assert_eq!(
        client.behind(),
        b"MAIL FROM:<>\r\nRCPT TO:<b@x.example>\r\nDATA\r\n"
    );
    assert!(!begin_behind(&mut client, "c"), "one at a time");
    client.body_sent(true);
    assert!(client.output().is_empty(), "the group went with the body");
    // The end of one message and the beginning of the next are answered in one go.
    let (_, step) = says(
        &mut client,
        "250 queued as 1\r\n250 ok\r\n250 ok\r\n354 go\r\n",
    );
    assert_eq!(step, Ok(Step::Done));
    assert_eq!(codes(&mut client), [250]);
    assert!(client.is_under_way() && !client.is_idle() && !client.has_heard());
    assert_eq!(client.step(), Ok(Step::SendBody(Framing::Dots)));
    assert!(client.has_heard());
    client.body_sent(true);
    assert_eq!(says(&mut client, "554 no\r\n").1, Ok(Step::Done));
    assert_eq!(codes(&mut client), [554]);
    assert!(client.is_idle());
}

#[test]
fn a_message_refused_takes_no_other_with_it() {
    let mut client = behind("PIPELINING", "b");
    client.body_sent(true);
    assert_eq!(says(&mut client, "554 5.6.0 spam\r\n").1, Ok(Step::Done));
    assert_eq!(codes(&mut client), [554]);
    let (_, step) = says(&mut client, "250 ok\r\n250 ok\r\n354 go\r\n");
    assert_eq!(step, Ok(Step::SendBody(Framing::Dots)));
    client.body_sent(true);
    assert_eq!(says(&mut client, "250 ok\r\n").1, Ok(Step::Done));
    assert_eq!(codes(&mut client), [250]);
}

#[test]
fn a_refusal_in_the_middle_of_a_group_is_for_its_own_message() {
    for (replies, expect) in [
        ("550 no\r\n503 MAIL first\r\n503 RCPT first\r\n", 550),
        ("250 ok\r\n551 no\r\n554 nobody\r\n", 551),
        ("250 ok\r\n250 ok\r\n451 not now\r\n", 451),
    ] {
        let mut client = behind("PIPELINING", "b");
        client.body_sent(true);
        let (_, step) = says(&mut client, &format!("250 queued\r\n{replies}"));
        assert_eq!(step, Ok(Step::Done));
        assert_eq!(codes(&mut client), [250]);
        assert!(!client.mail_was_refused());
        assert_eq!(client.step(), Ok(Step::Done));
        assert_eq!(codes(&mut client), [expect]);
        assert_eq!(client.mail_was_refused(), expect == 550);
        assert!(client.is_idle());
        let rset = begin(&mut client, "c").starts_with("RSET");
        assert_eq!(rset, expect != 550, "what MAIL began is reset");
    }
}

#[test]
fn what_goes_behind_is_not_answered_for_when_the_connection_ends_before_it() {
    // The peer closes with the answer to the first message.
    let mut client = behind("PIPELINING", "b");
    client.body_sent(true);
    assert_eq!(says(&mut client, "421 4.3.2 bye\r\n").1, Ok(Step::Done));
    assert_eq!(codes(&mut client), [421]);
    assert!(!client.is_under_way() && !client.is_idle());
    // The body did not get through, and nothing behind it.
    let mut client = behind("PIPELINING", "b");
    client.body_sent(false);
    assert!(client.behind().is_empty());
    assert_eq!(says(&mut client, "250 ok\r\n").1, Ok(Step::Done));
    assert_eq!(codes(&mut client), [451]);
    assert!(!client.is_under_way());
    // It breaks when the first one is over: nobody has heard of the second.
    let mut client = behind("PIPELINING", "b");
    client.body_sent(true);
    assert_eq!(says(&mut client, "250 ok\r\n").1, Ok(Step::Done));
    assert_eq!(codes(&mut client), [250]);
    assert!(client.is_under_way() && !client.has_heard());
    let lost = Reply::new(451, EnhancedCode(4, 4, 2), "lost");
    assert_eq!(client.abandon(&lost).len(), 1);
}

#[test]
fn nothing_goes_behind_where_the_peer_does_not_pipeline_or_has_had_enough() {
    for extensions in ["", "SIZE_1000", "PIPELINING LIMITS_MAILMAX=1"] {
        let mut client = ready(false, extensions);
        begin(&mut client, "a");
        assert!(!begin_behind(&mut client, "b"), "no body is due");
        hears(&mut client, "250 ok\r\n");
        hears(&mut client, "250 ok\r\n");
        let (_, step) = says(&mut client, "354 go\r\n");
        assert_eq!(step, Ok(Step::SendBody(Framing::Dots)), "{extensions}");
        assert!(!begin_behind(&mut client, "b"), "{extensions}");
    }
    // Nor what does not fit: it is begun by itself, and refused as ever.
    let mut client = ready(false, "PIPELINING SIZE_10");
    begin(&mut client, "a");
    hears(&mut client, "250 ok\r\n250 ok\r\n354 go\r\n");
    let recipient = EnvelopeRecipient::new("b@x.example".parse().unwrap());
    let large = Transaction { size: 11, ..tx() };
    assert!(!client.begin_behind(&large, [&recipient].into_iter()));
}

#[test]
fn chunks_have_a_transaction_behind_them_too() {
    let mut client = ready(false, "PIPELINING CHUNKING");
    begin(&mut client, "a");
    let (out, step) = says(&mut client, "250 ok\r\n250 ok\r\n");
    assert_eq!(
        (out.as_str(), step),
        ("BDAT 5 LAST\r\n", Ok(Step::SendBody(Framing::Chunk)))
    );
    assert!(begin_behind(&mut client, "b"));
    assert_eq!(
        client.behind(),
        b"MAIL FROM:<>\r\nRCPT TO:<b@x.example>\r\n"
    );
    client.body_sent(true);
    assert_eq!(
        says(&mut client, "250 ok\r\n250 ok\r\n250 ok\r\n").1,
        Ok(Step::Done)
    );
    assert_eq!(codes(&mut client), [250]);
    assert_eq!(
        says(&mut client, ""),
        ("BDAT 5 LAST\r\n".into(), Ok(Step::SendBody(Framing::Chunk)))
    );
    // A peer that does not know BDAT after all says too much to tell what is for whom.
    let mut client = ready(false, "PIPELINING CHUNKING");
    begin(&mut client, "a");
    hears(&mut client, "250 ok\r\n250 ok\r\n");
    assert!(begin_behind(&mut client, "b"));
    client.body_sent(true);
    let words = "502 what?\r\n500 what?\r\n500 what?\r\n250 ok\r\n";
    assert_eq!(says(&mut client, words).1, Ok(Step::Done));
    assert_eq!(codes(&mut client), [451]);
    assert!(!client.is_under_way() && !client.is_idle());
}

#[track_caller]
fn check_unsuitable(tx: &Transaction<'_>, extensions: &str, expect: Option<EnhancedCode>) {
    let mut client = ready(false, extensions);
    let recipient = EnvelopeRecipient::new("a@x.example".parse().unwrap());
    let got = client.begin(tx, [&recipient].into_iter());
    assert_eq!(got.err().and_then(|r| r.enhanced), expect, "{extensions}");
}

#[test]
fn messages_a_peer_cannot_take_are_not_offered() {
    let binary = Transaction {
        body: BodyType::BinaryMime,
        ..tx()
    };
    let eight = Transaction {
        body: BodyType::EightBitMime,
        ..tx()
    };
    let utf8 = Transaction {
        smtputf8: true,
        ..tx()
    };
    check_unsuitable(&binary, "BINARYMIME", Some(EnhancedCode(5, 6, 3)));
    check_unsuitable(&binary, "BINARYMIME CHUNKING", None);
    check_unsuitable(&eight, "PIPELINING", Some(EnhancedCode(5, 6, 3)));
    check_unsuitable(&eight, "8BITMIME", None);
    check_unsuitable(&utf8, "8BITMIME", Some(EnhancedCode(5, 6, 7)));
    check_unsuitable(&utf8, "8BITMIME SMTPUTF8", None);
    check_unsuitable(&tx(), "SIZE_4", Some(EnhancedCode(5, 3, 4)));
    check_unsuitable(&tx(), "SIZE_0", None);
    check_unsuitable(&tx(), "SIZE_5", None);
}

#[test]
fn a_552_for_a_recipient_is_for_now() {
    let mut client = ready(false, "PIPELINING");
    begin(&mut client, "ab");
    hears(
        &mut client,
        "250 ok\r\n552 too many\r\n552 5.2.2 full\r\n554 no\r\n",
    );
    assert_eq!(codes(&mut client), [452, 552]);
}

#[test]
fn an_endless_line_is_not_kept() {
    let mut client = client(false);
    let (_, step) = says(&mut client, &"2".repeat(LINE_OCTETS_MAX + 1));
    assert_eq!(step, Err(ClientError::Reply(ReplyError::LongLine)));
}

/// Plays a whole session; gives everything written and every step, whatever the chunks.
fn play(words: &[u8], cuts: &[usize]) -> (Vec<u8>, Vec<String>) {
    let mut client = client(false);
    let recipient = EnvelopeRecipient::new("a@x.example".parse().unwrap());
    let (mut written, mut steps) = (Vec::new(), Vec::new());
    let mut from = 0;
    let mut begun = false;
    for to in cuts.iter().copied().chain([words.len()]) {
        let to = to.clamp(from, words.len());
        client.feed(&words[from..to]);
        from = to;
        for _ in 0..200 {
            let step = client.step();
            written.append(client.output());
            match step {
                Ok(Step::Read) => break,
                Ok(Step::Ready) if begun => break,
                Ok(Step::Ready) => {
                    begun = true;
                    let _ = client.begin(&tx(), [&recipient, &recipient].into_iter());
                }
                Ok(Step::SendBody(_)) => client.body_sent(true),
                Ok(Step::Done) => steps.push(format!("{:?}", client.outcome())),
                other => {
                    steps.push(format!("{other:?}"));
                    return (written, steps);
                }
            }
        }
    }
    (written, steps)
}

proptest! {
    #[test]
    fn chunks_make_no_difference(
        words in "220 a\r\n250-b\r\n250( PIPELINING| CHUNKING|)\r\n((250|354|550|421) (2.1.0 )?x\r\n){0,6}",
        mut cuts in proptest::collection::vec(0usize..120, 0..8),
    ) {
        cuts.sort_unstable();
        prop_assert_eq!(play(words.as_bytes(), &cuts), play(words.as_bytes(), &[]));
    }

    #[test]
    fn random_octets_never_panic(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        play(&octets, &[]);
    }

    #[test]
    fn likely_octets_never_panic(words in "(220|250|354|421|550|2|-| |\r\n|x|5\\.1\\.1){0,40}") {
        play(words.as_bytes(), &[]);
    }

    #[test]
    fn nobody_is_delivered_without_a_final_reply(words in "220 a\r\n250-b\r\n250 PIPELINING\r\n((250|251|550|450) x\r\n){3}(354|554) x\r\n") {
        // Everything but the end of the message has been answered.
        let mut client = client(false);
        client.feed(words.as_bytes());
        let recipient = EnvelopeRecipient::new("a@x.example".parse().unwrap());
        prop_assert_eq!(client.step(), Ok(Step::Ready));
        // The rest is in the buffer already: the machine takes it as the answers.
        client.begin(&tx(), [&recipient, &recipient].into_iter()).unwrap();
        while let Ok(Step::SendBody(_)) = client.step() {
            client.body_sent(true);
        }
        let lost = Reply::new(451, EnhancedCode(4, 4, 2), "lost");
        prop_assert!(client.abandon(&lost).iter().all(|r| !r.is_positive()));
    }
}
