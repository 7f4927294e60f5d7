//! A connection to an address of this node that does not come about: whose fault it is.

use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};

use super::*;

async fn look(address: SocketAddr) -> ProbeView {
    let node = node(address, "Internet");
    let target = connector(ReceiveConnector::default());
    run(&definition(target, 400), &node.context).await
}

#[tokio::test]
async fn a_program_that_takes_no_connections_is_to_blame_itself() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    // Few connections may wait, and nobody takes one.
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await
    {
        waiting.push(stream);
    }
    let view = look(address).await;
    let words = "connections wait there that are not taken";
    assert_found(&view, "timeout", words, None);
}

#[tokio::test]
async fn nobody_that_listens_is_the_component_s_own_fault() {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    assert_found(
        &look(address).await,
        "fail",
        "no socket listens there",
        None,
    );
}
