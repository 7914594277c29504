//! A thousand people press the last button for twelve places at the same moment.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Barrier, Mutex, Semaphore};
use tokio::task::JoinSet;

use crate::Result;
use crate::client::Client;
use crate::flow::{self, End, Ready};
use crate::load::Load;

/// How a rush ended.
#[derive(Debug, Default)]
pub(crate) struct Rush {
    pub(crate) booked: usize,
    pub(crate) told_full: usize,
    pub(crate) errors: Vec<String>,
    /// How long the answers took, and when the last one came.
    pub(crate) answers: Load,
}

/// How many fill in their forms at a time.
const AT_A_TIME: usize = 16;

/// Lets so many people answer all questions, then press the last button together, over at most so many
/// connections: a proxy in front keeps people waiting for a connection, not for a refusal.
pub(crate) async fn rush(server: SocketAddr, path: &str, people: usize, connections: usize) -> Result<Rush> {
    let forms = prepared(server, path, people).await?;
    let free = Arc::new(Semaphore::new(connections));
    let mut open = Vec::new();
    for _ in 0..connections.min(people) {
        let mut client = Client::new(server);
        client.connect().await?;
        open.push(client);
    }
    let open = Arc::new(Mutex::new(open));
    let together = Arc::new(Barrier::new(people + 1));
    let mut pressing = JoinSet::new();
    for (visitor, ready) in forms {
        let (free, open, together) = (free.clone(), open.clone(), together.clone());
        pressing.spawn(async move {
            together.wait().await;
            let begun = Instant::now();
            let end = press(&free, &open, visitor, &ready).await;
            (end, begun.elapsed())
        });
    }
    together.wait().await;
    let begun = Instant::now();
    let mut rush = Rush::default();
    let mut took = Vec::new();
    while let Some(done) = pressing.join_next().await {
        let (end, time) = done?;
        took.push(time);
        match end {
            Ok(End::Booked) => rush.booked += 1,
            Ok(End::NoPlace) => rush.told_full += 1,
            Err(error) => rush.errors.push(error.to_string()),
        }
    }
    rush.answers = Load::of(begun.elapsed(), took);
    Ok(rush)
}

/// Everybody's answers, with nothing left to do but to press the last button.
async fn prepared(server: SocketAddr, path: &str, people: usize) -> Result<Vec<(u32, Ready)>> {
    let left = Arc::new(AtomicU32::new(u32::try_from(people)?));
    let mut filling = JoinSet::new();
    for _ in 0..AT_A_TIME {
        let (left, path) = (left.clone(), path.to_owned());
        filling.spawn(async move {
            let mut client = Client::new(server);
            let mut forms = Vec::new();
            while left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |it| it.checked_sub(1))
                .is_ok()
            {
                let visitor = flow::new_visitor();
                forms.push((
                    visitor,
                    flow::prepare(&mut client, &path, visitor, &mut |_| {}).await?,
                ));
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(forms)
        });
    }
    let mut all = Vec::new();
    while let Some(forms) = filling.join_next().await {
        all.extend(forms??);
    }
    Ok(all)
}

async fn press(free: &Semaphore, open: &Mutex<Vec<Client>>, visitor: u32, ready: &Ready) -> Result<End> {
    let _turn = free.acquire().await?;
    let mut client = open.lock().await.pop().ok_or("no connection is open")?;
    client.be(visitor);
    let answer = tokio::time::timeout(Duration::from_mins(1), flow::press(&mut client, ready)).await;
    open.lock().await.push(client);
    answer.unwrap_or_else(|_| Err("no answer within a minute".into()))
}
