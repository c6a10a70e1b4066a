//! Node commands of a few lines each.

use std::f64::consts::TAU;
use std::time::SystemTime;

use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::error;
use crate::engine::Flow;
use crate::engine::version::COMPATIBLE_REDIS_VERSION;
use crate::engine::version::VERSION;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::server::node_commands::NodeState;

const NO_SHUTDOWN: ReplyError = ReplyError::err("No shutdown in progress.");
const NOTHING_TO_SAVE_TO: ReplyError =
    ReplyError::err("SHUTDOWN SAVE is not possible: this node keeps its data in memory only");

/// `TIME`: seconds and microseconds of the wall clock; a clock before 1970 reads as 0.
pub fn time(reply: &mut ReplyWriter) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    reply.array(2);
    reply.bulk(now.as_secs().to_string());
    reply.bulk(now.subsec_micros().to_string());
}

/// `ROLE`: a master without replicas.
pub fn role(reply: &mut ReplyWriter) {
    reply.array(3);
    reply.bulk("master");
    reply.integer(0);
    reply.array(0);
}

/// `SHUTDOWN`: asks the node to stop. There is no reply, the connection closes.
pub fn shutdown(args: Args<'_>, node: &NodeState) -> Result<Flow, ReplyError> {
    let mut cursor = Cursor::at(args, 1);
    let (mut save, mut abort) = (None, false);
    while cursor.remaining() > 0 {
        if cursor.word("SAVE") && save != Some(false) {
            save = Some(true);
        } else if cursor.word("NOSAVE") && save != Some(true) {
            save = Some(false);
        } else if cursor.word("ABORT") {
            abort = true;
        } else if !(cursor.word("NOW") || cursor.word("FORCE")) {
            // NOW waits for no replica and FORCE minds no failed save: there is neither to wait for nor to mind.
            return Err(error::SYNTAX);
        }
    }
    match (abort, save) {
        (true, _) if args.len() > 2 => Err(error::SYNTAX),
        (true, _) => Err(NO_SHUTDOWN),
        (false, Some(true)) => Err(NOTHING_TO_SAVE_TO),
        (false, save) => {
            if let Some(overdue) = node.registry.script_gate().overdue().filter(|_| save.is_none()) {
                return Err(ReplyError::busy(overdue));
            }
            // A full channel means that the node has been asked already.
            node.stop.try_send("SHUTDOWN").ok();
            Ok(Flow::Close)
        }
    }
}

/// `LOLWUT`: a rose curve, its petals chosen by `VERSION`, and the version of the server.
pub fn lolwut(args: Args<'_>, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    let mut cursor = Cursor::at(args, 1);
    let mut petals = PETALS_DEFAULT;
    if cursor.word("VERSION") {
        petals = cursor.integer()?.clamp(1, PETALS_MAX);
    }
    cursor.end()?;
    let mut text = rose(petals);
    text.push_str(&format!(
        "\nHyperCache ver. {VERSION} (Redis ver. {COMPATIBLE_REDIS_VERSION} compatible)\n"
    ));
    reply.verbatim("txt", &text);
    Ok(())
}

const PETALS_DEFAULT: i64 = 5;
const PETALS_MAX: i64 = 9;
/// Characters across; a Braille character is two dots wide and four high.
const COLUMNS: usize = 36;
const ROWS: usize = 18;
/// Points drawn of the curve: enough that neighbours touch.
const POINTS: u32 = 4000;

/// The curve `r = cos(k φ)`, drawn in Braille dots.
fn rose(k: i64) -> String {
    let mut cells = [[0_u8; COLUMNS]; ROWS];
    let (width, height) = (2 * COLUMNS - 1, 4 * ROWS - 1);
    for point in 0..POINTS {
        let angle = TAU * f64::from(point) / f64::from(POINTS);
        let radius = (k as f64 * angle).cos();
        // Both lie in 0..=1, so the products lie within the picture.
        let place = |along: f64, size: usize| ((1.0 + radius * along) / 2.0 * size as f64).round() as usize;
        let (x, y) = (place(angle.cos(), width), place(angle.sin(), height));
        cells[y / 4][x / 2] |= DOTS[y % 4][x % 2];
    }
    let mut picture = String::new();
    for row in cells {
        let line: String =
            row.into_iter().map(|dots| char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' ')).collect();
        picture.push_str(line.trim_end_matches('\u{2800}'));
        picture.push('\n');
    }
    picture
}

/// Bits of a Braille character's dots, by row and column.
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::Protocol;
    use crate::server::node_commands::fixture::Fixture;

    #[test]
    fn the_role_is_a_lonely_master() {
        assert_eq!(Fixture::new().raw("ROLE"), "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n");
    }

    #[test]
    fn there_is_no_cluster() {
        let mut fixture = Fixture::new();
        for line in ["CLUSTER INFO", "cluster slots", "CLUSTER KEYSLOT a", "READONLY", "ASKING"] {
            assert_eq!(fixture.raw(line), "-ERR This instance has cluster support disabled\r\n", "{line}");
        }
        assert!(fixture.raw("CLUSTER HELP").contains("+CLUSTER <subcommand>"));
    }

    #[test]
    fn time_is_two_texts() {
        let reply = Fixture::new().raw("TIME");
        let parts: Vec<&str> = reply.split("\r\n").collect();
        assert_eq!((parts[0], parts[1], parts[2].len()), ("*2", "$10", 10));
        assert!(parts[4].parse::<u32>().unwrap() < 1_000_000);
    }

    #[test]
    fn lolwut_ends_with_the_versions() {
        let mut fixture = Fixture::new();
        let end = format!("\n\nHyperCache ver. {VERSION} (Redis ver. 7.2.4 compatible)\n");
        assert!(fixture.text("LOLWUT").ends_with(&end));
        assert!(fixture.text("LOLWUT VERSION 99999").ends_with(&end));
        assert_ne!(fixture.text("LOLWUT VERSION 3"), fixture.text("LOLWUT VERSION 4"));
        assert_eq!(fixture.raw("LOLWUT VERSION x"), "-ERR value is not an integer or out of range\r\n");
        assert_eq!(fixture.raw("LOLWUT 5"), "-ERR syntax error\r\n");
        fixture.protocol(Protocol::Resp3);
        assert!(fixture.raw("LOLWUT").starts_with('='));
    }

    #[test]
    fn shutdown_asks_the_node_to_stop_and_says_nothing() {
        for line in ["SHUTDOWN", "SHUTDOWN NOSAVE", "shutdown now force nosave"] {
            let mut fixture = Fixture::new();
            assert_eq!((fixture.raw(line).as_str(), fixture.flow), ("", Flow::Close), "{line}");
            assert_eq!(fixture.asked_to_stop(), Some("SHUTDOWN"), "{line}");
        }
    }

    #[test]
    fn shutdown_refuses_what_it_cannot_do() {
        let mut fixture = Fixture::new();
        for (line, answer) in [
            ("SHUTDOWN ABORT", "-ERR No shutdown in progress.\r\n"),
            ("SHUTDOWN ABORT NOW", "-ERR syntax error\r\n"),
            ("SHUTDOWN SAVE NOSAVE", "-ERR syntax error\r\n"),
            ("SHUTDOWN LATER", "-ERR syntax error\r\n"),
            (
                "SHUTDOWN SAVE",
                "-ERR SHUTDOWN SAVE is not possible: this node keeps its data in memory only\r\n",
            ),
        ] {
            assert_eq!((fixture.raw(line).as_str(), fixture.flow), (answer, Flow::Continue), "{line}");
        }
        assert_eq!(fixture.asked_to_stop(), None);
    }
}
