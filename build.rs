//! Compiles the protobuf files under `proto/` at build time, in Rust alone: no `protoc` is needed.
//! Each package has a function of its own here; nothing else may happen in a build.

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    google_pubsub()?;
    tidegate_messages()
}

/// The fleet's own messages: types alone.
fn tidegate_messages() -> Result<(), Box<dyn Error>> {
    let messages = protox::compile(["tidegate/v1/messages.proto"], ["proto"])?;
    prost_build::Config::new().compile_fds(messages)?;
    Ok(())
}

/// The public Pub/Sub API: server and client code, and the descriptors from which REST is derived.
fn google_pubsub() -> Result<(), Box<dyn Error>> {
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_imports(true).open_files(["google/pubsub/v1/pubsub.proto"])?;
    let out_dir = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    // Encoded by protox itself: prost's own types would drop the `google.api.http` annotations.
    std::fs::write(out_dir.join("google.pubsub.v1.bin"), compiler.encode_file_descriptor_set())?;
    tonic_prost_build::configure()
        .bytes(".google.pubsub.v1.PubsubMessage.data")
        .build_transport(true)
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
