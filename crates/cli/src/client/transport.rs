//! Asking the runtime, wherever it is.

use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use mycelium_protocol::Event;
use mycelium_protocol::control::ClientHello;
use mycelium_protocol::control::Command;
use mycelium_protocol::control::EndpointReport;
use mycelium_protocol::control::EndpointRequest;
use mycelium_protocol::control::Reply;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::ServerHello;
use mycelium_protocol::control::ToolPrefix;

use super::ClientError;
use super::Connection;
use super::Interrupt;
use super::Surroundings;
use super::identity;
use super::identity::Verdict;
use super::in_process::InProcess;
use super::retire;
use super::start::start;
use crate::arguments::Placement;
use crate::arguments::Settings;
use crate::error::Error;
use crate::session::unexpected;

/// How many daemons may turn out to be about to end before the client gives up.
const MAX_ATTEMPTS: usize = 11;
/// How long one that is about to end is given for it before another look. It doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The way requests go.
pub(crate) struct Transport {
    interrupt: Interrupt,
    /// Made at the first request that wants it; its instances live as long as this.
    in_process: Option<InProcess>,
}

impl Transport {
    /// A way to nowhere yet: nothing is connected or started before the first request.
    ///
    /// # Errors
    /// When Ctrl-C cannot be watched.
    pub(crate) fn new() -> Result<Self, Error> {
        Ok(Self {
            interrupt: Interrupt::listen().map_err(Error::File)?,
            in_process: None,
        })
    }

    pub(crate) fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Asks one thing.
    ///
    /// # Errors
    /// What the runtime answers, or why it cannot be asked.
    pub(crate) fn request(
        &mut self,
        surroundings: &Surroundings,
        settings: &Settings,
        context: RequestContext,
        command: Command,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Reply, Error> {
        match settings.placement {
            Placement::InProcess => {
                let runtime = match self.in_process.take() {
                    Some(runtime) => runtime,
                    None => {
                        if let Err(problem) = surroundings.folders.check_state() {
                            on_event(Event::Note {
                                skill: None,
                                key: "state-not-kept".to_owned(),
                                args: problem.context,
                            });
                        }
                        InProcess::start(surroundings)?
                    }
                };
                self.in_process
                    .insert(runtime)
                    .request(context, command, on_event)
            }
            Placement::Daemon => {
                for _ in 0..MAX_ATTEMPTS {
                    let (mut connection, _) = self.connect(surroundings, settings)?;
                    let context = context.clone();
                    let command = command.clone();
                    match connection.request(context, command, &self.interrupt, on_event) {
                        Ok(answer) => return Ok(answer?),
                        // It stops, and nothing has happened: its successor is asked.
                        Err(ClientError::NotTaken) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                Err(ClientError::Unsettled.into())
            }
        }
    }

    /// Connects to a daemon that is no older than this program, starting one if there is none.
    ///
    /// A daemon that stops lets its calls run to their end while its successor already serves.
    ///
    /// # Errors
    /// When there is none and none can be started.
    pub(crate) fn connect(
        &self,
        surroundings: &Surroundings,
        settings: &Settings,
    ) -> Result<(Connection, ServerHello), ClientError> {
        self.reach(
            surroundings,
            settings,
            &identity::hello(&surroundings.program),
        )
    }

    /// Connects an agent whose session, `agent`, lasts as long as the connection, and which puts `tool_prefix` before
    /// the names of tools. From here on the stream speaks MCP.
    ///
    /// # Errors
    /// When there is no daemon and none can be started.
    pub(crate) fn attach(
        &self,
        surroundings: &Surroundings,
        settings: &Settings,
        agent: &str,
        tool_prefix: &ToolPrefix,
    ) -> Result<UnixStream, Error> {
        let ours = ClientHello {
            owned_session: Some(agent.to_owned()),
            ..identity::hello(&surroundings.program)
        };
        let (mut connection, _) = self.reach(surroundings, settings, &ours)?;
        let context = RequestContext {
            session: agent.to_owned(),
            ..surroundings.context(settings)
        };
        let command = Command::Agent {
            tool_prefix: tool_prefix.clone(),
        };
        match connection.request(context, command, &self.interrupt, &mut |_| {})?? {
            Reply::Agent => Ok(connection.into_stream()),
            other => Err(unexpected(&other)),
        }
    }

    /// Has the skills offered at an address for as long as the stream that is returned stays open.
    ///
    /// # Errors
    /// When there is no daemon and none can be started, or it cannot use the address.
    pub(crate) fn open_endpoint(
        &self,
        surroundings: &Surroundings,
        settings: &Settings,
        owner: &str,
        request: &EndpointRequest,
    ) -> Result<(UnixStream, EndpointReport), Error> {
        let (mut connection, _) = self.connect(surroundings, settings)?;
        let context = RequestContext {
            session: owner.to_owned(),
            ..surroundings.context(settings)
        };
        let command = Command::Endpoint(request.clone());
        match connection.request(context, command, &self.interrupt, &mut |_| {})?? {
            Reply::Endpoint(report) => Ok((connection.into_stream(), report)),
            other => Err(unexpected(&other)),
        }
    }

    fn reach(
        &self,
        surroundings: &Surroundings,
        settings: &Settings,
        ours: &ClientHello,
    ) -> Result<(Connection, ServerHello), ClientError> {
        let socket = surroundings.folders.socket();
        let mut pause = FIRST_PAUSE;
        for attempt in 0..MAX_ATTEMPTS {
            if let Some(mut connection) = Connection::open(&socket)? {
                match connection.hello(ours, &self.interrupt) {
                    Ok(theirs) => match identity::judge(ours, &theirs) {
                        Verdict::Use => return Ok((connection, theirs)),
                        Verdict::Replace => {
                            let context = surroundings.context(settings);
                            retire::ask_to_stop(connection, context, &self.interrupt)?;
                        }
                        Verdict::End => retire::tell_to_stop(connection.peer())?,
                        Verdict::Succeed => {}
                        Verdict::Leave => {
                            return Err(ClientError::Newer {
                                pid: theirs.pid,
                                version: theirs.version,
                            });
                        }
                    },
                    // It ended between the connection and the hello.
                    Err(ClientError::Lost) => {}
                    Err(error) => return Err(error),
                }
            }
            // At first there was none, or one that is replaced.
            if attempt > 0 {
                thread::sleep(pause);
                pause *= 2;
            }
            start(surroundings, &self.interrupt)?;
        }
        Err(ClientError::Unsettled)
    }

    /// Connects to the daemon that runs, if one does, whatever its version.
    ///
    /// # Errors
    /// When it cannot be talked to.
    pub(crate) fn find(
        &self,
        surroundings: &Surroundings,
    ) -> Result<Option<(Connection, ServerHello)>, ClientError> {
        self.find_as(surroundings, &identity::hello(&surroundings.program))
    }

    /// Ends a session in the daemon that runs, if one does: it becomes this connection's own, and goes with it.
    ///
    /// # Errors
    /// When the daemon cannot be talked to.
    pub(crate) fn end_session(
        &self,
        surroundings: &Surroundings,
        session: &str,
    ) -> Result<bool, ClientError> {
        let ours = ClientHello {
            owned_session: Some(session.to_owned()),
            ..identity::hello(&surroundings.program)
        };
        Ok(self.find_as(surroundings, &ours)?.is_some())
    }

    fn find_as(
        &self,
        surroundings: &Surroundings,
        ours: &ClientHello,
    ) -> Result<Option<(Connection, ServerHello)>, ClientError> {
        let Some(mut connection) = Connection::open(&surroundings.folders.socket())? else {
            return Ok(None);
        };
        match connection.hello(ours, &self.interrupt) {
            Ok(theirs) if theirs.protocol == ours.protocol => Ok(Some((connection, theirs))),
            Ok(theirs) => Err(ClientError::OtherProtocol {
                pid: theirs.pid,
                version: theirs.version,
            }),
            Err(ClientError::Lost) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Transport {
    /// Ends what was started in this process, however the command ended.
    fn drop(&mut self) {
        if let Some(runtime) = self.in_process.take() {
            runtime.shut_down();
        }
    }
}
