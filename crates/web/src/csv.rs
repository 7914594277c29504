//! Lists as files for a spreadsheet (T-42): RFC 4180 with a byte order mark, and no cell that a spreadsheet
//! would take for a formula. Who took which list, and how long it was, is written down first (T-48).

use axum::http::header;
use axum::response::{IntoResponse, Response};
use csv::{Terminator, Writer, WriterBuilder};
use ids::PersonId;

use crate::app::App;
use crate::audit::{About, Act, Doer};
use crate::error::Error;

/// The act of taking a list away as a file.
pub(crate) const EXPORTED: &str = "exported";

/// Tells a spreadsheet that the file is UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A list on its way into a file.
pub(crate) struct Csv {
    writer: Writer<Vec<u8>>,
    rows: usize,
}

impl Csv {
    /// An empty list with these columns.
    pub(crate) fn new(columns: &[&str]) -> Result<Self, Error> {
        let writer = WriterBuilder::new()
            .terminator(Terminator::CRLF)
            .from_writer(BYTE_ORDER_MARK.to_vec());
        let mut file = Self { writer, rows: 0 };
        file.write(columns)?;
        Ok(file)
    }

    /// One row more; it has as many cells as there are columns.
    pub(crate) fn row(&mut self, cells: &[impl AsRef<str>]) -> Result<(), Error> {
        self.rows += 1;
        self.write(cells)
    }

    fn write(&mut self, cells: &[impl AsRef<str>]) -> Result<(), Error> {
        let cells = cells.iter().map(|it| harmless(it.as_ref()));
        self.writer.write_record(cells).map_err(Error::fault)
    }

    /// How many rows there are under the head.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The file, to be kept and not shown. Its name is ours: small letters, digits and dashes count, all
    /// else becomes a dash.
    pub(crate) fn answer(self, name: &str) -> Result<Response, Error> {
        let bytes = self
            .writer
            .into_inner()
            .map_err(|it| Error::fault(it.into_error()))?;
        let headers = [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (
                header::CONTENT_DISPOSITION,
                format!("attachment; filename=\"{}.csv\"", plain(name)),
            ),
        ];
        Ok((headers, bytes).into_response())
    }
}

/// A cell that no spreadsheet computes (T-42).
fn harmless(cell: &str) -> String {
    let blank = |it: char| it.is_whitespace() || it == '\u{feff}';
    let starts_a_formula = |it: char| "=+-@\0＝＋－＠".contains(it);
    let begins_badly = cell.chars().take_while(|it| blank(*it)).any(char::is_control)
        || cell.trim_start_matches(blank).starts_with(starts_a_formula);
    if begins_badly {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

fn plain(name: &str) -> String {
    let letter = |it: char| {
        if it.is_ascii_alphanumeric() {
            it.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    name.chars().map(letter).collect()
}

impl App {
    /// Writes down that a member is about to take a list away, how many rows it has, and why if they were
    /// asked; without that there is no file (T-48).
    pub(crate) async fn note_export(
        &self,
        who: PersonId,
        about: About,
        rows: usize,
        why: Option<&str>,
    ) -> Result<(), Error> {
        let unit = if rows == 1 { "row" } else { "rows" };
        let (about, counted) = (&about, format!("{rows} {unit}"));
        let reason = &why.map_or(counted.clone(), |it| format!("{counted}: {it}"));
        self.change(|work| async move {
            work.note(Act {
                doer: Doer::Member(who),
                what: EXPORTED,
                about: about.clone(),
                whose: None,
                reason: Some(reason.clone()),
            });
            Ok(())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::office::Office;
    use axum::http::HeaderMap;
    use http_body_util::BodyExt;
    use proptest::prelude::*;
    use uuid::Uuid;

    async fn written(rows: &[[&str; 2]], name: &str) -> (HeaderMap, Vec<u8>) {
        let mut file = Csv::new(&["Name", "Phone number"]).unwrap();
        for row in rows {
            file.row(row).unwrap();
        }
        assert_eq!(file.rows(), rows.len());
        let (parts, body) = file.answer(name).unwrap().into_parts();
        (parts.headers, body.collect().await.unwrap().to_bytes().to_vec())
    }

    #[tokio::test]
    async fn a_list_is_a_file_that_every_spreadsheet_reads() {
        let rows = [["Zoë \"Z\" Taylor, Jr", "01632 960123"], ["two\r\nlines", ""]];
        let (headers, bytes) = written(&rows, "people 8 June/2027").await;
        assert_eq!(headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
        assert_eq!(
            headers[header::CONTENT_DISPOSITION],
            "attachment; filename=\"people-8-june-2027.csv\""
        );
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(
            text,
            "\u{feff}Name,Phone number\r\n\"Zoë \"\"Z\"\" Taylor, Jr\",01632 960123\r\n\"two\r\nlines\",\r\n"
        );
        let (_, empty) = written(&[], "people").await;
        assert_eq!(String::from_utf8(empty).unwrap(), "\u{feff}Name,Phone number\r\n");
    }

    /// T-42
    #[test]
    fn no_cell_is_a_formula() {
        for cell in [
            "=1+1",
            "+44 1632 960123",
            "-1",
            "@SUM(A1)",
            " \u{a0}=1",
            "\tx",
            " \tx",
            "\rx",
            "\n=1",
            "\0x",
            "＝1",
            "＋1",
            "－1",
            "＠x",
            "\u{feff}=1",
        ] {
            assert_eq!(harmless(cell), format!("'{cell}"), "{cell:?}");
        }
        for cell in ["", " ", "Sam", "O'Brien", "1 - 2", "sam@example.org", "'=1"] {
            assert_eq!(harmless(cell), cell);
        }
    }

    proptest! {
        /// What was written comes back, cell by cell.
        #[test]
        fn every_text_comes_back(cells in proptest::collection::vec("\\PC{0,20}|[\"\r\n,=]{0,6}", 3)) {
            let mut file = Csv::new(&["a", "b", "c"]).unwrap();
            file.row(&cells).unwrap();
            let bytes = file.writer.into_inner().unwrap();
            let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap();
            let mut read = csv::Reader::from_reader(bytes);
            let row = read.records().next().unwrap().unwrap();
            let back: Vec<String> = row.iter().map(str::to_owned).collect();
            let sent: Vec<String> = cells.iter().map(|it| harmless(it)).collect();
            prop_assert_eq!(back, sent);
        }
    }

    #[tokio::test]
    async fn who_takes_a_list_away_is_written_down_with_its_length() {
        let office = Office::open().await;
        let robin = office.person("Robin Lead", Some("robin@example.org")).await;
        let about = || ("run", Uuid::nil().to_string());
        office.app.note_export(robin, about(), 12, None).await.unwrap();
        office
            .app
            .note_export(robin, about(), 1, Some("Lunch order"))
            .await
            .unwrap();
        let rows = crate::audit::newest(office.app.reader(), 0, 2).await.unwrap();
        let said = |n: usize| (rows[n].act.as_str(), rows[n].reason.as_deref());
        assert_eq!(said(1), ("exported", Some("12 rows")));
        assert_eq!(said(0), ("exported", Some("1 row: Lunch order")));
    }
}
