//! What the operating system allows this run and its children.
//!
//! Owns: raising the limit on descriptors, and taking io_uring away from a child, as containers
//! do, by a seccomp filter.

use anyhow::{Result, ensure};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Whether a child may make io_uring rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rings {
    /// As the machine has it.
    AsTheyAre,
    /// `io_uring_setup` fails with EPERM, as in most containers.
    Forbidden,
}

/// Raises this process's limit on open descriptors, and that of children started from now on, as
/// far as it may be raised; fails if that is less than `needed`.
pub fn allow_descriptors(wanted: u64, needed: u64) -> Result<u64> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the calls take a pointer to a live rlimit, which the first one fills.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
        let both = libc::rlimit {
            rlim_cur: wanted.max(limit.rlim_cur),
            rlim_max: wanted.max(limit.rlim_max),
        };
        if libc::setrlimit(libc::RLIMIT_NOFILE, &both) == 0 {
            return Ok(both.rlim_cur);
        }
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
    }
    ensure!(
        limit.rlim_cur >= needed,
        "this test needs {needed} open files and may open {}: raise the hard limit first, as root \
         (`ulimit -Hn {needed}`)",
        limit.rlim_cur
    );
    Ok(limit.rlim_cur)
}

/// Whether this machine lets this process make a ring: asked of the kernel, not of the gateway.
pub fn io_uring_is_allowed() -> bool {
    let mut parameters = [0_u8; 120]; // struct io_uring_params
    // SAFETY: io_uring_setup(2) writes into the 120 bytes of io_uring_params it is given, which
    // live until after the call; the descriptor it returns is closed at once.
    unsafe {
        let ring = libc::syscall(libc::SYS_io_uring_setup, 1, parameters.as_mut_ptr());
        ring >= 0 && libc::close(ring as i32) == 0
    }
}

/// How many files a child may open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// As the machine has it.
    AsTheyAre,
    /// So many, and no raising it.
    AtMost(u64),
}

/// Bounds the child's open files.
pub fn bound_files(command: &mut Command, most: u64) {
    let limit = libc::rlimit {
        rlim_cur: most,
        rlim_max: most,
    };
    // SAFETY: the closure runs in the forked child before exec; setrlimit(2) is async-signal-safe
    // and reads a struct that the closure owns.
    unsafe {
        command.pre_exec(move || match libc::setrlimit(libc::RLIMIT_NOFILE, &limit) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
}

/// Takes io_uring away from the child.
pub fn forbid_rings(command: &mut Command) {
    // Classic BPF: load the number of the system call; for io_uring_setup answer EPERM.
    let denied = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
    let filter = [
        statement((libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16, 0, 0, 0),
        statement(
            (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16,
            0,
            1,
            libc::SYS_io_uring_setup as u32,
        ),
        statement((libc::BPF_RET | libc::BPF_K) as u16, 0, 0, denied),
        statement(
            (libc::BPF_RET | libc::BPF_K) as u16,
            0,
            0,
            libc::SECCOMP_RET_ALLOW,
        ),
    ];
    // SAFETY: the closure runs in the forked child before exec; prctl(2) is async-signal-safe, and
    // the program it reads is owned by the closure and outlives the call.
    unsafe {
        command.pre_exec(move || {
            let program = libc::sock_fprog {
                len: filter.len() as u16,
                filter: filter.as_ptr().cast_mut(),
            };
            let set = libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program) == 0;
            if set {
                Ok(())
            } else {
                Err(std::io::Error::last_os_error())
            }
        });
    }
}

fn statement(code: u16, jt: u8, jf: u8, k: u32) -> libc::sock_filter {
    libc::sock_filter { code, jt, jf, k }
}
