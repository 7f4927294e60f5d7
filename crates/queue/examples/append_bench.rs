//! Measures the durable accept: writers that each wait until their message is on the disk, then
//! settle it. Prints messages per second, latency, and processor time per message.
//!
//! `append_bench [DIR] [MESSAGES] [WRITERS] [OCTETS]`
#![expect(clippy::print_stdout, reason = "its output is what it is run for")]

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use mailward_host::{clock::SystemClock, disk::RealDisk};
use mailward_model::{
    Envelope, EnvelopeRecipient, Origin, Reply, ReversePath,
    plan::{
        Delivery, DeliveryContent, DeliveryRecipient, Fate, NextHop, Plan, RecipientOutcome,
        Settlement,
    },
};
use mailward_queue::{NewMessage, Queue, QueueConfig};
use nix::sys::resource::{UsageWho, getrusage};

/// Processor time of this process.
fn cpu() -> Result<Duration, Box<dyn Error + Send + Sync>> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let (user, system) = (usage.user_time(), usage.system_time());
    let us = (user.tv_sec() + system.tv_sec()) * 1_000_000 + user.tv_usec() + system.tv_usec();
    Ok(Duration::from_micros(us.try_into()?))
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut args = std::env::args().skip(1);
    let dir = args.next().unwrap_or_else(|| "target/append_bench".into());
    let mut number = |default: u64| args.next().map_or(Ok(default), |arg| arg.parse());
    let (messages, writers, octets) = (number(60_000)?, number(64)?, number(5 << 10)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()?;
    runtime.block_on(run(dir, messages, writers, octets))
}

async fn run(
    dir: String,
    messages: u64,
    writers: u64,
    octets: u64,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let config = QueueConfig {
        min_free_bytes: 0,
        ..QueueConfig::new(dir)
    };
    let clock = Arc::new(SystemClock::default());
    let (queue, _) = Queue::open(config, Arc::new(RealDisk), clock)?;
    let body: Arc<[u8]> = b"a line of text that is repeated until it is long enough\r\n"
        .iter()
        .copied()
        .cycle()
        .take(usize::try_from(octets)?)
        .collect();
    let left = Arc::new(AtomicU64::new(messages));
    let (start, cpu_before) = (Instant::now(), cpu()?);
    let tasks: Vec<_> = (0..writers)
        .map(|_| tokio::spawn(write(queue.clone(), left.clone(), body.clone())))
        .collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    let (took, used) = (start.elapsed(), cpu()? - cpu_before);
    let stats = queue.stats();
    queue.shutdown().await;
    latencies.sort_unstable();
    let count = latencies.len();
    let at = |share: f64| {
        let place = (count as f64 * share) as usize;
        latencies.get(place.min(count.saturating_sub(1))).copied()
    };
    println!(
        "{:.0} messages/s, p50 {} us, p99 {} us, {:.1} us of processor time per message, \
         {:.1} records per sync, {:.3} octets written per octet",
        count as f64 / took.as_secs_f64(),
        at(0.5).unwrap_or_default(),
        at(0.99).unwrap_or_default(),
        used.as_secs_f64() * 1e6 / count as f64,
        stats.records_total as f64 / stats.syncs_total as f64,
        stats.written_bytes_total as f64 / (count as u64 * octets) as f64,
    );
    Ok(())
}

/// Accepts messages until none is left; answers the latency of each in microseconds.
async fn write(
    queue: Queue,
    left: Arc<AtomicU64>,
    octets: Arc<[u8]>,
) -> Result<Vec<u128>, Box<dyn Error + Send + Sync>> {
    let next_hop = NextHop::SmartHost {
        connector: "outbound".into(),
    };
    let sender = ReversePath::Mailbox("sender@example.org".parse()?);
    let recipient = EnvelopeRecipient::new("recipient@example.net".parse()?);
    let mut latencies = Vec::new();
    while left
        .fetch_update(Relaxed, Relaxed, |n| n.checked_sub(1))
        .is_ok()
    {
        let start = Instant::now();
        let id = queue.new_id();
        let mut body = queue.spool(id);
        for part in octets.chunks(4096) {
            body.write(part)?;
        }
        let message = NewMessage {
            id,
            envelope: Envelope {
                mail_from: sender.clone(),
                recipients: vec![recipient.clone()],
                ..Envelope::default()
            },
            origin: Origin {
                connector: "inbound".into(),
                client: Some(([192, 0, 2, 1], 25025).into()),
                server: Some(([192, 0, 2, 2], 25).into()),
                helo: "client.example.org".into(),
                protocol: "ESMTP".into(),
                tls: None,
                account: None,
                probe: false,
                arrival: None,
                accepted_unix_ms: id.unix_ms(),
            },
            body: body.finish()?,
            plan: Some(Plan {
                deliveries: vec![Delivery {
                    no: 0,
                    next_hop: next_hop.clone(),
                    mail_from: sender.clone(),
                    recipients: vec![DeliveryRecipient {
                        rcpt: recipient.clone(),
                        redirection: None,
                    }],
                    content: DeliveryContent::Message,
                }],
                notes: Vec::new(),
            }),
        };
        queue.accept(message).await?;
        latencies.push(start.elapsed().as_micros());
        if let Some(lease) = queue.take(&next_hop) {
            queue.settle_later(Settlement {
                message: lease.message.id,
                delivery: lease.delivery.no,
                outcomes: vec![RecipientOutcome {
                    recipient: 0,
                    fate: Fate::Delivered,
                    reply: Reply::bare(250, "ok"),
                }],
                retry_unix_ms: None,
                remote: None,
                follow_ups: Vec::new(),
            })?;
        }
    }
    Ok(latencies)
}
