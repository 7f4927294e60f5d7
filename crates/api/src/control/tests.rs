//! The channel over real sockets: hellos, versions, limits, stale and living sockets.

use std::{os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use super::*;
use crate::fault::{Fault, FaultKind};

fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("transport.sock");
    (dir, path)
}

async fn answer(request: ControlRequest) -> Result<ControlReply, Fault> {
    match request {
        ControlRequest::QueueExport { length, .. } => Ok(ControlReply::Octets(Octets {
            total: u64::from(length),
            octets: vec![0xff; length as usize],
        })),
        ControlRequest::CancelRestart { .. } => Ok(ControlReply::Done),
        other => Err(Fault::unsupported("transport", other.name())),
    }
}

fn gate() -> ControlRequest {
    ControlRequest::CancelRestart {
        reason: "test".to_owned(),
        by: String::new(),
    }
}

fn export(length: u32) -> ControlRequest {
    ControlRequest::QueueExport {
        id: mailward_model::MessageId::from_bits(7),
        offset: 0,
        length,
    }
}

#[tokio::test]
async fn requests_are_answered_in_turn() {
    let (_dir, path) = place();
    let _server = serve(&path, answer).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut client = Client::connect(&path).await.unwrap();
    assert_eq!(client.call(&gate()).await.unwrap(), ControlReply::Done);
    let fault = match client.call(&ControlRequest::Ping).await.unwrap_err() {
        CallError::Fault(fault) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(fault.kind, FaultKind::Unsupported);
    match client.call(&export(4 << 20)).await.unwrap() {
        ControlReply::Octets(piece) => assert_eq!(piece.octets.len(), 4 << 20),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_answer_too_long_is_a_fault_and_the_channel_goes_on() {
    let (_dir, path) = place();
    let _server = serve(&path, answer).unwrap();
    let mut client = Client::connect(&path).await.unwrap();
    match client.call(&export(13 << 20)).await.unwrap_err() {
        CallError::Fault(fault) => assert_eq!(fault.kind, FaultKind::TooLarge),
        other => panic!("{other:?}"),
    }
    assert_eq!(client.call(&gate()).await.unwrap(), ControlReply::Done);
}

#[tokio::test]
async fn another_version_is_refused_by_both_sides() {
    let (_dir, path) = place();
    let _server = serve(&path, answer).unwrap();
    let mut stream = UnixStream::connect(&path).await.unwrap();
    let mut hello = server::Hello::ours();
    hello.version += 1;
    frame::write(&mut stream, &hello).await.unwrap();
    let theirs: server::Hello = frame::read(&mut stream).await.unwrap();
    assert_eq!(theirs.version, VERSION);
    // The server hangs up and answers nothing.
    let _ = frame::write(&mut stream, &gate()).await;
    let reply = frame::read::<Result<ControlReply, Fault>>(&mut stream).await;
    assert!(reply.is_err());

    let (_dir, path) = place();
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        frame::write(&mut stream, &hello).await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
    });
    match Client::connect(&path).await.unwrap_err() {
        CallError::Version { found, .. } => assert_eq!(found, VERSION + 1),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn frames_that_lie_end_the_connection_and_cost_nothing() {
    let (_dir, path) = place();
    let _server = serve(&path, answer).unwrap();
    for octets in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0xff, 0xff, 0xff, 0xff, b'{'],
        &[0, 0, 0, 2, b'{', b'{'],
        &[0, 0, 0, 0],
    ] {
        let mut stream = UnixStream::connect(&path).await.unwrap();
        stream.write_all(octets).await.unwrap();
        let mut rest = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(3), stream.read_to_end(&mut rest));
        let _ = read.await.expect("the server closes");
        assert!(rest.is_empty(), "{octets:?}");
    }
    // Nobody there was harmed.
    let mut client = Client::connect(&path).await.unwrap();
    assert_eq!(client.call(&gate()).await.unwrap(), ControlReply::Done);
}

#[tokio::test]
async fn an_unknown_request_is_refused_and_the_channel_goes_on() {
    let (_dir, path) = place();
    let _server = serve(&path, answer).unwrap();
    let mut stream = UnixStream::connect(&path).await.unwrap();
    frame::write(&mut stream, &server::Hello::ours())
        .await
        .unwrap();
    let _: server::Hello = frame::read(&mut stream).await.unwrap();
    for request in [
        serde_json::json!({ "make_coffee": { "cups": 2 } }),
        serde_json::json!("ping"),
    ] {
        frame::write(&mut stream, &request).await.unwrap();
        let reply: Result<ControlReply, Fault> = frame::read(&mut stream).await.unwrap();
        assert_eq!(reply.unwrap_err().kind, FaultKind::Unsupported);
    }
}

#[tokio::test]
async fn a_dead_socket_is_replaced_and_a_living_one_is_not() {
    let (_dir, path) = place();
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let _server = serve(&path, answer).unwrap();
    assert!(matches!(serve(&path, answer), Err(BindError::InUse { .. })));
}

#[tokio::test]
async fn nobody_there_says_what_to_do() {
    let (_dir, path) = place();
    let fault = Client::connect(&path)
        .await
        .unwrap_err()
        .into_fault("transport");
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert!(fault.mend.contains("mailward status"), "{fault}");
}
