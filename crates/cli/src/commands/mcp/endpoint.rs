//! `mcp serve --http`: the skills at an address, until this process ends.

use std::net::Shutdown;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::time::Duration;
use std::time::Instant;

use mycelium_protocol::control::EndpointAccess;
use mycelium_protocol::control::EndpointReport;
use mycelium_protocol::control::EndpointRequest;
use mycelium_types::ExitStatus;

use super::own_session;
use super::refuse_without_daemon;
use crate::arguments::ServeOptions;
use crate::client::ClientError;
use crate::client::Wait;
use crate::error::Error;
use crate::render::Page;
use crate::render::Style;
use crate::render::Text;
use crate::session::Session;

/// How many daemons may be lost one after another before an agent has been served by any.
const MAX_LOSSES: usize = 4;
/// A daemon that served for so long was worth starting.
const WORTHWHILE: Duration = Duration::from_secs(10);

/// How long the daemon may take to close the address.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn run(
    address: SocketAddr,
    options: &ServeOptions,
    session: &mut Session<'_>,
) -> Result<ExitStatus, Error> {
    refuse_without_daemon(session)?;
    session
        .transport
        .interrupt()
        .also_on_terminate()
        .map_err(Error::File)?;
    let mut request = EndpointRequest {
        address,
        access: match options.no_auth {
            true => EndpointAccess::Everybody,
            false => EndpointAccess::Token,
        },
        hosts: options.allow_host.clone(),
        origins: options.allow_origin.clone(),
        tool_prefix: options.tool_prefix.clone().unwrap_or_default(),
    };
    let owner = own_session("http");
    let mut losses = 0;
    let mut is_told = false;
    loop {
        let begun = Instant::now();
        let (stream, report) = match session.transport.open_endpoint(
            session.surroundings,
            session.settings,
            &owner,
            &request,
        ) {
            Ok(opened) => opened,
            Err(Error::Client(ClientError::Interrupted)) => return Ok(ExitStatus::Success),
            Err(error) => return Err(error),
        };
        // Its successor listens where the first one did.
        request.address = listening_at(&report).unwrap_or(request.address);
        if !is_told {
            session
                .output
                .result(&report, |page| describe(&report, page))?;
            is_told = true;
        }
        let waited = session.transport.interrupt().wait(&stream, None);
        match waited.map_err(ClientError::Wait)? {
            Wait::Interrupted => return leave(&stream, session),
            // The daemon is gone, or was replaced: the next one takes over.
            Wait::Ready | Wait::Elapsed => {}
        }
        losses = match begun.elapsed() > WORTHWHILE {
            true => 0,
            false => losses + 1,
        };
        if losses >= MAX_LOSSES {
            return Err(ClientError::Lost.into());
        }
    }
}

/// Tells the daemon, and waits until it listens no more.
fn leave(stream: &UnixStream, session: &Session<'_>) -> Result<ExitStatus, Error> {
    // One that is gone listens no more.
    let _ = stream.shutdown(Shutdown::Write);
    let waited = session.transport.interrupt().wait(stream, Some(PATIENCE));
    waited.map_err(ClientError::Wait)?;
    Ok(ExitStatus::Success)
}

fn listening_at(report: &EndpointReport) -> Option<SocketAddr> {
    let (_, rest) = report.url.split_once("://")?;
    rest.split('/').next()?.parse().ok()
}

fn describe(report: &EndpointReport, page: &mut Page) {
    page.say(&Text::new("mcp-serving").with("url", &report.url));
    match &report.token_file {
        Some(file) => page.say(&Text::new("mcp-token").with("file", file.display())),
        None => page.say_styled(Style::Caution, &Text::new("mcp-no-token")),
    }
}
