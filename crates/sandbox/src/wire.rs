//! What a supervisor and its launcher say to each other, one packet a message.
//!
//! Both ends are the same executable; the messages are bounded and checked all the same, and one that
//! cannot be read ends the conversation.

use std::io::IoSlice;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::AddressFamily;
use rustix::net::RecvAncillaryBuffer;
use rustix::net::RecvAncillaryMessage;
use rustix::net::RecvFlags;
use rustix::net::ReturnFlags;
use rustix::net::SendAncillaryBuffer;
use rustix::net::SendAncillaryMessage;
use rustix::net::SendFlags;
use rustix::net::SocketFlags;
use rustix::net::SocketType;
use rustix::net::recvmsg;
use rustix::net::sendmsg;
use rustix::net::socketpair;
use rustix::net::sockopt::Timeout;
use rustix::net::sockopt::set_socket_timeout;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::CgroupVersion;
use crate::Footing;
use crate::NetworkPorts;
use crate::Note;
use crate::SandboxError;
use crate::SandboxReport;
use crate::WorkerKind;
use crate::network::MAX_PORTS;
use crate::plan::Plan;
use crate::syscall::Ending;

/// The largest message, in bytes. It has to fit into a socket's buffer, whose usual size is 208 KiB.
pub(crate) const MAX_MESSAGE: usize = 96 << 10;

/// The most descriptors one message carries: the sockets of a worker's network.
const MAX_DESCRIPTORS: usize = 2 + 2 * MAX_PORTS;

/// A supervisor's messages.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// The first one: who workers are when the launcher is root.
    Begin {
        user: u32,
        group: u32,
    },
    Spawn {
        request: u64,
        job: Job,
    },
    Assign {
        request: u64,
        worker: u64,
        plan: Plan,
    },
    OpenNetwork {
        request: u64,
        worker: u64,
        ports: NetworkPorts,
    },
}

/// What a worker is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Job {
    /// The program's worker function, for an engine of its own.
    Serve,
    /// The program's worker function, for a program of the skill's own.
    Program,
    /// Attacking its own sandbox.
    Probe,
}

impl Job {
    /// The kind of worker that does it.
    pub(crate) fn kind(self) -> WorkerKind {
        match self {
            Self::Serve | Self::Probe => WorkerKind::Embedded,
            Self::Program => WorkerKind::Program,
        }
    }
}

/// What a new worker comes with besides its process descriptor and its socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Extra {
    /// The pipe that ends in its standard output and error.
    Output,
    /// Where its filter tells of its system calls.
    Listener,
}

/// A launcher's messages.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// To [`Request::Begin`].
    Ready(Surroundings),
    /// To [`Request::Begin`]; the launcher ends.
    Impossible(SandboxError),
    /// To [`Request::Spawn`], with the worker's process descriptor and socket, and the descriptors of
    /// `extras` in their order.
    Spawned {
        request: u64,
        extras: Vec<Extra>,
        worker: u64,
        kind: WorkerKind,
        pid: i32,
        report: SandboxReport,
        /// The file that counts the processor time of the worker and everything that it starts.
        times: Option<PathBuf>,
    },
    /// To [`Request::Assign`].
    Assigned { request: u64, notes: Vec<Note> },
    /// To [`Request::OpenNetwork`], with the sockets in the order of [`WorkerNetwork`](crate::WorkerNetwork).
    NetworkOpened { request: u64 },
    /// To any of them, when it failed.
    Failed { request: u64, error: SandboxError },
    /// A worker has ended.
    Ended {
        worker: u64,
        ending: Ending,
        out_of_memory: bool,
        cpu_time: Duration,
        peak_memory: u64,
    },
}

/// What the launcher found around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Surroundings {
    pub(crate) landlock_abi: Option<i32>,
    pub(crate) footing: Footing,
    /// Why there are no namespaces, if there are none.
    pub(crate) obstacle: Option<SandboxError>,
    pub(crate) privilege: Privilege,
    pub(crate) cgroup: Option<CgroupPlace>,
}

/// Where workers' control groups are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CgroupPlace {
    pub(crate) version: CgroupVersion,
    /// The folder they are made in.
    pub(crate) base: PathBuf,
    /// How their names begin.
    pub(crate) prefix: String,
    /// The folder for groups that count processor time, if there can be any. It is the same for groups of
    /// version 2, which count it as well.
    pub(crate) times: Option<PathBuf>,
}

/// Whose rights a supervisor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Privilege {
    /// Root's: workers are another user, and see the person's files through id-mapped mounts.
    Root,
    /// An ordinary person's: workers are that person, in namespaces of their own.
    Person,
}

/// One end of a packet socket.
#[derive(Debug)]
pub(crate) struct Channel {
    socket: OwnedFd,
}

impl Channel {
    pub(crate) fn new(socket: OwnedFd) -> Self {
        Self { socket }
    }

    /// Two ends of one socket.
    pub(crate) fn pair() -> Result<(Self, Self), Errno> {
        let (one, other) = socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )?;
        Ok((Self::new(one), Self::new(other)))
    }

    pub(crate) fn into_socket(self) -> OwnedFd {
        self.socket
    }

    /// Lets no send and no receive take longer than `limit`.
    pub(crate) fn limit(&self, id: Timeout, limit: Duration) -> Result<(), Errno> {
        set_socket_timeout(&self.socket, id, Some(limit))
    }

    /// Ends the conversation for both sides.
    pub(crate) fn shut_down(&self) {
        // Fails only when the other end is gone already.
        let _ = rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both);
    }

    /// Sends one message, with descriptors.
    pub(crate) fn send<T: Serialize>(
        &self,
        message: &T,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<(), SandboxError> {
        let bytes = serde_json::to_vec(message).map_err(|error| protocol(&error))?;
        if bytes.len() > MAX_MESSAGE {
            return Err(SandboxError::TooLarge {
                bytes: bytes.len(),
                limit: MAX_MESSAGE,
            });
        }
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
            return Err(protocol(&"too many descriptors"));
        }
        rustix::io::retry_on_intr(|| {
            sendmsg(
                &self.socket,
                &[IoSlice::new(&bytes)],
                &mut control,
                SendFlags::NOSIGNAL,
            )
        })
        .map(drop)
        .map_err(|errno| match errno {
            Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN => SandboxError::LauncherLost,
            other => protocol(&std::io::Error::from(other)),
        })
    }

    /// Receives one message, with descriptors; `None` when the other end is gone.
    pub(crate) fn receive<T: DeserializeOwned>(
        &self,
    ) -> Result<Option<(T, Vec<OwnedFd>)>, SandboxError> {
        let Some(length) = self.next_length()? else {
            return Ok(None);
        };
        let mut bytes = vec![0; length.min(MAX_MESSAGE)];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = rustix::io::retry_on_intr(|| {
            recvmsg(
                &self.socket,
                &mut [IoSliceMut::new(&mut bytes)],
                &mut control,
                RecvFlags::CMSG_CLOEXEC,
            )
        });
        let received = received.map_err(|errno| protocol(&std::io::Error::from(errno)))?;
        let descriptors = control
            .drain()
            .filter_map(|message| match message {
                RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
                _ => None,
            })
            .flatten()
            .collect();
        if received
            .flags
            .intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC)
        {
            return Err(protocol(&"a message is too long"));
        }
        let message =
            serde_json::from_slice(&bytes[..received.bytes]).map_err(|error| protocol(&error))?;
        Ok(Some((message, descriptors)))
    }
}

impl Channel {
    /// Waits for the next message and says how long it is; `None` when the other end is gone.
    fn next_length(&self) -> Result<Option<usize>, SandboxError> {
        let peeked = rustix::io::retry_on_intr(|| {
            // With this flag the kernel tells how long the message is, not how much of it fits.
            rustix::net::recv(&self.socket, &mut [0], RecvFlags::PEEK | RecvFlags::TRUNC)
        });
        match peeked {
            Ok((_, 0)) | Err(Errno::CONNRESET) => Ok(None),
            Ok((_, length)) => Ok(Some(length)),
            Err(errno) => Err(protocol(&std::io::Error::from(errno))),
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn protocol(reason: &dyn std::fmt::Display) -> SandboxError {
    SandboxError::Protocol {
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_arrives_with_its_descriptors() {
        let (one, other) = Channel::pair().unwrap();
        one.send(&Job::Probe, &[one.as_fd(), other.as_fd()])
            .unwrap();
        let (job, descriptors) = other.receive::<Job>().unwrap().unwrap();
        assert_eq!((job, descriptors.len()), (Job::Probe, 2));
    }

    #[test]
    fn a_message_that_is_too_long_is_not_sent() {
        let (one, _other) = Channel::pair().unwrap();
        let error = one.send(&"x".repeat(MAX_MESSAGE), &[]).unwrap_err();
        assert!(matches!(error, SandboxError::TooLarge { .. }), "{error}");
    }

    #[test]
    fn bytes_that_are_no_message_and_a_longer_one_than_accepted_are_errors() {
        let (one, other) = Channel::pair().unwrap();
        for bytes in [b"{".to_vec(), vec![b' '; MAX_MESSAGE + 1]] {
            rustix::net::send(&one, &bytes, SendFlags::empty()).unwrap();
            let error = other.receive::<Job>().unwrap_err();
            assert!(matches!(error, SandboxError::Protocol { .. }), "{error}");
        }
    }

    #[test]
    fn the_end_of_the_other_side_is_no_error() {
        let (one, other) = Channel::pair().unwrap();
        drop(one);
        assert!(other.receive::<Job>().unwrap().is_none());
        assert_eq!(
            other.send(&Job::Serve, &[]).unwrap_err(),
            SandboxError::LauncherLost
        );
    }
}
