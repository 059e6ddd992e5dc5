//! What the kernel says of a process: CPU time, memory, context switches.
//!
//! Owns: the reading of `/proc` (proc_pid_stat(5), proc_pid_status(5)). Refuses: a process that is
//! gone. Stays true: numbers are as the kernel counts them, since the process started.

use anyhow::Context;
use std::fs;

/// Clock ticks a second in `/proc/PID/stat`: USER_HZ, 100 on every Linux that Rust runs on but Alpha.
const TICKS_PER_SECOND: f64 = 100.0;
const KIB: u64 = 1024;

/// One look at a process.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// User and system time of all its threads, past ones too, in seconds; to 10 ms.
    pub cpu_s: f64,
    /// Voluntary and involuntary context switches of the threads it has now.
    pub switches: u64,
}

/// Memory of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident now, in bytes.
    pub resident: u64,
    /// The most that was ever resident, in bytes.
    pub peak: u64,
}

/// Looks at a process.
///
/// # Errors
/// It is gone.
pub fn usage(pid: u32) -> anyhow::Result<Usage> {
    let stat = read(&format!("/proc/{pid}/stat"))?;
    let mut switches = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end between the listing and the reading.
        if let Ok(status) = fs::read_to_string(task?.path().join("status")) {
            switches += field(&status, "voluntary_ctxt_switches:").unwrap_or(0);
            switches += field(&status, "nonvoluntary_ctxt_switches:").unwrap_or(0);
        }
    }
    let cpu_s = cpu_ticks(&stat).context("no CPU time in /proc")? as f64 / TICKS_PER_SECOND;
    Ok(Usage { cpu_s, switches })
}

/// Looks at a process's memory. The sum over its mappings is exact, where VmRSS may lag behind by
/// some pages a thread.
///
/// # Errors
/// It is gone.
pub fn memory(pid: u32) -> anyhow::Result<Memory> {
    let status = read(&format!("/proc/{pid}/status"))?;
    let rollup = read(&format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let resident = field(&rollup, "Rss:").or_else(|| field(&status, "VmRSS:"));
    Ok(Memory {
        resident: resident.context("no VmRSS in /proc")? * KIB,
        peak: field(&status, "VmHWM:").context("no VmHWM in /proc")? * KIB,
    })
}

fn read(path: &str) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {path}"))
}

/// Fields 14 and 15; the second field is the name in brackets, which may hold anything.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn cpu_time_is_read_past_any_name() {
        let stat = "7 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 130 20 0 0";
        assert_eq!(cpu_ticks(stat), Some(150));
        assert_eq!(cpu_ticks("7 (x) S 1 2"), None);
    }

    #[test]
    fn the_two_kinds_of_switches_are_told_apart() {
        let status =
            "VmHWM:\t  120 kB\nvoluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t7\n";
        assert_eq!(field(status, "voluntary_ctxt_switches:"), Some(5));
        assert_eq!(field(status, "nonvoluntary_ctxt_switches:"), Some(7));
        assert_eq!(field(status, "VmHWM:"), Some(120));
    }

    #[test]
    fn work_shows_in_ones_own_usage() {
        let (before, memory_before) = (
            usage(std::process::id()).unwrap(),
            memory(std::process::id()).unwrap(),
        );
        let block = vec![1_u8; 32 << 20];
        while usage(std::process::id()).unwrap().cpu_s < before.cpu_s + 0.02 {
            std::hint::black_box(block.iter().map(|byte| u64::from(*byte)).sum::<u64>());
        }
        let memory = memory(std::process::id()).unwrap();
        assert!(
            memory.resident >= memory_before.resident + (16 << 20),
            "{memory:?}"
        );
        assert!(memory.peak >= memory_before.peak);
    }
}
