//! Random bytes from the kernel, and the comparison that takes the same time whatever it finds.

use rquickjs::Ctx;
use rquickjs::Exception;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Result;
use rustix::rand::GetRandomFlags;

use crate::quickjs::binding::bytes::View;

/// How much is taken from the kernel at once.
const CHUNK: usize = 1 << 16;

/// Fills a slice with random bytes; a short answer of the kernel is continued.
fn fill(mut bytes: &mut [u8]) -> rustix::io::Result<()> {
    while !bytes.is_empty() {
        match rustix::rand::getrandom(&mut *bytes, GetRandomFlags::empty()) {
            Ok(count) => bytes = &mut bytes[count..],
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Compares without branching on the content; arrays of different length are different.
fn equal(left: &[u8], right: &[u8]) -> bool {
    let difference = left
        .iter()
        .zip(right)
        .fold(0, |seen, (a, b)| std::hint::black_box(seen | (a ^ b)));
    left.len() == right.len() && difference == 0
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set(
        "randomFill",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, view: View<'js>| -> Result<()> {
                let mut chunk = vec![0; view.len().min(CHUNK)];
                let mut done = 0;
                while done < view.len() {
                    fill(&mut chunk)
                        .map_err(|error| Exception::throw_message(&ctx, &error.to_string()))?;
                    done += view.fill_at(done, &chunk);
                }
                Ok(())
            },
        )?,
    )?;
    target.set(
        "timingSafeEqual",
        Function::new(ctx.clone(), |left: View<'js>, right: View<'js>| {
            equal(&left.to_vec(), &right.to_vec())
        })?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_the_whole_and_the_length() {
        assert!(equal(b"", b""));
        assert!(equal(b"same", b"same"));
        assert!(!equal(b"same", b"sane"));
        assert!(!equal(b"same", b"sam"));
        assert!(!equal(b"sam", b"same"));
    }

    #[test]
    fn fills_every_byte() {
        let mut bytes = [0; 4096];
        fill(&mut bytes).unwrap();
        assert!(
            bytes
                .chunks(64)
                .all(|part| part.iter().any(|byte| *byte != 0))
        );
    }
}
