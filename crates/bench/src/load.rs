//! Several visitors at once, for a while, and how long each had to wait.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Result;

/// Somebody who does one thing again and again.
pub(crate) trait Visitor: Send + 'static {
    /// Once.
    fn once(&mut self) -> impl Future<Output = Result<()>> + Send;
}

/// What a while of load led to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load {
    /// From the first beginning to the last end.
    pub(crate) wall: Duration,
    /// How long each one took, shortest first.
    pub(crate) took: Vec<Duration>,
}

impl Load {
    /// The same measured again: both together.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.wall += other.wall;
        self.took.extend(other.took);
        self.took.sort_unstable();
        self
    }

    pub(crate) fn of(wall: Duration, mut took: Vec<Duration>) -> Self {
        took.sort_unstable();
        Self { wall, took }
    }

    pub(crate) fn per_second(&self) -> f64 {
        let count = u32::try_from(self.took.len()).unwrap_or(u32::MAX);
        f64::from(count) / self.wall.as_secs_f64().max(f64::EPSILON)
    }

    /// The time within which this part of a hundred was done.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let last = self.took.len().saturating_sub(1);
        self.took
            .get((self.took.len() * percent / 100).min(last))
            .copied()
            .unwrap_or_default()
    }

    pub(crate) fn longest(&self) -> Duration {
        self.took.last().copied().unwrap_or_default()
    }
}

/// Lets all visitors go on for a while; who has begun by then still ends. They come back for more.
pub(crate) async fn for_a_while<V: Visitor>(visitors: Vec<V>, length: Duration) -> Result<(Vec<V>, Load)> {
    let begun = Instant::now();
    let end = begun + length;
    let mut tasks = JoinSet::new();
    for mut visitor in visitors {
        tasks.spawn(async move {
            let mut took = Vec::new();
            while Instant::now() < end {
                let begun = Instant::now();
                visitor.once().await?;
                took.push(begun.elapsed());
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((visitor, took))
        });
    }
    let (mut back, mut all) = (Vec::new(), Vec::new());
    while let Some(done) = tasks.join_next().await {
        let (visitor, took) = done??;
        back.push(visitor);
        all.extend(took);
    }
    Ok((back, Load::of(begun.elapsed(), all)))
}

/// Two measurements that take turns, so that what else the machine does falls on both.
pub(crate) async fn in_turns<A: Visitor, B: Visitor>(
    ours: Vec<A>,
    raw: Vec<B>,
    length: Duration,
) -> Result<(Load, Load)> {
    let (mut ours, mut raw) = (ours, raw);
    let (mut our_load, mut raw_load) = (Load::default(), Load::default());
    for _ in 0..TURNS {
        let load;
        (raw, load) = for_a_while(raw, length / TURNS).await?;
        raw_load = raw_load.and(load);
        let load;
        (ours, load) = for_a_while(ours, length / TURNS).await?;
        our_load = our_load.and(load);
    }
    Ok((our_load, raw_load))
}

const TURNS: u32 = 3;
