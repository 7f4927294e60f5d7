//! What the threads of another process are doing, as the kernel tells (proc(5)): name, state, where
//! in the kernel it waits, and its system call.
//!
//! Never here: stopping or tracing the process. What the kernel does not tell this user is marked
//! so, and the rest is told.

use std::{fmt::Write as _, fs, io, path::Path};

/// Threads described; a transport has a few dozen.
const THREADS_MAX: usize = 256;
/// Octets read of one file.
const FILE_OCTETS_MAX: usize = 4096;

/// Describes every thread of a process.
///
/// # Errors
/// There is no such process.
pub fn threads(pid: u32) -> io::Result<String> {
    let mut text = String::new();
    let mut tasks: Vec<_> = fs::read_dir(format!("/proc/{pid}/task"))?
        .flatten()
        .collect();
    tasks.sort_by_key(fs::DirEntry::file_name);
    for task in tasks.iter().take(THREADS_MAX) {
        let path = task.path();
        let state = state(&path);
        let _ = writeln!(
            text,
            "  thread {} {:?}: {state}; waits in {}; system call {}",
            task.file_name().to_string_lossy(),
            line(&path.join("comm")),
            line(&path.join("wchan")),
            line(&path.join("syscall")),
        );
        // Only root may read it; it is worth the most where it is there.
        if let Ok(stack) = fs::read_to_string(path.join("stack")) {
            for frame in stack.lines().take(30) {
                let _ = writeln!(text, "      {frame}");
            }
        }
    }
    if tasks.len() > THREADS_MAX {
        let _ = writeln!(text, "  and {} more threads", tasks.len() - THREADS_MAX);
    }
    for (what, file) in [("memory", "statm"), ("limits of input and output", "io")] {
        let found = line(Path::new(&format!("/proc/{pid}/{file}")));
        let _ = writeln!(text, "  {what}: {found}");
    }
    Ok(text)
}

/// The state in a word: `running`, `sleeping`, `waiting for the disk`, `stopped by a signal`.
fn state(task: &Path) -> String {
    let stat = fs::read_to_string(task.join("stat")).unwrap_or_default();
    // The name before it may hold blanks and parentheses: the last one ends it.
    let letter = stat
        .rsplit_once(')')
        .and_then(|(_, rest)| rest.trim_start().chars().next());
    match letter {
        Some('R') => "running".to_owned(),
        Some('S') => "sleeping".to_owned(),
        Some('D') => "waiting for the disk or the like, not to be interrupted".to_owned(),
        Some('T') => "stopped by a signal".to_owned(),
        Some('t') => "stopped by a debugger".to_owned(),
        Some('Z') => "ended, not waited for".to_owned(),
        Some(other) => format!("state {other}"),
        None => "state not known".to_owned(),
    }
}

fn line(path: &Path) -> String {
    match fs::read(path) {
        Ok(octets) => {
            let octets = octets.get(..FILE_OCTETS_MAX).unwrap_or(&octets);
            String::from_utf8_lossy(octets)
                .trim_end()
                .replace('\n', ", ")
        }
        Err(error) => format!("({})", error.kind()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thread_is_named_with_its_state() {
        let (stop, wait) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("a (thread) x".to_owned())
            .spawn(move || wait.recv())
            .unwrap();
        let mut text = String::new();
        for _ in 0..200 {
            text = threads(std::process::id()).unwrap();
            if text.contains("\"a (thread) x\": sleeping; waits in ") {
                break;
            }
            std::thread::yield_now();
        }
        assert!(text.contains("\"a (thread) x\": sleeping"), "{text}");
        assert!(text.contains("system call "), "{text}");
        drop(stop);
        let _ = thread.join().unwrap();
        assert!(threads(u32::MAX / 2).is_err());
    }
}
