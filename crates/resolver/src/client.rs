//! Asks a registry, patiently but not for ever.

mod names;

use std::collections::HashSet;
use std::io;
use std::io::Read;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use backon::BackoffBuilder as _;
use backon::ExponentialBuilder;
use ureq::Agent;
use ureq::http::HeaderMap;
use ureq::http::header;
use ureq::tls::RootCerts;
use ureq::tls::TlsConfig;
use ureq::unversioned::transport::DefaultConnector;
use url::Url;

use self::names::HostNames;
use crate::NetworkLimits;
use crate::ResolverError;
use crate::registry::RegistryConfiguration;
use crate::registry::Target;

/// A client for one installation. It connects when it is first asked for something.
pub(crate) struct Client<'a> {
    configuration: &'a RegistryConfiguration,
    limits: &'a NetworkLimits,
    plain: Agent,
    /// Made when first needed: loading certificates takes longer than many an installation.
    secure: Mutex<Option<Agent>>,
    used: AtomicBool,
    /// Hosts that could not be reached however often they were tried.
    silent: Mutex<HashSet<String>>,
}

/// What is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Question<'q> {
    pub(crate) target: &'q Target,
    pub(crate) accept: &'q str,
    /// Whether the answer may be compressed on the way.
    pub(crate) transfer: Transfer,
    /// What is known already, so that an answer is not needed if nothing changed.
    pub(crate) etag: Option<&'q str>,
}

/// How a body travels.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transfer {
    /// As it is: it has a hash.
    Verbatim,
    /// Compressed, if the registry can.
    Compressed,
}

/// What a registry answers.
pub(crate) enum Answer {
    /// It has it.
    Found(Found),
    /// What is known already is still true.
    Unchanged,
    /// It does not exist.
    Missing,
}

/// A body that is about to arrive.
pub(crate) struct Found {
    pub(crate) etag: Option<String>,
    /// The body's size, if the registry says it.
    pub(crate) size: Option<u64>,
    pub(crate) body: Box<dyn Read>,
}

/// Why an attempt failed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It may go better next time.
    Passing {
        problem: String,
        /// Whether the registry said anything at all.
        answered: bool,
        /// How long the registry asks to wait.
        wait: Option<Duration>,
    },
    /// It will not.
    Lasting(ResolverError),
}

/// The longest pause between two attempts, whatever the registry asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
const MAX_REDIRECTS: u32 = 5;

impl<'a> Client<'a> {
    pub(crate) fn new(configuration: &'a RegistryConfiguration, limits: &'a NetworkLimits) -> Self {
        // An unencrypted registry may redirect to an encrypted one: that is for the other agent.
        let plain = agent(limits, &[], 0);
        Self {
            configuration,
            limits,
            plain,
            secure: Mutex::new(None),
            used: AtomicBool::new(false),
            silent: Mutex::default(),
        }
    }

    /// Whether anything was asked.
    pub(crate) fn was_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    pub(crate) fn limits(&self) -> &'a NetworkLimits {
        self.limits
    }

    /// Asks a question and gives the answer to `take`, again and again while the fault looks
    /// temporary: no connection, no answer, an answer cut off, an overloaded server.
    ///
    /// # Errors
    ///
    /// Fails with what `take` calls lasting, with [`ResolverError::Refused`] for an answer that
    /// will not change, and with [`ResolverError::Unreachable`] after the last attempt.
    pub(crate) fn ask<T>(
        &self,
        question: Question<'_>,
        mut take: impl FnMut(Answer) -> Result<T, Fault>,
    ) -> Result<T, ResolverError> {
        let start = Instant::now();
        let url = &question.target.url;
        let host = url.authority().to_owned();
        // The pauses of many installations should not fall on the same moments.
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(self.limits.pause)
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(self.limits.attempts.saturating_sub(1))
            .with_jitter()
            .build();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let left = self.limits.total.saturating_sub(start.elapsed());
            let fault = match self.attempt(question, left).and_then(&mut take) {
                Ok(taken) => return Ok(taken),
                Err(fault) => fault,
            };
            let (problem, answered, wait) = match fault {
                Fault::Passing {
                    problem,
                    answered,
                    wait,
                } => (problem, answered, wait),
                Fault::Lasting(error) => return Err(error),
            };
            tracing::debug!(%url, attempts, problem, "a request failed");
            let pause = pauses
                .next()
                .map(|pause| pause.max(wait.unwrap_or_default()).min(LONGEST_PAUSE))
                .filter(|pause| *pause < left)
                .filter(|_| !self.is_silent(&host));
            let Some(pause) = pause else {
                if !answered {
                    self.lock_silent().insert(host);
                }
                return Err(ResolverError::Unreachable {
                    url: shown(url),
                    attempts,
                    problem,
                });
            };
            thread::sleep(pause);
        }
    }

    fn attempt(&self, question: Question<'_>, left: Duration) -> Result<Answer, Fault> {
        self.used.store(true, Ordering::Relaxed);
        let is_plain = question.target.url.scheme() == "http";
        let first = if is_plain {
            self.plain.clone()
        } else {
            self.secure_agent().map_err(Fault::Lasting)?
        };
        let mut response = self.send(&first, question, left)?;
        if is_plain && response.status().is_redirection() && response.status() != 304 {
            let secure = self.secure_agent().map_err(Fault::Lasting)?;
            response = self.send(&secure, question, left)?;
        }

        let status = response.status().as_u16();
        let text = |name| header_text(response.headers(), name);
        match status {
            200 => Ok(Answer::Found(Found {
                etag: text(header::ETAG),
                size: text(header::CONTENT_LENGTH).and_then(|size| size.parse().ok()),
                body: Box::new(response.into_body().into_reader()),
            })),
            304 if question.etag.is_some() => Ok(Answer::Unchanged),
            404 | 410 => Ok(Answer::Missing),
            408 | 425 | 429 | 500..=599 => Err(Fault::Passing {
                problem: format!("HTTP status {status}"),
                answered: true,
                wait: text(header::RETRY_AFTER)
                    .and_then(|seconds| seconds.parse().ok())
                    .map(Duration::from_secs),
            }),
            _ => Err(Fault::Lasting(ResolverError::Refused {
                url: shown(&question.target.url),
                status,
            })),
        }
    }

    fn send(
        &self,
        agent: &Agent,
        question: Question<'_>,
        left: Duration,
    ) -> Result<ureq::http::Response<ureq::Body>, Fault> {
        let Target { url, authorization } = question.target;
        let proxy = self.configuration.proxy(url).map_err(|e| fault(url, &e))?;
        let encoding = match question.transfer {
            Transfer::Verbatim => "identity",
            Transfer::Compressed => "gzip",
        };
        let mut request = agent
            .get(url.as_str())
            .config()
            .proxy(proxy)
            .timeout_global(Some(left))
            .build()
            .header(header::ACCEPT, question.accept)
            .header(header::ACCEPT_ENCODING, encoding);
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        if let Some(etag) = question.etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        request.call().map_err(|error| fault(url, &error))
    }

    fn secure_agent(&self) -> Result<Agent, ResolverError> {
        let mut secure = self.secure.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(agent) = &*secure {
            return Ok(agent.clone());
        }
        let certificates = self.configuration.trust().load()?;
        let agent = agent(self.limits, &certificates, MAX_REDIRECTS);
        Ok(secure.insert(agent).clone())
    }

    fn is_silent(&self, host: &str) -> bool {
        self.lock_silent().contains(host)
    }

    fn lock_silent(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    /// The body stopped arriving.
    pub(crate) fn cut_off(error: &io::Error) -> Self {
        Self::Passing {
            problem: error.to_string(),
            answered: true,
            wait: None,
        }
    }
}

impl From<ResolverError> for Fault {
    fn from(error: ResolverError) -> Self {
        Self::Lasting(error)
    }
}

fn agent(
    limits: &NetworkLimits,
    certificates: &[ureq::tls::Certificate<'static>],
    redirects: u32,
) -> Agent {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(certificates))
        .build();
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(redirects)
        .max_redirects_will_error(redirects > 0)
        .user_agent(concat!("mycelium/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(limits.connect))
        .timeout_connect(Some(limits.connect))
        .timeout_recv_response(Some(limits.silence))
        .timeout_per_read(Some(limits.silence))
        // What counts is the request's environment, not this process's.
        .proxy(None)
        .max_idle_connections_per_host(limits.parallel)
        .tls_config(tls)
        .build();
    Agent::with_parts(config, DefaultConnector::new(), HostNames::default())
}

fn fault(url: &Url, error: &ureq::Error) -> Fault {
    let passing = match error {
        ureq::Error::Io(error) => error.kind() != io::ErrorKind::InvalidData,
        ureq::Error::Timeout(_)
        | ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::ConnectProxyFailed(_)
        | ureq::Error::Protocol(_) => true,
        // A certificate nobody vouches for, a redirection in circles, a proxy that is none.
        _ => false,
    };
    let problem = error.to_string();
    if passing {
        Fault::Passing {
            problem,
            answered: false,
            wait: None,
        }
    } else {
        Fault::Lasting(ResolverError::Unreachable {
            url: shown(url),
            attempts: 1,
            problem,
        })
    }
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(ToOwned::to_owned)
}

/// An address for a message: without the credentials somebody may have put into it.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // These fail for addresses that cannot have credentials.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.into()
}

/// Reads a body to its end, at most `limit` bytes.
pub(crate) fn read_body(found: &mut Found, url: &Url, limit: u64) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    (&mut found.body)
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Fault::cut_off(&error))?;
    if bytes.len() as u64 > limit {
        return Err(too_large(url, limit).into());
    }
    Ok(bytes)
}

pub(crate) fn too_large(url: &Url, limit: u64) -> ResolverError {
    ResolverError::TooLarge {
        url: shown(url),
        limit,
    }
}
