//! The service in this process: its real router on a real socket, with the system's clock.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::{DatabaseConnection, Statement};
use web::database::Records;
use web::{App, Clock, Secrets, Setup};

use crate::Result;
use crate::server::Server;

/// The service, until it is dropped.
pub(crate) struct Service {
    pub(crate) server: Server,
    pub(crate) recorder: Recorder,
}

impl Service {
    /// Serves these records.
    pub(crate) fn start(records: &Records) -> Result<Self> {
        Self::start_with(records, None)
    }

    /// Serves these records and can write down the statements that pages make.
    pub(crate) fn start_recording(records: &Records) -> Result<Self> {
        Self::start_with(records, Some(Recorder::default()))
    }

    fn start_with(records: &Records, recorder: Option<Recorder>) -> Result<Self> {
        let watched = recorder.clone();
        let server = Server::start(async move |at: SocketAddr| {
            let mut handles = records.open().await?;
            if let Some(recorder) = watched {
                recorder.watch(&mut handles.writer);
                recorder.watch(&mut handles.reader);
            }
            let setup = Setup {
                base_url: format!("http://{at}"),
                // The load comes from here and says for whom.
                trusted_proxies: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
                rehearsal: false,
                mail_folder: None,
            };
            let secrets = Secrets::unpredictable(crate::records::keys());
            let app = App::new(handles, Clock::system(), secrets, setup)?;
            Ok(web::router(app))
        })?;
        Ok(Self {
            server,
            recorder: recorder.unwrap_or_default(),
        })
    }
}

/// Writes down statements while somebody wants to know.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Vec<Statement>>>);

impl Recorder {
    fn watch(&self, db: &mut DatabaseConnection) {
        let written = self.0.clone();
        db.set_metric_callback(move |info| {
            written
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(info.statement.clone());
        });
    }

    /// The statements since the last time.
    pub(crate) fn take(&self) -> Vec<Statement> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
