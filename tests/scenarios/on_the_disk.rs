//! T-52, T-61: a booking is on the disk before its visitor hears of it, so that a power cut cannot take
//! it back.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;
use tests::{Installation, Sink};

/// One thing that the system was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    /// The last page of a booking arrived.
    Asked,
    /// What was written is on the disk.
    Synced,
    /// The visitor is told that it was done.
    Told,
}

/// A line of strace: calls of different threads may be cut in two, then the end says that it was done.
fn call(line: &str) -> Option<Call> {
    let is =
        |name: &str| line.contains(&format!(" {name}(")) || line.contains(&format!("<... {name} resumed>"));
    if (is("recvfrom") || is("read")) && line.contains("\"POST /book/") && line.contains("/check HTTP") {
        Some(Call::Asked)
    } else if (is("fdatasync") || is("fsync")) && line.ends_with(" = 0") {
        Some(Call::Synced)
    } else if (is("write") || is("writev") || is("sendto")) && line.contains("\"HTTP/1.1 303") {
        Some(Call::Told)
    } else {
        None
    }
}

/// What strace wrote down, once the program has ended.
async fn traced(here: &Installation) -> String {
    let ended = async {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        loop {
            look.tick().await;
            let text = here.read("trace");
            if text.lines().last().is_some_and(|it| it.contains("+++ exited")) {
                return text;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ended)
        .await
        .expect("strace ends with the program")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_booking_is_on_the_disk_before_its_visitor_hears_of_it() {
    let sink = Sink::new(json!([]));
    let here = Installation::new(&sink, 12).await;
    if here.is_shared() {
        // There it is the server that writes; we ask it to be as careful.
        let records = here.records().await;
        let statement = Statement::from_string(DbBackend::Postgres, "SHOW synchronous_commit");
        let row = records
            .reader
            .query_one_raw(statement)
            .await
            .expect("readable")
            .expect("a row");
        assert_eq!(row.try_get_by_index::<String>(0).expect("a text"), "on");
        return;
    }
    let calls = "trace=fdatasync,fsync,read,recvfrom,write,writev,sendto";
    let service = here.serve_under(&["strace", "-D", "-f", "-s", "300", "-e", calls, "-o", "trace"]);
    let path = here.run_path().await;
    // Several, because now and then something else is synced at that very moment.
    for number in 0..5 {
        let email = format!("p{number}@example.org");
        let check = here.visitor().answers(&path, "book", "Sam Sorrel", &email).await;
        check
            .agreed("Confirm my booking")
            .submit()
            .await
            .must_say("Your place is booked");
    }
    service.stop();

    let trace = traced(&here).await;
    let (mut synced, mut bookings) = (None, 0);
    for call in trace.lines().filter_map(call) {
        match call {
            Call::Asked => synced = Some(false),
            Call::Synced => synced = synced.map(|_| true),
            Call::Told => {
                if let Some(synced) = synced.take() {
                    assert!(synced, "told before it was on the disk:\n{trace}");
                    bookings += 1;
                }
            }
        }
    }
    assert_eq!(bookings, 5, "{trace}");
}
