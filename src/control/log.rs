//! The append-only log of events: what the machine is replayed from.
//!
//! Owns: the trait, and its SQLite form (write-ahead log, `synchronous=FULL`, one process at a
//! time). Refuses: a file that is not its own, or a format it does not know. Stays true: an
//! append is durable, whole, when it returns; nothing is ever changed in place. Only the events of
//! holds that nothing can ask for any more are dropped (the audit keeps them for ever).

use crate::approvals::{Kind, event::FORMAT};
use crate::chunk::{HoldId, UnixMillis};
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;

/// One event, where it stands in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// Its place: greater than every one before it.
    pub sequence: u64,
    /// The hold it is about.
    pub hold: HoldId,
    /// When.
    pub at: UnixMillis,
    /// What.
    pub kind: Kind,
}

/// The log cannot be used; the operator's to mend. Nothing of the call took effect.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// SQLite says no (disk full, locked by another gateway, damaged).
    #[error("the log of holds failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file could not be made.
    #[error("the log of holds cannot be created: {0}")]
    Io(#[from] std::io::Error),
    /// The file is someone else's, or from a newer version.
    #[error("the log of holds is not readable: {0}")]
    Foreign(String),
}

/// How far the log and the audit have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The last sequence ever given.
    pub sequence: u64,
    /// The audit is durable to here; later events are told to it again at the start.
    pub audited: u64,
}

/// An append-only log. A Kafka topic may stand behind it later.
pub trait Log: Send {
    /// Makes the events durable, drops those of `forgotten` holds, and moves the audit's mark: all
    /// of it or nothing.
    fn append(
        &mut self,
        events: &[Logged],
        forgotten: &[HoldId],
        audited: u64,
    ) -> Result<(), LogError>;
    /// The marks, without reading the events.
    fn marks(&mut self) -> Result<Marks, LogError>;
    /// Gives every event to `each`, in order.
    fn replay(&mut self, each: &mut dyn FnMut(Logged)) -> Result<Marks, LogError>;
}

/// The log on one machine.
pub struct SqliteLog {
    connection: Connection,
}

/// "Lckg": marks the file as this log (SQLite's `application_id`).
const APPLICATION_ID: i64 = 0x4c63_6b67;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS events (
        sequence INTEGER PRIMARY KEY,
        hold TEXT NOT NULL,
        at INTEGER NOT NULL,
        format INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS events_by_hold ON events (hold);
    CREATE TABLE IF NOT EXISTS marks (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        sequence INTEGER NOT NULL,
        audited INTEGER NOT NULL
    ) STRICT;";

impl SqliteLog {
    /// Opens the log, or makes a new one that only this user may read. One process at a time.
    pub fn open(path: &Path) -> Result<SqliteLog, LogError> {
        create_private(path)?;
        let connection = Connection::open(path)?;
        // The order matters: the lock is taken with the first read after `locking_mode`.
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        let application: i64 =
            connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        match (application, version, tables) {
            (0, 0, 0) | (APPLICATION_ID, 1, _) => {}
            (APPLICATION_ID, newer, _) => {
                return Err(LogError::Foreign(format!(
                    "its version is {newer}, this gateway reads 1"
                )));
            }
            _ => {
                return Err(LogError::Foreign(
                    "the file belongs to another program".into(),
                ));
            }
        }
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| {
                row.get::<_, String>(0)
            })?;
        if !mode.eq_ignore_ascii_case("wal") {
            return Err(LogError::Foreign(format!(
                "its directory allows only the journal mode `{mode}`"
            )));
        }
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; {SCHEMA} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1; COMMIT;"
        ))?;
        Ok(SqliteLog { connection })
    }
}

/// SQLite gives its write-ahead file the same permissions as the file it finds here.
fn create_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map(|_| ())
}

impl Log for SqliteLog {
    fn append(
        &mut self,
        events: &[Logged],
        forgotten: &[HoldId],
        audited: u64,
    ) -> Result<(), LogError> {
        let transaction = self.connection.transaction()?;
        let mut last = 0;
        {
            let mut insert =
                transaction.prepare_cached("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5)")?;
            for event in events {
                last = event.sequence;
                let hold = event.hold.to_string();
                insert.execute(params![
                    event.sequence as i64,
                    hold,
                    event.at.0,
                    FORMAT,
                    event.kind.to_json()
                ])?;
            }
            let mut delete = transaction.prepare_cached("DELETE FROM events WHERE hold = ?1")?;
            for hold in forgotten {
                delete.execute(params![hold.to_string()])?;
            }
            let mut mark = transaction.prepare_cached(
                "INSERT INTO marks VALUES (1, ?1, ?2) ON CONFLICT (one) DO UPDATE
                 SET sequence = max(sequence, excluded.sequence), audited = max(audited, excluded.audited)",
            )?;
            mark.execute(params![last as i64, audited as i64])?;
        }
        transaction.commit()?;
        Ok(())
    }

    fn marks(&mut self) -> Result<Marks, LogError> {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Marks {
                sequence: row.get::<_, i64>(0)? as u64,
                audited: row.get::<_, i64>(1)? as u64,
            })
        };
        let marks = self
            .connection
            .query_row("SELECT sequence, audited FROM marks", [], read)
            .optional()?;
        Ok(marks.unwrap_or_default())
    }

    fn replay(&mut self, each: &mut dyn FnMut(Logged)) -> Result<Marks, LogError> {
        let read = |row: &rusqlite::Row<'_>| {
            let columns: (i64, String, i64, i64, String) = (
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            );
            Ok(columns)
        };
        let mut marks = self.marks()?;
        let mut select = self
            .connection
            .prepare("SELECT sequence, hold, at, format, body FROM events ORDER BY 1")?;
        for row in select.query_map([], read)? {
            let (sequence, hold, at, format, body) = row?;
            let broken = |why: String| LogError::Foreign(format!("event {sequence}: {why}"));
            let hold = hold
                .parse()
                .map_err(|_| broken(format!("`{hold}` is not a hold")))?;
            let kind = Kind::from_json(format, &body).map_err(broken)?;
            marks.sequence = marks.sequence.max(sequence as u64);
            each(Logged {
                sequence: sequence as u64,
                hold,
                at: UnixMillis(at),
                kind,
            });
        }
        Ok(marks)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn event(sequence: u64, hold: u64) -> Logged {
        Logged {
            sequence,
            hold: HoldId(hold),
            at: UnixMillis(5),
            kind: Kind::DeadlinePassed,
        }
    }

    fn all(log: &mut SqliteLog) -> (Vec<u64>, Marks) {
        let mut seen = Vec::new();
        let marks = log.replay(&mut |e| seen.push(e.sequence)).unwrap();
        (seen, marks)
    }

    #[test]
    fn what_was_appended_is_there_after_opening_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("holds.db");
        let mut log = SqliteLog::open(&path).unwrap();
        assert_eq!(all(&mut log), (vec![], Marks::default()));
        log.append(&[event(1, 1), event(2, 2)], &[], 1).unwrap();
        assert!(
            matches!(SqliteLog::open(&path), Err(LogError::Sqlite(_))),
            "one gateway at a time"
        );
        drop(log);
        let mut log = SqliteLog::open(&path).unwrap();
        assert_eq!(
            all(&mut log),
            (
                vec![1, 2],
                Marks {
                    sequence: 2,
                    audited: 1
                }
            )
        );
        let mut first = None;
        log.replay(&mut |e| first = first.take().or(Some(e)))
            .unwrap();
        assert_eq!(first, Some(event(1, 1)));
    }

    #[test]
    fn a_sequence_is_never_given_twice_and_a_failed_append_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = SqliteLog::open(&directory.path().join("holds.db")).unwrap();
        log.append(&[event(1, 1)], &[], 0).unwrap();
        assert!(
            log.append(&[event(2, 2), event(1, 3)], &[HoldId(1)], 9)
                .is_err()
        );
        assert_eq!(
            all(&mut log),
            (
                vec![1],
                Marks {
                    sequence: 1,
                    audited: 0
                }
            )
        );
        log.append(&[event(2, 2)], &[HoldId(1), HoldId(2)], 2)
            .unwrap();
        assert_eq!(
            all(&mut log),
            (
                vec![],
                Marks {
                    sequence: 2,
                    audited: 2
                }
            ),
            "the marks outlive the events"
        );
    }

    #[test]
    fn a_file_of_another_program_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("other.db");
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE t (x); PRAGMA user_version = 7;")
            .unwrap();
        assert!(matches!(SqliteLog::open(&path), Err(LogError::Foreign(_))));
        std::fs::write(
            &path,
            "not a database at all, but long enough to be read as one",
        )
        .unwrap();
        assert!(SqliteLog::open(&path).is_err());
    }

    #[test]
    fn only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("holds.db");
        let mut log = SqliteLog::open(&path).unwrap();
        log.append(&[event(1, 1)], &[], 0).unwrap();
        for file in std::fs::read_dir(directory.path()).unwrap() {
            let file = file.unwrap();
            assert_eq!(
                file.metadata().unwrap().permissions().mode() & 0o077,
                0,
                "{:?}",
                file.path()
            );
        }
    }
}
