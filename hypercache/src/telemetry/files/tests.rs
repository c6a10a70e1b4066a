use super::*;
use std::path::Path;

fn stream_file(dir: &Path, max_file_size: u64, max_files: usize) -> StreamFile {
    let context = Arc::new(LineContext::new("hypercache", "1", "n1"));
    StreamFile::new(Stream::Node, Limits { dir: dir.to_owned(), max_file_size, max_files }, context)
}

fn read(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'), "{} ends with a whole line", path.display());
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn rotation_keeps_a_bounded_number_of_bounded_files_of_whole_lines() {
    let dir = tempfile::tempdir().unwrap();
    let mut file = stream_file(dir.path(), 2000, 3);
    for n in 0..200 {
        let chunk: String = (0..5).map(|m| format!("{{\"n\":{}}}\n", n * 5 + m)).collect();
        assert_eq!(file.write(chunk.as_bytes()).lost, 0);
    }
    let mut names: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["node.ndjson", "node.ndjson.1", "node.ndjson.2"]);
    let mut last = Vec::new();
    let mut openings = std::collections::HashSet::new();
    for name in ["node.ndjson.2", "node.ndjson.1", "node.ndjson"] {
        let path = dir.path().join(name);
        assert!(std::fs::metadata(&path).unwrap().len() <= 2000);
        let lines = read(&path);
        assert_eq!(lines[0]["event.action"], "log-opened");
        assert!(openings.insert(lines[0]["message"].to_string()), "first lines differ");
        last.extend(lines[1..].iter().map(|line| line["n"].as_u64().unwrap()));
    }
    let expected: Vec<u64> = (1000 - last.len() as u64..1000).collect();
    assert_eq!(last, expected, "the newest lines are kept, in order, none twice");
}

#[test]
fn a_file_that_is_there_is_continued_and_an_overlong_one_is_rotated_first() {
    let dir = tempfile::tempdir().unwrap();
    stream_file(dir.path(), 1 << 20, 3).write(b"{\"n\":1}\n");
    stream_file(dir.path(), 1 << 20, 3).write(b"{\"n\":2}\n");
    assert_eq!(read(&dir.path().join("node.ndjson")).len(), 3);
    stream_file(dir.path(), 100, 3).write(b"{\"n\":3}\n");
    assert_eq!(read(&dir.path().join("node.ndjson.1")).len(), 3);
    assert_eq!(read(&dir.path().join("node.ndjson"))[1]["n"], 3);
}

#[test]
fn a_full_disk_loses_counted_lines_and_recovers_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("node.ndjson");
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let mut file = stream_file(dir.path(), 1 << 20, 3);
    let full = file.write(b"{\"n\":1}\n{\"n\":2}\n");
    assert_eq!(full.lost, 2);
    assert_eq!(full.error.unwrap().kind(), io::ErrorKind::StorageFull);
    let pause = file.write(b"{\"n\":3}\n");
    assert_eq!(pause.lost, 1);
    assert!(pause.error.is_none(), "no try in the pause after a failure");
    std::fs::remove_file(&path).unwrap();
    std::thread::sleep(RETRY_AFTER + Duration::from_millis(50));
    assert_eq!(file.write(b"{\"n\":4}\n").lost, 0);
    let lines = read(&path);
    assert_eq!((lines.len(), &lines[1]["n"]), (2, &serde_json::json!(4)));
}

#[test]
fn a_folder_that_cannot_be_made_is_counted_and_retried() {
    let dir = tempfile::tempdir().unwrap();
    let blocked = dir.path().join("logs");
    std::fs::write(&blocked, "a file where the folder should be").unwrap();
    let mut file = stream_file(&blocked, 1 << 20, 3);
    assert_eq!(file.write(b"{}\n").lost, 1);
    std::fs::remove_file(&blocked).unwrap();
    std::thread::sleep(RETRY_AFTER + Duration::from_millis(50));
    assert_eq!(file.write(b"{}\n").lost, 0);
    assert_eq!(read(&blocked.join("node.ndjson")).len(), 2);
}

#[test]
fn a_file_moved_away_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (path, moved) = (dir.path().join("node.ndjson"), dir.path().join("elsewhere"));
    let mut file = stream_file(dir.path(), 1 << 20, 3);
    file.write(b"{\"n\":1}\n");
    std::fs::rename(&path, &moved).unwrap();
    file.check();
    file.write(b"{\"n\":2}\n");
    assert_eq!(read(&moved)[1]["n"], 1);
    assert_eq!(read(&path)[1]["n"], 2);
}

#[test]
fn a_write_that_fails_half_way_leaves_no_torn_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    let file = OpenOptions::new().append(true).create(true).open(&path).unwrap();
    let mut open = Open { file, size: 0, torn: false };
    append(&mut open, b"{\"n\":1}\n").unwrap();
    open.file.write_all(b"{\"n\":").unwrap();
    undo(&mut open, 5, io::ErrorKind::StorageFull.into()).unwrap_err();
    append(&mut open, b"{\"n\":2}\n").unwrap();
    assert_eq!(read(&path).len(), 2);
    open.torn = true;
    append(&mut open, b"{\"n\":3}\n").unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"n\":1}\n{\"n\":2}\n\n{\"n\":3}\n");
}
