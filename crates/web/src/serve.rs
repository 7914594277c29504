//! The server: bounds on everything that a visitor can use up (T-32), what falls due every second, and
//! an end that cuts nobody off (T-63).

mod guests;

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{OnceCell, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, timeout};
use tower::ServiceExt;

use crate::again::{self, Again};
use crate::app::App;
use crate::disk::Disk;
use crate::error::{self, Error};
use crate::forms;
use crate::mailer::Mailer;
use crate::rehearsal;
use crate::site::Site;
use guests::{Guests, Seat};

/// The largest head of a request.
const HEAD: usize = 16 * 1024;
/// How long a head may take to arrive.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);
/// How long an answer may take.
const ANSWER_TIME: Duration = Duration::from_secs(15);
/// How many files may be open: every connection, and room for the records, mail and the log.
const HANDLES: u64 = 4096;
/// How long the last answers may take after the program was asked to stop; a second is left for the rest.
const FAREWELL: Duration = Duration::from_secs(9);

/// Serves until the program is asked to stop.
pub(crate) async fn serve(
    app: App,
    mailer: Mailer,
    listener: TcpListener,
    folder: &Path,
) -> std::io::Result<()> {
    let mut stop = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
    more_handles();
    // What a page looks like is known before the records can go away (T-64).
    Site::last(&app).await;
    tracing::info!(
        event = "start",
        listen = %listener.local_addr()?,
        base_url = app.setup().base_url,
        version = env!("CARGO_PKG_VERSION")
    );
    let (tell, told) = watch::channel(false);
    let mut at_work = JoinSet::new();
    at_work.spawn(tick(app.clone(), mailer.clone(), told.clone()));
    if !app.setup().rehearsal {
        at_work.spawn(watch_disk(Disk::of(folder.to_owned()), told.clone()));
    }
    let house = Arc::new(House {
        guests: Guests::new(app.setup().trusted_proxies.clone()),
        router: bounded(app),
        busy: OnceCell::new(),
        slow: OnceCell::new(),
    });
    loop {
        let [terminate, interrupt] = &mut stop;
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            Some(_) = at_work.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => {
                    if let Some(seat) = house.guests.seat(from.ip()) {
                        at_work.spawn(attend(house.clone(), stream, from, seat, told.clone()));
                    } else if let Some(seat) = house.guests.doorstep() {
                        at_work.spawn(turn_away(house.clone(), stream, seat));
                    }
                }
                Err(error) => {
                    // Out of file handles, most likely: some come back when visitors leave.
                    tracing::error!(event = "accept", %error);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    tracing::info!(event = "stop");
    // Nobody listens any more only when nothing is at work any more.
    let _ = tell.send(true);
    farewell(at_work, &mailer).await;
    Ok(())
}

/// Each connection is an open file, and many systems allow a program 1,024 unless it asks for more.
fn more_handles() {
    let most = getrlimit(Resource::Nofile).maximum;
    let wanted = most.map_or(HANDLES, |most| most.min(HANDLES));
    let limit = Rlimit {
        current: Some(wanted),
        maximum: most,
    };
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(event = "file_handles", %error);
    }
}

/// Waits for the last answers and for what came of the mails on their way, but not for ever: what a relay
/// took and nobody noted would leave twice (T-57, T-63).
pub(crate) async fn farewell(mut at_work: JoinSet<()>, mailer: &Mailer) {
    let answers = async { while at_work.join_next().await.is_some() {} };
    let _ = timeout(FAREWELL, async { tokio::join!(answers, mailer.finish()) }).await;
}

/// What every connection shares.
struct House {
    guests: Guests,
    router: Router,
    /// What is said to those who find no room, ready to be sent.
    busy: OnceCell<Bytes>,
    /// What is said to those who stop half-way through a head.
    slow: OnceCell<Bytes>,
}

/// Answers the requests of one connection.
async fn attend(
    house: Arc<House>,
    stream: TcpStream,
    from: SocketAddr,
    _seat: Seat,
    mut told: watch::Receiver<bool>,
) {
    // An answer is written at once; waiting for more of it would only make it late.
    let _ = stream.set_nodelay(true);
    let router = house.router.clone();
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(from));
        let answer: Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>> =
            Box::pin(router.clone().oneshot(request));
        answer
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut leaving = false;
    let ended = loop {
        tokio::select! {
            ended = poll_fn(|context| connection.poll_without_shutdown(context)) => break ended,
            _ = told.wait_for(|stop| *stop), if !leaving => {
                leaving = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
        }
    };
    let rest = connection.into_parts();
    let mut stream = rest.io.into_inner();
    // A connection that was only kept open ends without a word; one that began a request is told.
    if ended.is_err_and(|it| it.is_timeout()) && !rest.read_buf.is_empty() {
        part(&mut stream, house.slow().await).await;
    }
    let _ = stream.shutdown().await;
}

/// Says that there is no room.
async fn turn_away(house: Arc<House>, mut stream: TcpStream, _seat: Seat) {
    tracing::info!(event = "limit", of = "connections");
    part(&mut stream, house.busy().await).await;
}

/// Says a last word and waits until it was heard: closing at once would throw it away when the visitor
/// is still talking.
async fn part(stream: &mut TcpStream, words: Bytes) {
    let heard = async {
        stream.write_all(&words).await?;
        stream.shutdown().await?;
        let mut ignored = [0; 1024];
        while stream.read(&mut ignored).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _ = timeout(Duration::from_secs(2), heard).await;
}

/// An answer to somebody whose request we do not have.
#[derive(Clone, Copy)]
enum Unasked {
    Busy,
    Slow,
}

impl House {
    async fn busy(&self) -> Bytes {
        self.busy.get_or_init(|| self.words(Unasked::Busy)).await.clone()
    }

    async fn slow(&self) -> Bytes {
        self.slow.get_or_init(|| self.words(Unasked::Slow)).await.clone()
    }

    /// A whole answer as it goes over the wire, with the page and the headers that every answer has.
    async fn words(&self, why: Unasked) -> Bytes {
        let mut request = Request::new(Body::empty());
        request.extensions_mut().insert(why);
        let Ok(mut response) = self.router.clone().oneshot(request).await;
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
        let (head, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes)
            .unwrap_or_default();
        let mut bytes =
            format!("HTTP/1.1 {}\r\ncontent-length: {}\r\n", head.status, body.len()).into_bytes();
        for (name, value) in &head.headers {
            bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&body);
        bytes.into()
    }
}

/// The service with bounds on each request, whose refusals look like every other page.
fn bounded(app: App) -> Router {
    let mut service = crate::router(app.clone());
    if app.setup().rehearsal {
        service = service.layer(middleware::from_fn_with_state(
            app.clone(),
            rehearsal::post_at_once,
        ));
    }
    let bounded = Router::new()
        .fallback_service(service)
        .layer(middleware::from_fn(within_bounds))
        .layer(middleware::from_fn_with_state(app.clone(), error::show));
    crate::framed(bounded, app)
}

/// Takes in the whole body before anything else is done, so that a slow visitor holds nothing but
/// their connection, and waits for the answer no longer than is bearable.
async fn within_bounds(request: Request, next: Next) -> Response {
    match request.extensions().get::<Unasked>() {
        Some(Unasked::Busy) => return Error::late("too many connections").into_response(),
        Some(Unasked::Slow) => return Error::TooSlow.into_response(),
        None => {}
    }
    let (head, body) = request.into_parts();
    let body = match arrived(body, forms::most(&head.headers)).await {
        Ok(body) => body,
        Err(error) => return error.into_response(),
    };
    let looks = head.method.is_safe();
    let form = Again::of(&head, &body);
    let answer = next.run(Request::from_parts(head, Body::from(body)));
    match timeout(ANSWER_TIME, answer).await {
        Ok(answer) => answer,
        Err(_) if looks => Error::late("the answer took too long").into_response(),
        // What was begun goes on.
        Err(_) => again::with(form, Error::unsure("the answer took too long").into_response()),
    }
}

/// The whole body, if it is no longer than so much.
async fn arrived(body: Body, most: usize) -> Result<Bytes, Error> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > most as u64 {
        return Err(Error::TooLarge);
    }
    match timeout(BODY_TIME, Limited::new(body, most).collect()).await {
        Err(_) => Err(Error::TooSlow),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Error::TooLarge),
        Ok(Err(_)) => Err(Error::BadForm("the body did not arrive".to_owned())),
    }
}

/// Does what falls due, every second, until the program stops. What goes wrong is logged and tried
/// again: it must not end with the first fault, not even with a panic.
async fn tick(app: App, mailer: Mailer, mut told: watch::Receiver<bool>) {
    let mut every_second = tokio::time::interval(Duration::from_secs(1));
    every_second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = told.wait_for(|stop| *stop) => return,
            _ = every_second.tick() => {}
        }
        match tokio::spawn(round(app.clone(), mailer.clone())).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(event = "rounds", %error),
            // Its words stay out of the log (T-45); where it happened is there already.
            Err(_) => tracing::error!(event = "rounds", error = "it panicked"),
        }
    }
}

/// Looks at the disk every minute, until the program stops.
async fn watch_disk(mut disk: Disk, mut told: watch::Receiver<bool>) {
    let mut every_minute = tokio::time::interval(Duration::from_mins(1));
    loop {
        tokio::select! {
            _ = told.wait_for(|stop| *stop) => return,
            _ = every_minute.tick() => disk.look(),
        }
    }
}

async fn round(app: App, mailer: Mailer) -> Result<(), Error> {
    if app.setup().rehearsal {
        rehearsal::rounds(&app).await
    } else {
        crate::rounds(&app, &mailer).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::office::Office;
    use axum::http::{Method, StatusCode};
    use axum::routing::any;
    use tokio::time::Instant;

    /// Bounds around a page that is never ready; from here on time passes at once.
    async fn waiting(office: &Office) -> Router {
        Site::last(&office.app).await;
        tokio::time::pause();
        Router::new()
            .route("/slow", any(std::future::pending::<&'static str>))
            .layer(middleware::from_fn(within_bounds))
            .layer(middleware::from_fn_with_state(office.app.clone(), error::show))
    }

    async fn ask(router: Router, method: Method, body: Body) -> (Response, Duration) {
        let asked = Instant::now();
        let request = Request::builder().method(method).uri("/slow?x=1");
        let Ok(answer) = router.oneshot(request.body(body).unwrap()).await;
        (answer, asked.elapsed())
    }

    async fn text(answer: Response) -> String {
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn whoever_sends_too_slowly_is_told_after_half_a_minute() {
        let office = Office::open().await;
        let router = waiting(&office).await;
        let (_held, body) = never_ending();
        let (answer, waited) = ask(router, Method::POST, body).await;
        assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
        // The page about it may wait for the records, which know nothing of the time of this test.
        assert!(
            waited >= BODY_TIME && waited < BODY_TIME + Duration::from_secs(5),
            "{waited:?}"
        );
        assert!(text(answer).await.contains("That took too long"));
    }

    /// A body of which nothing arrives for as long as the other half is held.
    fn never_ending() -> (tokio::io::DuplexStream, Body) {
        let (held, mut theirs) = tokio::io::duplex(1);
        let chunk = async move {
            let mut byte = [0];
            theirs
                .read(&mut byte)
                .await
                .map(|_| Bytes::copy_from_slice(&byte))
        };
        let body = http_body_util::Full::new(Bytes::new());
        let body = body.with_trailers(async move {
            let _ = chunk.await;
            None
        });
        (held, Body::new(body))
    }

    #[tokio::test]
    async fn an_answer_that_takes_too_long_asks_for_patience_and_keeps_the_form() {
        let office = Office::open().await;
        let router = waiting(&office).await;
        let (answer, waited) = ask(router.clone(), Method::GET, Body::empty()).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(waited.as_secs(), ANSWER_TIME.as_secs());
        assert_eq!(answer.headers()[header::RETRY_AFTER], "5");
        assert!(text(answer).await.contains("Nothing was changed."));
        let (answer, _) = ask(router, Method::POST, Body::from("name=Zo%C3%AB+%3C")).await;
        let page = text(answer).await;
        // The change may still come to its end.
        assert!(!page.contains("Nothing was changed."), "{page}");
        assert!(page.contains("name=\"name\" value=\"Zoë &lt;\""), "{page}");
        assert!(
            page.contains("action=\"&#x2F;slow?x=1\"") || page.contains("action=\"/slow?x=1\""),
            "{page}"
        );
    }
}
