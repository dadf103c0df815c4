//! Plain HTTP/1, as far as it decides where one request ends and whom it is for.

mod body;
mod head;

pub(crate) use body::Body;
pub(crate) use head::BadHead;
pub(crate) use head::RequestHead;
pub(crate) use head::Target;
pub(crate) use head::answer;
pub(crate) use head::request;

#[cfg(test)]
mod tests;
