//! What clients send and read is the spec: the types, the checks, the examples and the emulator against the `OpenAPI` documents.

mod answers;
mod document;
mod examples;
mod operations;
mod requests;
mod values;
