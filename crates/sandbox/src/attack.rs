//! Attacks that a worker makes on its own sandbox, to find out whether it holds.
//!
//! Looking at versions and settings says what should hold; only trying says what does. Each attack is
//! harmless where it succeeds.
#![allow(
    unsafe_code,
    reason = "attacks are raw system calls, most of which no library offers"
)]

use std::ffi::CString;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;
use std::ptr;

use mycelium_policy::SandboxPolicy;
use serde::Deserialize;
use serde::Serialize;

use crate::OsError;
use crate::SandboxError;
use crate::SandboxReport;
use crate::Seat;

macro_rules! attacks {
    ($($(#[doc = $doc:literal])+ $variant:ident = $key:literal, $function:ident);+ $(;)?) => {
        /// Something that a worker must not be able to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Attack {
            $($(#[doc = $doc])+ $variant),+
        }

        impl Attack {
            /// All attacks, in the order they are made.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The attack's key in the message catalogue.
            #[must_use]
            pub fn key(self) -> &'static str {
                match self { $(Self::$variant => $key),+ }
            }

            /// Succeeds if the attack does.
            fn make(self, targets: &Targets) -> io::Result<()> {
                match self { $(Self::$variant => $function(targets)),+ }
            }
        }
    };
}

attacks! {
    /// Read a file of the host that was not granted.
    ReadFile = "attack-read-file", read_file;
    /// See whether such a file exists, and how large it is.
    StatFile = "attack-stat-file", stat_file;
    /// Read the host's list of users.
    ReadUsers = "attack-read-users", read_users;
    /// Read a file by way of a link.
    FollowLink = "attack-follow-link", follow_link;
    /// Read a file by way of the process's root in `/proc`.
    ProcessRoot = "attack-process-root", process_root;
    /// Change a file of the host that was not granted.
    WriteFile = "attack-write-file", write_file;
    /// Change the skill's own code.
    WriteSkill = "attack-write-skill", write_skill;
    /// See the supervisor's process.
    SeeProcess = "attack-see-process", see_process;
    /// Send the supervisor a signal.
    Signal = "attack-signal", signal;
    /// Control the supervisor as a debugger does.
    Debug = "attack-debug", debug;
    /// Connect to a server on this machine.
    ConnectLoopback = "attack-connect-loopback", connect_loopback;
    /// Connect to a local server that has a name but no file.
    ConnectAbstract = "attack-connect-abstract", connect_abstract;
    /// Start a process.
    Fork = "attack-fork", fork;
    /// Run another program.
    Execute = "attack-execute", execute;
    /// Make machine code.
    MakeCode = "attack-make-code", make_code;
    /// Mount a file system.
    Mount = "attack-mount", mount;
    /// Enter a user namespace, which gives back all capabilities.
    UserNamespace = "attack-user-namespace", user_namespace;
    /// Get memory that the limit does not count, as a file.
    MemoryFile = "attack-memory-file", memory_file;
    /// Get memory that the limit does not count, as shared pages.
    SharedMemory = "attack-shared-memory", shared_memory;
    /// Use the kernel's keys.
    Keys = "attack-keys", keys;
    /// Load a program into the kernel.
    KernelProgram = "attack-kernel-program", kernel_program;
    /// Make calls that the filter does not see.
    CallQueue = "attack-call-queue", call_queue;
    /// Outlive the launcher.
    Outlive = "attack-outlive", outlive;
    /// Raise a limit.
    RaiseLimit = "attack-raise-limit", raise_limit;
    /// Use a descriptor that was left open.
    Descriptor = "attack-descriptor", descriptor;
    /// Read the supervisor's environment.
    Environment = "attack-environment", environment;
}

/// What the attacks aim at; the supervisor has put it there.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Targets {
    pub(crate) policy: SandboxPolicy,
    /// A file that is not granted, in a folder that is not either.
    pub(crate) file: PathBuf,
    /// The supervisor's process id.
    pub(crate) process: u32,
    /// Where a server listens on the loopback interface.
    pub(crate) port: u16,
    /// What a server without a file is called.
    pub(crate) name: String,
}

/// What a worker under attack by itself reports.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Findings {
    pub(crate) report: SandboxReport,
    pub(crate) outcomes: Vec<(Attack, Outcome)>,
}

/// How an attack ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The kernel refused it.
    Refused {
        /// With which error.
        error: OsError,
    },
    /// It worked: the sandbox does not hold.
    Succeeded,
}

/// The main function of a worker that attacks: one line with [`Targets`], one with what came of it.
pub(crate) fn worker_main(mut seat: Seat) -> u8 {
    match attack(&mut seat) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

fn attack(seat: &mut Seat) -> io::Result<()> {
    let mut line = String::new();
    BufReader::new(seat.socket()).read_line(&mut line)?;
    let targets: Targets = serde_json::from_str(&line)?;
    let findings: Result<Findings, SandboxError> =
        seat.restrict(&targets.policy).map(|report| Findings {
            report,
            outcomes: Attack::ALL
                .iter()
                .map(|attack| (*attack, outcome(attack.make(&targets))))
                .collect(),
        });
    let mut answer = serde_json::to_vec(&findings)?;
    answer.push(b'\n');
    seat.socket().write_all(&answer)
}

fn outcome(result: io::Result<()>) -> Outcome {
    match result {
        Ok(()) => Outcome::Succeeded,
        Err(error) => Outcome::Refused {
            error: error.into(),
        },
    }
}

/// What a system call returned, as a result.
fn returned(value: libc::c_long) -> io::Result<()> {
    if value < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn not_found() -> io::Error {
    io::Error::from_raw_os_error(libc::ENOENT)
}

fn c_string(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

fn read_first_byte(path: &Path) -> io::Result<()> {
    std::fs::File::open(path)?.read_exact(&mut [0])
}

fn read_file(targets: &Targets) -> io::Result<()> {
    read_first_byte(&targets.file)
}

fn stat_file(targets: &Targets) -> io::Result<()> {
    std::fs::metadata(&targets.file).map(drop)
}

/// The sandbox has a file of that name; what must not be in it is the host's superuser.
fn read_users(_: &Targets) -> io::Result<()> {
    let mut text = String::new();
    std::fs::File::open("/etc/passwd")?.read_to_string(&mut text)?;
    if text.contains("root:") {
        Ok(())
    } else {
        Err(not_found())
    }
}

fn follow_link(targets: &Targets) -> io::Result<()> {
    let link = Path::new("/tmp/link");
    std::os::unix::fs::symlink(&targets.file, link)?;
    read_first_byte(link)
}

fn process_root(targets: &Targets) -> io::Result<()> {
    let below = targets.file.strip_prefix("/").unwrap_or(&targets.file);
    read_first_byte(&Path::new("/proc/self/root").join(below))
}

fn write_file(targets: &Targets) -> io::Result<()> {
    // Not created if it is missing: folders of the same name may exist in the worker's own `/tmp`.
    std::fs::OpenOptions::new()
        .write(true)
        .open(&targets.file)
        .map(drop)
}

fn write_skill(targets: &Targets) -> io::Result<()> {
    std::fs::File::create(targets.policy.skill_root.join("attack")).map(drop)
}

fn see_process(targets: &Targets) -> io::Result<()> {
    read_first_byte(Path::new(&format!("/proc/{}/cmdline", targets.process)))
}

fn signal(targets: &Targets) -> io::Result<()> {
    // SAFETY: kill(2) takes numbers; signal 0 only asks whether one could be sent.
    returned(unsafe { libc::kill(targets.process as i32, 0) }.into())
}

fn debug(targets: &Targets) -> io::Result<()> {
    // SAFETY: PTRACE_SEIZE takes numbers; a process that is only seized goes on as before, and is let
    // go when this one ends.
    returned(unsafe { libc::ptrace(libc::PTRACE_SEIZE, targets.process as i32, 0, 0) })
}

fn connect_loopback(targets: &Targets) -> io::Result<()> {
    std::net::TcpStream::connect(("127.0.0.1", targets.port)).map(drop)
}

fn connect_abstract(targets: &Targets) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&targets.name)?;
    std::os::unix::net::UnixStream::connect_addr(&address).map(drop)
}

fn fork(_: &Targets) -> io::Result<()> {
    // SAFETY: the worker has one thread, and the child ends at once.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        crate::syscall::terminate(0);
    }
    returned(pid.into())
}

/// There is no such program: whoever may run programs is told so.
fn execute(_: &Targets) -> io::Result<()> {
    let none = [ptr::null()];
    // SAFETY: execve(2) reads a text and two lists that end with null.
    unsafe { libc::execve(c"/mycelium/none".as_ptr(), none.as_ptr(), none.as_ptr()) };
    match io::Error::last_os_error() {
        error if error.kind() == io::ErrorKind::NotFound => Ok(()),
        error => Err(error),
    }
}

fn map(protection: i32, flags: i32) -> io::Result<()> {
    // SAFETY: a new mapping at a place of the kernel's choice touches nothing that exists.
    let page = unsafe { libc::mmap(ptr::null_mut(), 4096, protection, flags, -1, 0) };
    if page == libc::MAP_FAILED {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn make_code(_: &Targets) -> io::Result<()> {
    map(
        libc::PROT_READ | libc::PROT_EXEC,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
    )
}

fn shared_memory(_: &Targets) -> io::Result<()> {
    map(
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_SHARED | libc::MAP_ANONYMOUS,
    )
}

fn mount(_: &Targets) -> io::Result<()> {
    let (kind, place) = (c"tmpfs", c_string(Path::new("/tmp"))?);
    // SAFETY: mount(2) reads three texts and takes no further data.
    returned(
        unsafe { libc::mount(kind.as_ptr(), place.as_ptr(), kind.as_ptr(), 0, ptr::null()) }.into(),
    )
}

fn user_namespace(_: &Targets) -> io::Result<()> {
    // SAFETY: unshare(2) takes a number; the worker ends after its attacks.
    returned(unsafe { libc::unshare(libc::CLONE_NEWUSER) }.into())
}

fn memory_file(_: &Targets) -> io::Result<()> {
    // SAFETY: memfd_create(2) reads a text.
    returned(unsafe { libc::memfd_create(c"attack".as_ptr(), 0) }.into())
}

fn keys(_: &Targets) -> io::Result<()> {
    const GET_KEYRING_ID: i32 = 0;
    const PROCESS_KEYRING: i32 = -2;
    // SAFETY: this operation of keyctl(2) takes numbers.
    returned(unsafe { libc::syscall(libc::SYS_keyctl, GET_KEYRING_ID, PROCESS_KEYRING, 1) })
}

fn kernel_program(_: &Targets) -> io::Result<()> {
    const MAP_CREATE: i32 = 0;
    let mut attributes = [0u32; 32];
    // A small array: what an unprivileged process may make where the kernel allows any.
    attributes[..4].copy_from_slice(&[2, 4, 4, 1]);
    // SAFETY: bpf(2) reads the attributes, whose size is given.
    returned(unsafe {
        libc::syscall(
            libc::SYS_bpf,
            MAP_CREATE,
            attributes.as_ptr(),
            size_of_val(&attributes),
        )
    })
}

fn call_queue(_: &Targets) -> io::Result<()> {
    let mut parameters = [0u64; 15];
    // SAFETY: io_uring_setup(2) reads and writes its parameters, 120 bytes.
    returned(unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, parameters.as_mut_ptr()) })
}

fn outlive(_: &Targets) -> io::Result<()> {
    // SAFETY: this operation of prctl(2) takes numbers.
    returned(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, 0) }.into())
}

fn raise_limit(_: &Targets) -> io::Result<()> {
    let more = libc::rlimit {
        rlim_cur: 1 << 20,
        rlim_max: 1 << 20,
    };
    // SAFETY: setrlimit(2) reads the limit.
    returned(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const more) }.into())
}

/// Beyond the standard ones, which lead nowhere, a worker has one: the socket it reports by.
fn descriptor(_: &Targets) -> io::Result<()> {
    let open = (3..1024)
        // SAFETY: F_GETFD takes a number and only asks.
        .filter(|number| unsafe { libc::fcntl(*number, libc::F_GETFD) } >= 0)
        .count();
    if open > 1 {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(libc::EBADF))
    }
}

fn environment(_: &Targets) -> io::Result<()> {
    std::env::vars_os().next().map(drop).ok_or_else(not_found)
}
