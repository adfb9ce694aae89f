# syntax=docker/dockerfile:1
# The one image of every role: a static binary in an image that has nothing else, run by somebody without rights.
#
#   docker buildx build --build-arg SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)" \
#     --output type=image,name=IMAGE,push=true,rewrite-timestamp=true --provenance=true --sbom=true .
#
# The same commit gives the same binary: dependencies by Cargo.lock, one compiler, no path and no date in it. The two
# images below are named by tag; whoever builds for others gives their digests as build arguments.
ARG RUST_IMAGE=docker.io/library/rust:1.95.0-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/static-debian12:nonroot

FROM ${RUST_IMAGE} AS build
ARG SOURCE_DATE_EPOCH=0
# Static glibc rather than musl: what is tested is what runs, and it resolves names without any shared library.
ENV CARGO_INCREMENTAL=0 \
    CARGO_TERM_COLOR=never \
    RUSTUP_TOOLCHAIN=1.95.0 \
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH} \
    RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=/source=. --remap-path-prefix=/usr/local/cargo=cargo" \
    CFLAGS="-ffile-prefix-map=/source=. -ffile-prefix-map=/usr/local/cargo=cargo"
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /source
COPY . .
# Naming the target keeps RUSTFLAGS from the build scripts, which may not be static.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    target="$(rustc --version --verbose | sed -n 's/^host: //p')" \
    && cargo build --locked --release --bin tidegate --target "$target" \
    && install -D "target/$target/release/tidegate" /out/tidegate \
    && ! ldd /out/tidegate | grep -q '=>'

FROM ${RUNTIME_IMAGE}
COPY --from=build --chown=0:0 --chmod=0555 /out/tidegate /usr/local/bin/tidegate
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/tidegate"]
CMD ["--help"]
