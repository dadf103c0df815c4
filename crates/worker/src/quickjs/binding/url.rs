//! Parsing and changing URLs as the WHATWG URL standard says, for the class `URL`.

use rquickjs::Array;
use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Result;
use url::Url;
use url::quirks;

/// The longest URL that is taken: each change parses the whole again.
const MAX_LENGTH: usize = 1 << 24;

fn read(input: &str, base: Option<&str>) -> Option<Url> {
    if input.len() > MAX_LENGTH {
        return None;
    }
    match base {
        None => Url::parse(input).ok(),
        Some(base) => Url::parse(base).ok()?.join(input).ok(),
    }
}

/// The parts in the order that `internal/url` knows.
fn parts<'js>(ctx: &Ctx<'js>, url: &Url) -> Result<Array<'js>> {
    let array = Array::new(ctx.clone())?;
    for (index, part) in [
        quirks::href(url),
        quirks::protocol(url),
        quirks::username(url),
        quirks::password(url),
        quirks::host(url),
        quirks::hostname(url),
        quirks::port(url),
        quirks::pathname(url),
        quirks::search(url),
        quirks::hash(url),
    ]
    .into_iter()
    .enumerate()
    {
        array.set(index, part)?;
    }
    Ok(array)
}

fn parse<'js>(ctx: Ctx<'js>, input: String, base: Option<String>) -> Result<Option<Array<'js>>> {
    read(&input, base.as_deref())
        .map(|url| parts(&ctx, &url))
        .transpose()
}

/// The parts after setting one of them; a value that the standard refuses changes nothing.
fn change<'js>(
    ctx: Ctx<'js>,
    href: String,
    part: String,
    value: String,
) -> Result<Option<Array<'js>>> {
    let Some(mut url) = read(&href, None) else {
        return Ok(None);
    };
    if value.len() > MAX_LENGTH {
        return Ok(None);
    }
    let changed = match part.as_str() {
        "protocol" => quirks::set_protocol(&mut url, &value).is_ok(),
        "username" => quirks::set_username(&mut url, &value).is_ok(),
        "password" => quirks::set_password(&mut url, &value).is_ok(),
        "host" => quirks::set_host(&mut url, &value).is_ok(),
        "hostname" => quirks::set_hostname(&mut url, &value).is_ok(),
        "port" => quirks::set_port(&mut url, &value).is_ok(),
        "pathname" => {
            quirks::set_pathname(&mut url, &value);
            true
        }
        "search" => {
            quirks::set_search(&mut url, &value);
            true
        }
        "hash" => {
            quirks::set_hash(&mut url, &value);
            true
        }
        _ => false,
    };
    if !changed {
        return Ok(None);
    }
    parts(&ctx, &url).map(Some)
}

fn origin(href: String) -> String {
    read(&href, None).map_or_else(|| "null".to_owned(), |url| quirks::origin(&url))
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set("parse", Function::new(ctx.clone(), parse)?)?;
    target.set("change", Function::new(ctx.clone(), change)?)?;
    target.set("origin", Function::new(ctx.clone(), origin)?)?;
    target.set(
        "canParse",
        Function::new(ctx.clone(), |input: String, base: Option<String>| {
            read(&input, base.as_deref()).is_some()
        })?,
    )?;
    target.set(
        "domainToAscii",
        Function::new(ctx.clone(), |domain: String| {
            quirks::domain_to_ascii(&domain)
        })?,
    )?;
    target.set(
        "domainToUnicode",
        Function::new(ctx.clone(), |domain: String| {
            quirks::domain_to_unicode(&domain)
        })?,
    )?;
    Ok(())
}
